"""Synthetic inputs of any size: Terraform plans, Kubernetes manifests, sets of policies.

The functions that make them (plans.py, manifests.py, policies.py) are pure: the same size
and seed give the same value on every machine. This writes them to files.

    python benchmarks/generate.py plan 50000 plan.json
    python benchmarks/generate.py manifests 5000 manifests/
    python benchmarks/generate.py policies 40 policies/
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

from manifests import as_yaml, manifests
from plans import HEAD, changes, declaration_of, is_declared, tail
from policies import policies


def write_plan(resources: int, target: Path, seed: int = 0) -> None:
    """Write a plan as `terraform show -json` does: one line, sorted by address.

    The changes go to a file as they are made, and from there in order to the plan: of
    each only the address is held.
    """
    with TemporaryFile() as heap, target.open("wb") as out:
        places = []
        declared = []
        for change in changes(resources, seed):
            line = _json(change)
            places.append((change["address"], heap.tell(), len(line)))
            heap.write(line)
            if is_declared(change):
                declared.append(declaration_of(change))
        out.write(_json(HEAD)[:-1] + b',"resource_changes":[')
        for i, (_, start, size) in enumerate(sorted(places)):
            heap.seek(start)
            out.write((b"," if i else b"") + heap.read(size))
        rest = tail(sorted(declared))
        out.write(b"]," + _json(rest)[1:])


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def write_manifests(number: int, folder: Path, seed: int = 0) -> None:
    """Write one manifest a file, a hundred files a folder, as people lay them out."""
    for i, manifest in enumerate(manifests(number, seed)):
        place = folder / f"{i // 100:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"m{i:05}.yaml").write_text(as_yaml(manifest))


def write_policies(number: int, folder: Path, seed: int = 0) -> None:
    """Write one policy a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in policies(number, seed).items():
        (folder / name).write_text(text)


WRITERS: dict[str, Callable[[int, Path, int], None]] = {
    "plan": write_plan,
    "manifests": write_manifests,
    "policies": write_policies,
}


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=sorted(WRITERS))
    parser.add_argument("number", type=int)
    parser.add_argument("target", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    WRITERS[arguments.what](arguments.number, arguments.target, arguments.seed)


if __name__ == "__main__":
    main()
