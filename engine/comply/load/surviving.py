"""How a large document is read: all of it survives, none of it is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def surviving() -> Iterator[None]:
    """Keep Python's cycle collector away from the objects that are made inside.

    It would look for garbage among millions of objects as soon as it runs again, which
    takes as long as reading them. So they join the oldest generation without a look.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            # Who has frozen objects of his own keeps them frozen.
            if gc.get_freeze_count() == 0:
                gc.freeze()
                gc.unfreeze()
            gc.enable()
