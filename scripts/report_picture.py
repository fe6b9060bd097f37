"""Take docs/report.png: the HTML report of fixtures/demo, as Chromium shows it.

The command runs and a real browser draws its report: nothing is made up. It needs the
dependency group `browser`, and a Chromium: playwright's own, or the one it is told of.

    python scripts/report_picture.py [/usr/bin/chromium]
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "report.png"
COMMAND = ("check", "fixtures/demo", "-r", "fixtures/demo/policy")
PACKS = ("terraform/baseline", "kubernetes/baseline", "oracle/schema")
WIDTH, HEIGHT = 1180, 1040
LARGEST = 200_000


def main() -> None:
    """Run the command, open its report, and keep a picture of it."""
    with TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        packs = [word for pack in PACKS for word in ("--pack", pack)]
        start = "from comply.cli.main import main; main()"
        done = subprocess.run(  # noqa: S603  (our own command)
            [sys.executable, "-c", start, *COMMAND, *packs, "-f", f"html={page}"],
            cwd=ROOT,
            check=False,
        )
        if done.returncode != 1:
            sys.exit(f"the demo ended with {done.returncode}, not 1")
        take(page)
    size = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size:,} bytes")
    if size > LARGEST:
        sys.exit(f"that is more than {LARGEST:,}")


def take(page: Path) -> None:
    """Write the picture of a report."""
    browser_path = sys.argv[1] if len(sys.argv) > 1 else None
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path)
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tab.goto(page.as_uri())
        tab.locator(".open").first.click()
        tab.locator(".open").first.blur()
        tab.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
