"""JOB -> ANSWERS: rego-cpp asked in a process of its own, since it may crash.

Reads a JSON object from standard input: `data`, and `questions`, each with a `query` and
the `modules` it is asked of. Writes a line of JSON a question, `{"answer": ...}` or
`{"error": ...}`; the first that no line answers is the one that ended the process.
"""

import json
import os
import sys
from typing import Any, TextIO


def main() -> None:
    """Answer the job on standard input."""
    # rego-cpp writes errors to standard output: answers go to a copy of it.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    _answer(job, answers)


def _answer(job: dict[str, Any], out: TextIO) -> None:
    from regopy import Interpreter  # noqa: PLC0415  (only this process may load it)

    for question in job["questions"]:
        try:
            engine = Interpreter()
            for name, text in question["modules"].items():
                engine.add_module(name, text)
            if job["data"]:
                engine.add_data_json(json.dumps(job["data"]))
            found = {"answer": str(engine.query(question["query"]))}
        except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
            found = {"error": str(error)}
        out.write(json.dumps(found) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
