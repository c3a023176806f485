"""The pages in a real browser: no error, no request, nothing serious for axe-core, no sideways scrolling."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from invent import HOSTILE, row, write_part, write_run

import reports

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = "4.14.1"
VIEWS = [
    (1280, "light", "en"),
    (1280, "dark", "fr"),
    (768, "light", "fr"),
    (360, "light", "fr"),
    (360, "dark", "en"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if not found:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=found, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core: from AXE_CORE, or packed once from npm into the user's cache."""
    given = os.environ.get("AXE_CORE")
    if given:
        return Path(given).read_text(encoding="utf-8")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tamis-tests" / f"axe-core-{AXE}"
    source = cache / "package" / "axe.min.js"
    npm = shutil.which("npm")
    if not source.is_file() and npm:
        cache.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            [npm, "pack", f"axe-core@{AXE}"], cwd=cache, capture_output=True, timeout=60, check=False
        )
        if packed.returncode == 0:
            shutil.unpack_archive(cache / f"axe-core-{AXE}.tgz", cache, "gztar", filter="data")
    if not source.is_file():
        pytest.skip("axe-core is not here: set AXE_CORE to axe.min.js, or install npm with a network")
    return source.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of one run in both languages."""
    out = write_run(tmp_path_factory.mktemp("pages"))
    found = {}
    for lang in ("en", "fr"):
        found[lang] = reports.write(out, lang)[0].rename(out / f"report.{lang}.html")
    return found


class Opened:
    """A page in the browser, with whatever it complained of or asked for."""

    def __init__(
        self, browser: Any, path: Path, width: int = 1280, scheme: str = "light", **more: Any
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **more
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda asked: self._asked(asked.url, path))
        self.page.goto(path.as_uri())

    def _asked(self, url: str, path: Path) -> None:
        if url != path.as_uri() and not url.startswith("data:"):
            self.complaints.append(f"asked for {url}")

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, kind: object, *_: object) -> None:
        self.page.wait_for_timeout(50)
        self.context.close()
        assert kind is not None or self.complaints == []


@pytest.mark.parametrize(("width", "scheme", "lang"), VIEWS)
def test_every_chart_is_drawn_and_nothing_is_wider_than_the_screen(
    browser: Any, pages: dict[str, Path], width: int, scheme: str, lang: str
) -> None:
    with Opened(browser, pages[lang], width, scheme) as page:
        page.wait_for_selector("[data-chart=sizes] svg")
        assert page.locator("[data-chart] svg").count() == page.locator("[data-chart]").count() == 9
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        outside = """[...document.querySelectorAll('[data-chart] svg text')].filter(t => {
            const own = t.getBoundingClientRect();
            return own.width && (own.left < -1 || own.right > innerWidth + 1);
        }).map(t => t.textContent)"""
        assert page.evaluate(outside) == []


@pytest.mark.parametrize(("width", "scheme", "lang"), [(1280, "light", "en"), (360, "dark", "fr")])
def test_axe_finds_nothing_serious(
    browser: Any, pages: dict[str, Path], axe: str, width: int, scheme: str, lang: str
) -> None:
    with Opened(browser, pages[lang], width, scheme) as page:
        page.wait_for_selector("[data-chart=sizes] svg")
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        page.evaluate(axe)
        found = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        told = [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in found["violations"]]
        assert told == []


def test_search_and_filter_show_what_fits(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["en"]) as page:
        shown = "[data-pass] [data-example]:visible"
        page.fill("input[type=search]", "phone <email_1>")
        texts = page.locator(shown).all_text_contents()
        assert texts
        assert all("<EMAIL_1>" in text for text in texts)
        assert page.text_content("[role=status]") == f"{len(texts)} examples shown"
        page.fill("input[type=search]", "zzzz")
        assert page.locator(shown).count() == 0
        assert "No example" in page.text_content("[role=status]")
        page.fill("input[type=search]", "")
        page.select_option("select", "too_toxic")
        assert page.locator("[data-pass]:visible").count() == 1
        page.select_option("select", "")
        assert page.locator("[data-pass]:visible").count() > 3


def test_a_table_is_copied_with_plain_numbers(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["fr"], permissions=["clipboard-read", "clipboard-write"]) as page:
        page.click("#sieve .numbers summary")
        page.click("#sieve .copy")
        page.wait_for_selector("#sieve .copy:text('Copié')")
        lines = page.evaluate("navigator.clipboard.readText()").split("\n")
        assert lines[1].split("\t") == ["Lues", "92", "1.0000", str(int(lines[1].split("\t")[3])), "1.0000"]


def test_hostile_text_does_nothing(browser: Any, tmp_path: Path) -> None:
    out = write_run(tmp_path, 1, 1)
    rows = [
        row(
            f"c{i}{HOSTILE}",
            0,
            "user",
            HOSTILE,
            original=f"{HOSTILE}x",
            changed_by="strip_html",
            source=HOSTILE,
            record=i + 1,
        )
        for i in range(9)
    ]
    write_part(out, 0, rows)
    with Opened(browser, reports.write(out)[0]) as page:
        page.wait_for_selector("[data-chart=source] svg")
        assert "owned" not in page.title()
        assert page.locator("img").count() == 0


def test_without_scripts_every_table_is_there(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["en"], java_script_enabled=False) as page:
        assert page.locator("table").count() >= 14
        assert page.locator("[data-search]").is_hidden()
        assert page.locator("[data-example]:visible").count() > 3


def printed(page: Any, to: Path) -> str:
    """The text of the page as it comes out on A4, blanks made one."""
    reader = shutil.which("pdftotext")
    if not reader:
        pytest.skip("pdftotext is not installed (poppler-utils)")
    page.pdf(path=str(to), format="A4")
    told = subprocess.run([reader, "-layout", str(to), "-"], capture_output=True, check=True).stdout
    return " ".join(told.decode().split())


@pytest.mark.parametrize("scripts", [True, False])
def test_closed_tables_are_printed_open_and_closed_examples_are_not(
    browser: Any, pages: dict[str, Path], tmp_path: Path, scripts: bool
) -> None:
    with Opened(browser, pages["en"], java_script_enabled=scripts) as page:
        row = page.locator("details.numbers:not([open]) tbody tr").last
        define = page.locator("details.define:not([open]) p").first
        example = page.locator("details.examples:not([open]) .said").first
        paper = printed(page, tmp_path / "page.pdf")
        assert " ".join(row.locator("th, td").first.text_content().split()) in paper
        captions = page.locator("details.numbers:not([open]) caption").all_text_contents()
        assert len(captions) > 5
        assert [one for one in captions if one.strip() not in paper] == []
        assert " ".join(define.text_content().split())[:60] in paper
        assert " ".join(example.text_content().split())[:60] not in paper
        assert page.locator("details.numbers[open]").count() == 0


def test_keys_alone_reach_search_tables_and_details(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["en"]) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.localName"))
        assert {"a", "summary", "input", "select"} <= reached


def test_a_long_table_is_filtered_and_copied_as_filtered(browser: Any, tmp_path: Path) -> None:
    inputs = [{"source": f"logs/day-{i:02}.jsonl", "format": "openai", "conversations": i} for i in range(24)]
    out = write_run(tmp_path, 4, 1, inputs=inputs)
    allowed = ["clipboard-read", "clipboard-write"]
    with Opened(browser, reports.write(out)[0], permissions=allowed) as page:
        box = page.locator("#run [data-table]").last
        box.locator("input").fill("day-07")
        assert box.locator("tbody tr:visible").count() == 1
        assert box.locator("[role=status]").text_content() == "1 / 24"
        box.locator(".copy").click()
        page.wait_for_selector("#run .copy:text('Copied')")
        lines = page.evaluate("navigator.clipboard.readText()").split("\n")
        assert [line.split("\t")[0] for line in lines] == ["Source", "logs/day-07.jsonl"]
