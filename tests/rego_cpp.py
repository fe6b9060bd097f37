"""Rego by rego-cpp (regopy) in a process of its own, which may crash.

Run as a script it answers, line by line, what a program's rules give.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from select import select
from typing import Any, Final

LIMIT: Final = 20.0
"""Seconds after which an answer is no longer waited for."""


@dataclass(slots=True)
class OtherEngine:
    """A process that answers; it is started again after a crash."""

    process: "subprocess.Popen[str] | None" = None
    crashes: int = 0
    refused: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def ask(
        self, text: str, rules: Sequence[str], documents: tuple[Any, Any]
    ) -> dict[str, Any] | None:
        """Return the JSON text of each rule's value, "undefined" where it has none.

        None where the engine refuses the program, crashes or does not end.
        """
        input_, data = documents
        asked = {"text": text, "rules": list(rules), "input": input_, "data": data}
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            ready = select([process.stdout], [], [], LIMIT)[0]
            line = process.stdout.readline() if ready else ""
        except BrokenPipeError:
            line = ""
        if not line:
            self.crashes += 1
            self.stop()
            return None
        answer: dict[str, Any] | None = json.loads(line)
        self.refused += answer is None
        return answer

    def _started(self) -> "subprocess.Popen[str]":
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        return self.process

    def stop(self) -> None:
        """End the process."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process = None


def answer(asked: dict[str, Any]) -> dict[str, Any] | None:
    from regopy import Interpreter, RegoError

    interpreter = Interpreter()
    try:
        interpreter.add_module("gen.rego", asked["text"])
        interpreter.add_data(asked["data"])
        interpreter.set_input(asked["input"])
    except RegoError:
        return None
    found: dict[str, Any] = {}
    for rule in asked["rules"]:
        try:
            output = interpreter.query(f"x = data.gen.{rule}")
            found[rule] = str(output)
        except RegoError as error:
            found[rule] = f"error {str(error)[:200]}"
    return found


def main() -> None:
    # rego-cpp writes errors to standard output: answers go to a copy of it.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
