"""The HTML report in a real Chromium: what people see, click, type and hear.

Runs where there is a browser: `pip install --group browser` and `playwright install
chromium`, or the system's own Chromium. Skips, with the reason, where there is none.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.findings_samples import ALL, BUCKET, CONTAINER, DATABASE, EXEMPT, RUN, TICKET

from comply.findings import Exemption, Finding, Severity, Status
from comply.report import reporter
from comply.report.run import Run
from comply.source import Span

HOSTILE = "</script><img src=x onerror=alert(1)>\"'`\u2028\u202e${alert(1)} javascript:alert(1)"
ROWS = "#rows > tr:not(.details)"
AREAS = "#picture [role=button]"


def installed(api: Any, play: Any) -> Any:
    """Return a browser: the one that playwright fetched, else the system's."""
    names = ("chromium", "chromium-browser", "google-chrome")
    paths = [None, *filter(None, map(shutil.which, names))]
    for path in paths:
        with suppress(api.Error):
            return play.chromium.launch(executable_path=path)
    return None


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (group browser)"
    )
    with api.sync_playwright() as play:
        browser = installed(api, play)
        if browser is None:
            pytest.skip("there is no Chromium that starts here")
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Any) -> Iterator[Any]:
    made = chromium.new_context(
        color_scheme="light", viewport={"width": 1280, "height": 900}
    )
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    """A page on which a message of the console, an error or a request fails the test."""
    made = context.new_page()
    trouble: list[str] = []
    made.on("console", lambda message: trouble.append(message.text))
    made.on("pageerror", lambda error: trouble.append(str(error)))
    made.on("dialog", lambda dialog: trouble.append(dialog.message))
    requests: list[str] = []
    made.on("request", lambda request: requests.append(request.url))
    yield made
    assert trouble == []
    assert all(url == made.url for url in requests)


def shown(page: Any, path: Path, findings: list[Finding], run: Run = RUN) -> Any:
    """Open the report of findings as a file."""
    file = path / "report.html"
    with file.open("w", encoding="utf-8", newline="\n") as out:
        reporter("html")(findings, out, run)
    page.goto(file.as_uri())
    page.locator("#app").wait_for(state="visible")
    return page


def facts(page: Any) -> list[str]:
    return list(page.locator(f"{ROWS} .open").all_inner_texts())


def settled(page: Any, text: str) -> None:
    page.locator("#shown", has_text=text).wait_for()


def test_it_shows_every_finding_the_worst_first(page: Any, tmp_path: Path) -> None:
    shown(page, tmp_path, ALL)
    assert page.locator("#shown").inner_text() == "7 findings"
    assert page.locator("h1").inner_text().startswith("3 violations, 1 warning")
    assert facts(page)[0] == DATABASE.fact
    assert facts(page)[-1] == EXEMPT.fact
    row = page.locator(ROWS).first.inner_text()
    for part in (DATABASE.message, DATABASE.remediation, "demo/plan.json:31:5"):
        assert part in row


def test_filters(page: Any, tmp_path: Path) -> None:
    shown(page, tmp_path, ALL)
    page.get_by_role("checkbox", name="critical").check()
    settled(page, "2 findings (7 without filters)")
    page.get_by_role("checkbox", name="violation").check()
    settled(page, "1 finding (7 without filters)")
    assert facts(page) == [DATABASE.fact]
    page.get_by_role("checkbox", name="low").check()
    settled(page, "2 findings")
    page.get_by_role("button", name="Clear filters").click()
    settled(page, "7 findings")
    page.get_by_role("combobox", name="World", exact=True).select_option("kubernetes")
    settled(page, "1 finding ")
    assert facts(page) == [CONTAINER.fact]
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Rule", exact=True).fill("baseline/NO-PUBLIC")
    settled(page, "2 findings ")
    page.get_by_label("Rule", exact=True).fill(BUCKET.rule_id)
    settled(page, "1 finding ")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("File", exact=True).fill("demo/load.sql")
    settled(page, "1 finding ")
    assert facts(page) == [TICKET.fact]
    page.get_by_label("File", exact=True).press("Escape")
    settled(page, "7 findings")
    page.get_by_label("Text").fill("PUBLICLY accessible")
    settled(page, "1 finding ")
    page.get_by_label("Text").fill("publicly accessible internet")
    settled(page, "0 findings")
    assert page.locator("#none").is_visible()


