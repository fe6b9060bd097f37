"""FOLDERS -> CHANGED PATHS: the file system's notices, gathered until they rest."""

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Final

from comply.classes import dataclass, field
from comply.source import ComplyError

Batch = set[Path]

_REST: Final = 50
"""Milliseconds without a change after which a batch is complete."""

_LONGEST: Final = 400
"""Milliseconds after which it is complete in any case."""


@dataclass(slots=True)
class _Signal:
    """What watchfiles asks whether to stop; that it asks shows that it is watching."""

    ready: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    def is_set(self) -> bool:
        """Tell whether to stop."""
        self.ready.set()
        return self.over.is_set()


@dataclass(slots=True)
class Feed:
    """Watchers under way, each in a thread of its own; `batches` receives what they see."""

    batches: "Queue[Batch | OSError]" = field(default_factory=Queue)
    signals: list[_Signal] = field(default_factory=list)

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches of changed paths, absolute, for ever.

        Raises:
            ComplyError: if the system does not let us watch.
        """
        while True:
            batch = self.batches.get()
            if isinstance(batch, OSError):
                raise ComplyError(
                    f"the files cannot be watched: {batch}",
                    hint="WATCHFILES_FORCE_POLLING=1 looks at them again and again",
                )
            while not self.batches.empty():
                more = self.batches.get()
                batch |= more if isinstance(more, set) else set()
            yield batch

    def close(self) -> None:
        """Let the watchers end."""
        for signal in self.signals:
            signal.over.set()


def open_feed(whole: list[Path], alone: list[Path]) -> Feed:
    """Return a feed of what changes below some folders, and right inside others.

    When it returns, nothing that changes is missed any more.

    Raises:
        ComplyError: if watchfiles is not installed.
    """
    try:
        from watchfiles import watch
    except ImportError:
        raise ComplyError(
            "`comply watch` needs the package watchfiles",
            hint="pip install 'comply[watch]', or pip install watchfiles",
        ) from None
    feed = Feed()
    for folders, deep in ((whole, True), (alone, False)):
        if not folders:
            continue
        signal = _Signal()
        feed.signals.append(signal)

        def notices(
            folders: list[Path] = folders,
            signal: _Signal = signal,
            deep: bool = deep,
        ) -> Iterator[Batch]:
            seen = watch(
                *[folder.absolute() for folder in folders],
                watch_filter=None,
                debounce=_LONGEST,
                step=_REST,
                stop_event=signal,
                raise_interrupt=False,
                recursive=deep,
            )
            for changes in seen:
                yield {Path(path) for _, path in changes}

        Thread(target=_pour, args=(notices, feed, signal), daemon=True).start()
    for signal in feed.signals:
        signal.ready.wait()
    return feed


def _pour(notices: Callable[[], Iterator[Batch]], feed: Feed, signal: _Signal) -> None:
    """Put what a watcher sees, or why it cannot, into the feed."""
    try:
        for batch in notices():
            feed.batches.put(batch)
    except OSError as error:
        feed.batches.put(error)
    finally:
        signal.ready.set()
