"""The entry point: finds the command, turns every way of failing into an exit code."""

import errno
import gc
import os
import sys

from comply.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from comply.cli.same_run import Asked

FAILED = 2
"""Could not check."""

_LONGEST_NAME = 200
_INTERRUPTED = 130
_PIPE_CLOSED = 141
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What is wrong with a place that takes no more text."""


def main() -> None:
    """Run the command line and exit: 0 clean, 1 findings, 2 could not check."""
    code = run(sys.argv[1:])
    if "duckdb" not in sys.modules:
        # All goes with the process: to look for what could go alone takes a while. Of
        # what was not looked for DuckDB would complain.
        gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Return the exit code of a command line, its report written.

    A mistake of the user gives a message; only a mistake of ours gives a traceback, and
    it too means that nothing was checked.
    """
    if arguments in (["--version"], ["-V"]):
        # Before click: people's scripts call this often, and it costs 50 ms.
        sys.stdout.write(f"comply {VERSION}\n")
        return 0
    # A run allocates much and lets go of it when it ends: less often is faster.
    gc.set_threshold(100_000, 20, 100)
    try:
        asked = _asked(arguments)
        code = None if asked is None else _said_again(asked)
        if code is None:
            code = _run_command(arguments, asked)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return _PIPE_CLOSED
    except OSError as error:
        return _refused(error)
    except RecursionError:
        sys.stderr.write("error: an input or a rule nests too deeply to be checked\n")
        return FAILED
    except Exception:  # noqa: BLE001  (the last resort: Python itself would exit 1, "findings")
        return _confess()
    return code


def _asked(arguments: list[str]) -> "Asked | None":
    """Return what is known of a check with these arguments before they are parsed."""
    if arguments[:1] != ["check"]:
        return None
    from comply.cli.same_run import ask

    return ask(arguments)


def _said_again(asked: "Asked") -> int | None:
    from comply.cli.same_run import said_again

    return said_again(asked)


def _run_command(arguments: list[str], asked: "Asked | None") -> int:
    import click

    from comply.cli.commands import comply
    from comply.source import ComplyError

    try:
        code = comply.main(
            arguments, prog_name="comply", standalone_mode=False, obj=asked
        )
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ComplyError as error:
        sys.stderr.write(f"error: {error.render()}\n")
        return error.exit_code
    return code if isinstance(code, int) else 0


def _forget_stdout() -> None:
    """Let Python's last flush of the closed pipe go nowhere, as its manual advises."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refused(error: OSError) -> int:
    """Say what the system refused; without a file it is our mistake like any other.

    Files are named in many places, and a disk can be full in all of them.
    """
    if error.filename is None and error.errno in _FULL:
        # Python would try to write the rest once more as it ends.
        _forget_stdout()
        sys.stderr.write(f"error: the output cannot be written: {error.strerror}\n")
        return FAILED
    if error.filename is None:
        return _confess()
    name = str(error.filename)
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    sys.stderr.write(f"error: {shown}: {error.strerror}\n")
    return FAILED


def _confess() -> int:
    import traceback

    traceback.print_exc()
    sys.stderr.write(
        f"\nThis is a bug in comply {VERSION}, and nothing was checked. "
        "Please report it with the lines above.\n"
    )
    return FAILED


if __name__ == "__main__":
    main()
