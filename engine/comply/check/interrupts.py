"""THREAD x EXCEPTION: raise an exception in the middle of what another thread runs.

https://docs.python.org/3/c-api/init.html#c.PyThreadState_SetAsyncExc
"""

import ctypes


def interrupt(thread: int, kind: type[BaseException]) -> None:
    """Raise an exception in a thread, as soon as it runs Python code."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(kind)
    )