def test_choosing_in_the_picture_filters(page: Any, tmp_path: Path) -> None:
    shown(page, tmp_path, ALL)
    assert page.locator(AREAS).count() == 6
    first = page.locator(AREAS).first
    label = "terraform/baseline/no-public-rds: 2 findings, worst critical"
    assert first.get_attribute("aria-label") == label
    first.click()
    settled(page, "2 findings (7 without filters)")
    assert page.locator(AREAS).count() == 1
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("combobox", name="Group by", exact=True).select_option("severity")
    page.get_by_role("combobox", name="As", exact=True).select_option("bars")
    assert page.locator(AREAS).count() == 5
    page.get_by_role("button", name="medium: 1 finding").click()
    settled(page, "1 finding ")
    assert facts(page) == [BUCKET.fact]
    assert page.get_by_role("checkbox", name="medium").is_checked()
    page.get_by_label("Text").fill("nothing has this")
    settled(page, "0 findings")
    assert page.locator("#picture svg").count() == 0


def test_areas_are_as_large_as_their_numbers(page: Any, tmp_path: Path) -> None:
    many = [
        replace(TICKET, rule_id=f"own/r{i}", message=str(n))
        for i, count in enumerate((8, 4, 2, 1, 1))
        for n in range(count)
    ]
    shown(page, tmp_path, many)
    boxes = [
        tuple(float(rect.get_attribute(a)) for a in ("x", "y", "width", "height"))
        for rect in page.locator(f"{AREAS} rect:not(.ring)").all()
    ]
    sizes = [width * height for _, _, width, height in boxes]
    assert [round(size / sizes[-1], 6) for size in sizes] == [8, 4, 2, 1, 1]
    assert sum(sizes) == pytest.approx(1200 * 300)
    for x, y, width, height in boxes:
        assert x + width <= 1200.001
        assert y + height <= 300.001


def test_keys_alone_suffice(page: Any, tmp_path: Path) -> None:
    shown(page, tmp_path, ALL)
    focus = page.locator(":focus")
    page.keyboard.press("Tab")
    assert focus.inner_text() == "Skip to the findings"
    page.keyboard.press("Tab")
    assert focus.get_attribute("id") == "theme"
    for _ in range(3):
        page.keyboard.press("Tab")
    first = focus.get_attribute("aria-label")
    page.keyboard.press("ArrowRight")
    second = focus.get_attribute("aria-label")
    assert first != second
    page.keyboard.press("ArrowLeft")
    assert focus.get_attribute("aria-label") == first
    page.keyboard.press("ArrowLeft")
    assert focus.get_attribute("aria-label") == first, "there is nothing before it"
    page.keyboard.press("Enter")
    settled(page, "2 findings (7 without filters)")
    assert focus.get_attribute("id") == "findings"
    page.locator(".open").first.focus()
    page.keyboard.press("Enter")
    assert focus.get_attribute("aria-expanded") == "true"
    assert "Databases are private" in page.locator(".details").inner_text()
    page.keyboard.press("ArrowDown")
    assert focus.inner_text() == "aws_db_instance.replica"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert page.locator(".details").count() == 0


def test_details(page: Any, tmp_path: Path) -> None:
    shown(page, tmp_path, [EXEMPT, replace(TICKET, evidence=TICKET.evidence * 5)])
    for button in page.locator(".open").all():
        button.click()
    ticket, exempt = page.locator(".details").all_inner_texts()
    for part in ("the nightly batch needs the memory", "platform team", "2027-01-01"):
        assert part in exempt
    assert "INSERT INTO tickets VALUES (9);" in ticket
    assert "15 more rows are in the JSON report." in ticket
    assert page.locator(".details th").all_inner_texts() == ["customer_id", "note"]


def test_columns_sort(page: Any, tmp_path: Path) -> None:
    shown(page, tmp_path, ALL)
    severity = page.get_by_role("columnheader", name="Severity")
    assert severity.get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Severity").click()
    assert severity.get_attribute("aria-sort") == "ascending"
    assert facts(page)[0] == EXEMPT.fact
    for name in ("Status", "Finding", "Place", "Rule"):
        page.get_by_role("button", name=name, exact=True).click()
        header = page.get_by_role("columnheader", name=name)
        assert header.get_attribute("aria-sort") == "ascending"
    rules = page.locator(f"{ROWS} td:nth-child(5)").all_inner_texts()
    assert rules == sorted(rules)


