"""VALUES OF RULES -> DECISION: what Spacelift does with what policies say."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from comply.classes import dataclass

Values: TypeAlias = dict[str, Any]
Input: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens: a word for programs, a sentence for people.

    `blocks` tells that somebody is kept from something.
    """

    outcome: str
    sentence: str
    blocks: bool = False


def decide(kind: str, values: Values, input_: Input) -> Decision:
    """Return the decision of a type of policy, from the values of all its rules."""
    return _DECIDERS[kind](values, input_)


def _plan(values: Values, input_: Input) -> Decision:
    if values["deny"]:
        return Decision("failed", "The run fails.", blocks=True)
    if not values["warn"]:
        return Decision("passed", "The plan passes.")
    spacelift = input_.get("spacelift", {})
    tracked = spacelift.get("run", {}).get("type") == "TRACKED"
    autodeploy = spacelift.get("stack", {}).get("autodeploy") is True
    if tracked and autodeploy:
        return Decision("review", "The run waits for a human: there are warnings.")
    return Decision(
        "warned",
        "The plan passes with warnings; only a tracked run of a stack with autodeploy "
        "waits for a human because of them.",
    )


def _approval(values: Values, _input: Input) -> Decision:
    if values["reject"]:
        return Decision("rejected", "The run is rejected and fails.", blocks=True)
    if values["approve"]:
        return Decision("approved", "The run is approved.")
    return Decision("undecided", "Nothing is decided: the run waits for reviews.")


def _access(values: Values, _input: Input) -> Decision:
    if values["deny"]:
        return Decision("denied", "There is no access to the stack.", blocks=True)
    if values["write"] and not values["deny_write"]:
        return Decision("write", "There is write access to the stack.")
    if values["read"] or values["write"]:
        return Decision("read", "There is read access to the stack.")
    return Decision(
        "denied", "There is no access to the stack: no rule gives any.", blocks=True
    )


def _login(values: Values, _input: Input) -> Decision:
    if values["deny"]:
        return Decision("denied", "The sign-in is denied.", blocks=True)
    if values["admin"] and not values["deny_admin"]:
        return Decision("admin", "The user signs in as an admin.")
    if values["allow"]:
        return Decision("allowed", "The user signs in.")
    return Decision("denied", "The sign-in is denied: no rule allows it.", blocks=True)


def _push(values: Values, _input: Input) -> Decision:
    if values["ignore"]:
        return Decision("ignored", "The push is ignored.", blocks=bool(values["fail"]))
    if values["track"] and not values["ignore_track"]:
        if values["notrigger"]:
            return Decision("tracked", "The head commit is set, no run is started.")
        return Decision("track", "A tracked run is started.")
    if values["propose"]:
        return Decision("propose", "A proposed run is started.")
    return Decision(
        "ignored",
        "The push is ignored: no rule says otherwise.",
        blocks=bool(values["fail"]),
    )


def _trigger(values: Values, _input: Input) -> Decision:
    count = len(values["trigger"])
    if not count:
        return Decision("none", "No run is triggered.")
    stacks = "one stack" if count == 1 else f"{count} stacks"
    return Decision("triggered", f"A run is triggered on {stacks}.")


def _task(values: Values, _input: Input) -> Decision:
    if values["deny"]:
        return Decision("denied", "The task is not started.", blocks=True)
    return Decision("allowed", "The task is started.")


def _initialization(values: Values, _input: Input) -> Decision:
    if values["deny"]:
        return Decision("denied", "The run is stopped before it begins.", blocks=True)
    return Decision("allowed", "The run begins.")


def _notification(values: Values, _input: Input) -> Decision:
    count = sum(
        len(values[name]) for name in ("inbox", "slack", "webhook", "pull_request")
    )
    if not count:
        return Decision("none", "Nobody is notified.")
    sent = "One message is sent." if count == 1 else f"{count} messages are sent."
    return Decision("notified", sent)


def _intent(values: Values, _input: Input) -> Decision:
    if values["deny"]:
        return Decision("denied", "The operation is denied.", blocks=True)
    if values["allow"]:
        return Decision("allowed", "The operation is allowed.")
    return Decision("review", "The operation waits for a human: no rule decides.")


_DECIDERS: Final[dict[str, Callable[[Values, Input], Decision]]] = {
    "plan": _plan,
    "approval": _approval,
    "access": _access,
    "login": _login,
    "push": _push,
    "trigger": _trigger,
    "task": _task,
    "initialization": _initialization,
    "notification": _notification,
    "intent": _intent,
}
