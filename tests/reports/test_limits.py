"""Sliders: the numbers they show are those that `curate rejudge` then gives; keys alone move them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from invent import write_run
from test_browser import Opened, browser  # noqa: F401 - a fixture

import curate
import reports
from curate.rejudge import rejudge
from reports.facts import gather
from reports.shapes import ReportError
from reports.words import load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run of the samples in which a toxic answer ends its conversation."""
    folder = tmp_path_factory.mktemp("moved") / "out"
    curate.run(ROOT / "samples", folder, sets=["too_toxic.then=drop"], workers=1)
    reports.write(folder)
    return folder


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "keys"), [("too_toxic.limit", ["ArrowLeft"] * 5), ("near_duplicates.limit", ["End"])]
)
def test_the_numbers_at_a_slider_are_those_of_the_line_it_gives(
    browser: Any,  # noqa: F811
    out: Path,
    tmp_path: Path,
    name: str,
    keys: list[str],
) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    with Opened(browser, out / "report.html", permissions=allowed) as page:
        box = page.locator("[data-limit]", has=page.locator(f"h3 code:text-is('{name}')"))
        before = box.locator("[data-told=conversations]").text_content()
        box.locator("input").focus()
        for key in keys:
            page.keyboard.press(key)
        shown = {
            told: box.locator(f"[data-told={told}]").text_content() for told in ("conversations", "masked")
        }
        assert shown["conversations"] != before
        assert shown["conversations"] in box.locator("input").get_attribute("aria-valuetext")
        assert box.locator("[data-told=conversations_moved]").text_content()
        box.locator("[data-copy-line]").click()
        box.locator("[data-copy-line]:text('Copied')").wait_for()
        line = page.evaluate("navigator.clipboard.readText()")
    words = line.split()
    assert words[:4] == ["curate", "rejudge", "OUT", "--set"]
    shutil.copytree(out, tmp_path / "o")
    again = rejudge(str(tmp_path / "o"), words[4:])
    assert shown == {
        "conversations": load("en").number(again.manifest["counts"]["kept"]),
        "masked": load("en").number(again.funnel[-1]["masked"]),
    }


@pytest.mark.browser
def test_without_scripts_the_counts_are_tables(browser: Any, out: Path) -> None:  # noqa: F811
    with Opened(browser, out / "report.html", java_script_enabled=False) as page:
        assert page.locator("#limits input:visible").count() == 0
        page.locator("#limits summary").first.click()
        assert page.locator("#limits table:visible tbody tr").count() == 20


def test_a_run_without_counts_says_how_to_have_them(tmp_path: Path) -> None:
    out = write_run(tmp_path, 4, 1)
    (out / "limits.json").unlink()
    page = reports.write(out)[0].read_text("utf-8")
    assert "curate rejudge OUT" in page
    assert "data-limit" not in page.partition("<script")[0]


def test_limits_that_change_nothing_are_named_in_one_line(tmp_path: Path) -> None:
    out = write_run(tmp_path, 4, 1)
    page = reports.write(out)[0].read_text("utf-8")
    assert page.count('<article class="limit"') == 3
    assert "Moving this one changes nothing here: <code>near_duplicates.keep_all_below</code>" in page


@pytest.mark.parametrize(
    "text", ["{", '{"format": "tamis-limits", "version": 9, "limits": []}', '{"limits": 3}']
)
def test_another_form_is_refused_with_the_next_step(tmp_path: Path, text: str) -> None:
    out = write_run(tmp_path, 4, 1)
    (out / "limits.json").write_text(text)
    with pytest.raises(ReportError, match=r"'curate (verify|rejudge)"):
        gather(out)


def test_the_twin_of_the_report_holds_the_counts(tmp_path: Path) -> None:
    out = write_run(tmp_path, 4, 1)
    told = json.loads(reports.write(out)[1].read_text("utf-8"))["limits"]
    assert [one["by"] for one in told] == ["too_toxic", "near_duplicates", "noted", "near_duplicates"]
    assert all(len(one["steps"]) == 20 for one in told)