def background(page: Any) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_light_and_dark(page: Any, tmp_path: Path) -> None:
    light, dark = "rgb(246, 247, 249)", "rgb(16, 20, 26)"
    shown(page, tmp_path, ALL)
    assert background(page) == light
    page.emulate_media(color_scheme="dark")
    assert background(page) == dark
    page.get_by_role("button", name="Light theme").click()
    assert background(page) == light
    page.reload()
    assert background(page) == light, "the choice is kept"
    page.get_by_role("button", name="Dark theme").click()
    assert background(page) == dark


@pytest.mark.parametrize(("scheme", "form"), [("light", "bars"), ("dark", "map")])
def test_rules_of_accessibility(
    context: Any, page: Any, tmp_path: Path, scheme: str, form: str
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page.emulate_media(color_scheme=scheme)
    shown(page, tmp_path, ALL)
    page.get_by_role("combobox", name="As", exact=True).select_option(form)
    for button in page.locator(".open").all():
        button.click()
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_hostile_findings_are_texts(page: Any, tmp_path: Path) -> None:
    finding = Finding(
        HOSTILE,
        HOSTILE,
        Severity.HIGH,
        Status.EXEMPT,
        HOSTILE,
        HOSTILE,
        Span(HOSTILE, 1, 1, 1, HOSTILE),
        HOSTILE,
        ({HOSTILE: HOSTILE, "__proto__": 1},),
        Exemption(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    )
    shown(page, tmp_path, [finding], Run(version=HOSTILE, notices=(HOSTILE,)))
    page.locator(".open").click()
    for form in ("bars", "map"):
        page.get_by_role("combobox", name="As", exact=True).select_option(form)
    counted = "document.querySelectorAll('img, main a, [onerror]').length"
    assert page.evaluate(counted) == 0
    visible = HOSTILE.replace("\u202e", "\\u202e")
    assert visible in page.locator(".details").inner_text().replace("\n", "\u2028")
    assert "__proto__" in page.locator(".details").inner_text()
    page.get_by_label("Text").fill(HOSTILE[:20])
    settled(page, "1 finding")


def test_only_a_page_of_many_findings_is_drawn(page: Any, tmp_path: Path) -> None:
    many = [
        replace(TICKET, fact=f"t{i:05}", span=Span(f"f{i // 10}.sql", i + 1, 1))
        for i in range(20_000)
    ]
    shown(page, tmp_path, many)
    settled(page, "1–100 of 20,000 findings")  # noqa: RUF001  (as it is shown)
    assert page.locator(ROWS).count() == 100
    page.get_by_role("button", name="Next").click()
    assert facts(page)[0] == "t00100"
    page.get_by_role("button", name="Last").click()
    assert facts(page)[-1] == "t19999"
    assert page.get_by_role("button", name="Next").is_disabled()
    page.get_by_role("button", name="Previous").click()
    page.get_by_role("button", name="First").click()
    assert facts(page)[0] == "t00000"
    page.get_by_role("combobox", name="Group by", exact=True).select_option("file")
    assert page.locator(AREAS).count() == 40
    rest = "Not drawn: 1,960 smaller groups with 19,600 findings."
    assert page.locator("#rest").inner_text() == rest
    page.get_by_label("Text").fill("t1234")
    settled(page, "10 findings (20,000 without filters)")


def test_print_shows_all_that_pass_the_filters(page: Any, tmp_path: Path) -> None:
    many = [replace(TICKET, fact=f"t{i}") for i in range(150)]
    shown(page, tmp_path, many)
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(ROWS).count() == page.locator(".details").count() == 150
    assert not page.locator("#filters").is_visible()
    text = "getComputedStyle(document.body).color"
    assert page.evaluate(text) == "rgb(0, 0, 0)"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator(ROWS).count() == 100


def test_without_scripts_the_worst_are_listed(chromium: Any, tmp_path: Path) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    file = tmp_path / "report.html"
    with file.open("w", encoding="utf-8") as out:
        reporter("html")(ALL, out, RUN)
    page.goto(file.as_uri())
    said = page.locator("noscript p")
    assert said.inner_text().startswith("Scripts are switched off here")
    assert said.bounding_box()["height"] > 10
    assert page.locator("noscript tbody tr").count() == len(ALL)
    assert not page.locator("#app").is_visible()
    page.context.close()


def test_nothing_found(page: Any, tmp_path: Path) -> None:
    shown(page, tmp_path, [], Run())
    assert page.locator("h1").inner_text() == "no findings"
    assert page.locator("#shown").inner_text() == "0 findings"
