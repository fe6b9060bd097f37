"""The published suites and policies, which lie beside the checkout."""

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("COMPLY_SHARED", ROOT.parent / "shared"))
FIXTURES = ROOT / "fixtures"


def json_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file that holds one a line; [] if there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line]
