"""FILE -> REPORT: what `comply check` does with a file, with a session that is there already.

Rules are compiled once, which leaves the time for loading, checking and reporting.
"""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from comply.check.budget import Limits
from comply.check.session import Session
from comply.cli.check import exit_code
from comply.cli.found import Survey
from comply.cli.settings import Settings
from comply.cli.whole_check import FITTING, Opened, judge
from comply.load.encoding import read
from comply.load.terraform_source.folder import gather
from comply.report import reporter
from comply.source import ComplyError

_MEGABYTES: Final = 300


def session_for(kind: str, cache: Path) -> Session:
    """Return a session with the packs for a kind, or with the rules of this folder."""
    if kind in FITTING:
        return Session(packs=(FITTING[kind],), cache=cache)
    return Session(rules=(Path("walker.rego"),), cache=cache)


def check(
    session: Session, file: str, kind: str, form: str, forget: Callable[[], None]
) -> int:
    """Return the exit code for a file of this folder, its report written.

    The session holds afterwards what it held before; where that is not sure, `forget`
    is called. An exception that is nobody's mistake but ours gives a traceback, as it
    does in a command.
    """
    return _told(lambda: _checked(session, file, kind, form, forget))


def _told(run: Callable[[], int]) -> int:
    """Return the exit code of a run, the errors of users and ours told."""
    try:
        return run()
    except ComplyError as error:
        sys.stderr.write(f"error: {error.render()}\n")
        return error.exit_code
    except Exception:  # noqa: BLE001  (every one of them is a fault, and counted)
        traceback.print_exc()
        return 2


def follow(file: str, then: str, kind: str) -> int:
    """Return 0 if an update of a file finds what a check of what it becomes does.

    The rules are those of this folder.

    Raises:
        ComplyError: if rules do not compile, or if a document cannot be read.
        AssertionError: if the update finds something else.
    """
    limits = Limits(1.0, megabytes=_MEGABYTES)
    session = Session(rules=(Path("policy"),), limits=limits)
    loaded = session.load(file, kind)
    session.check()
    session.update(loaded, Path(then))
    fresh = session.emptied()
    fresh.add(loaded.source, kind)
    found, wanted = (sorted(map(repr, s.check())) for s in (session, fresh))
    # Whether a rule comes to its limits depends on what else the machine does.
    if found != wanted and not (session.stopped or fresh.stopped):
        odd = next(iter({*found} ^ {*wanted}), "the same several times")
        raise AssertionError(f"an update finds something else: {odd}")
    sys.stdout.write("an update finds the same\n")
    return 0


def followed(file: str, then: str, kind: str) -> int:
    """Return the exit code of `follow`, the errors of users and ours told."""
    return _told(lambda: follow(file, then, kind))


def _checked(
    session: Session, file: str, kind: str, form: str, forget: Callable[[], None]
) -> int:
    whole = kind == "terraform_source"
    source = gather(Path()) if whole else read(Path(file), file)
    loaded = session.add(source, kind)
    try:
        opened = Opened(session, Survey(), (), {source.name: loaded}, [])
        findings, run = judge(Settings(), opened)
        reporter(form)(findings, sys.stdout, run)
        session.remove(loaded)
    except BaseException:
        forget()
        raise
    return exit_code(findings, run.threshold, run.failing)
