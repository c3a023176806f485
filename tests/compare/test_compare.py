"""Two runs side by side: every count is that of a plain count over both runs' rows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import curate
from curate.compare.facts import Comparison, to_json
from curate.compare.gather import compare
from curate.compare.shifts import numbers, shift
from curate.errors import InputError
from curate.rejudge import rejudge
from curate.runs import Run, open_run
from reports.compare import load_compare, render_compare, sentences, write
from reports.compare_facts import parse
from reports.shapes import ReportError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "reports"))
from test_browser import Opened, axe, browser  # noqa: E402, F401 - fixtures

MOVED = (
    "too_toxic.then=drop",
    "too_toxic.limit=0.3",
    "near_duplicates.limit=0.97",
    "too_repetitive.limit=0.2",
)
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """A run of the samples, audited, and the same with other limits."""
    from curate.bias import audit

    folder = tmp_path_factory.mktemp("compared")
    a = curate.run(ROOT / "samples", folder / "a", workers=1, shard_bytes=40_000)
    shutil.copytree(folder / "a", folder / "b")
    b = rejudge(str(folder / "b"), MOVED)
    for run in (a, b):
        audit(run)
    return a, b


@pytest.fixture(scope="module")
def facts(runs: tuple[Run, Run]) -> Comparison:
    return compare(runs[0].out, runs[1].out)


def kept(run: Run) -> set[int]:
    """Numbers of the conversations of which something is kept, counted over the rows."""
    rows = run.messages.collect()
    numbers = (rows["turn"] == 0).cum_sum()
    return set(numbers.filter(rows["verdict"] != "drop"))


def test_conversations_kept_in_one_run_only_are_those_of_a_plain_count(
    runs: tuple[Run, Run], facts: Comparison
) -> None:
    left, right = (kept(run) for run in runs)
    assert facts.same_input
    assert facts.fates
    told = facts.fates
    assert (told.both, told.only_a, told.only_b) == (
        len(left & right),
        len(left - right),
        len(right - left),
    )
    assert told.only_a > 5
    assert told.only_b > 0
    assert told.both + told.only_a + told.only_b + told.neither == facts.a.conversations
    for side, total in (("a", told.only_a), ("b", told.only_b)):
        assert sum(one.conversations for one in told.reasons if one.kept_in == side) == total


def test_sides_and_slices_add_up_to_the_rows(runs: tuple[Run, Run], facts: Comparison) -> None:
    for run, side, end in zip(runs, (facts.a, facts.b), ("a", "b"), strict=True):
        rows = run.messages.collect()
        assert side.kept == run.manifest["counts"]["kept"]
        answers = rows.filter(pl.col("role") == "assistant")
        assert side.learned == (answers["verdict"] == "keep").sum()
        assert side.masked == (answers["verdict"] == "mask").sum()
        for kind in ("source", "language", "role"):
            own = [one for one in facts.slices if one.kind == kind]
            assert sum(getattr(one, f"{end}_read") for one in own) == rows.height
            assert sum(getattr(one, f"{end}_learned") for one in own) == side.learned
        did = {one.by: getattr(one, end) for one in facts.passes}
        assert sum(one.removed for one in did.values() if one) == (rows["verdict"] == "drop").sum()
        assert sum(one.took for one in did.values() if one) == side.conversations - side.kept


def test_settings_that_differ_are_listed_and_only_those(facts: Comparison) -> None:
    assert {(one.by, one.option) for one in facts.settings} == {
        ("too_toxic", "then"),
        ("too_toxic", "limit"),
        ("near_duplicates", "limit"),
        ("too_repetitive", "limit"),
    }


def test_examples_say_why_they_were_removed(runs: tuple[Run, Run], facts: Comparison) -> None:
    assert facts.fates
    assert {one.kept_in for one in facts.fates.examples} == {"a", "b"}
    for one in facts.fates.examples:
        gone = runs[1] if one.kept_in == "a" else runs[0]
        rows = gone.messages.filter(pl.col("conversation_id") == one.conversation_id).collect()
        assert set(rows["verdict"]) == {"drop"}
        assert one.removed_by in set(rows["decided_by"])
        assert one.evidence in set(rows["evidence"])


def test_numbers_of_the_bias_audits_stand_side_by_side(facts: Comparison) -> None:
    assert facts.bias
    removed = [one for one in facts.bias if one.what == "removed"]
    assert removed
    for one in facts.bias:
        assert one.low <= one.difference <= one.high
        assert one.sure == (one.low > 0 or one.high < 0)
    assert any(one.sure for one in removed)


def test_mentions_of_groups_are_compared_by_what_the_audit_calls_a_message(facts: Comparison) -> None:
    assert {one.what for one in facts.bias} >= {"removed", "mentions"}
    assert any(one.what == "mentions" and one.slice == "gender.women" for one in facts.bias)


def test_gaps_between_declared_values_do_not_pass_for_gaps_between_groups() -> None:
    gap = {"about": "user", "group": "gender.women", "measure": "toxicity", "language": "en"}
    told = {"difference": 0.1, "low": 0.0, "high": 0.2}
    gaps = [{**gap, **told, "kind": kind} for kind in ("group", "declared.plan")]
    keys = [key for key, _ in numbers({"sieve": [], "representation": [], "gaps": gaps})]
    assert [key[2] for key in keys] == ["gender.women", "plan: gender.women"]


def test_the_interval_of_a_difference_is_as_published() -> None:
    # Newcombe 1998, table II, first row, method 10: 56/70 and 48/80 give 0.0524 to 0.3339.
    told = shift(("removed", "source", "x", "", ""), (48 / 80, 0.4904, 0.7004), (56 / 70, 0.6918, 0.8769))
    assert (round(told.low, 3), round(told.high, 3)) == (0.052, 0.334)


def test_runs_over_different_inputs_are_compared_by_shares_and_it_is_said(
    runs: tuple[Run, Run], tmp_path: Path
) -> None:
    other = curate.run(ROOT / "samples" / "marketing", tmp_path / "out", workers=1)
    found = compare(runs[0].out, other.out)
    assert (found.same_input, found.fates) == (False, None)
    assert any("bank.parquet" in name for name in found.only_in_a)
    page = render_compare(parse(to_json(found)), "en")
    assert "The two runs read different inputs" in page
    assert "conversations are not told one by one" in page


def test_fewer_records_of_the_same_files_are_another_input(runs: tuple[Run, Run], tmp_path: Path) -> None:
    other = curate.run(ROOT / "samples", tmp_path / "out", workers=1, limit=20)
    found = compare(runs[0].out, other.out)
    assert not found.same_input
    assert "not the same records" in render_compare(parse(to_json(found)), "en")


def test_the_same_run_twice_is_refused_and_a_copy_has_not_moved(
    runs: tuple[Run, Run], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="named twice"):
        compare(runs[0].out, runs[0].out)
    shutil.copytree(runs[0].out, tmp_path / "copy")
    page = render_compare(parse(to_json(compare(runs[0].out, str(tmp_path / "copy")))), "en")
    assert "Nothing moved" in page
    assert open_run(tmp_path / "copy").manifest["content"] == runs[0].manifest["content"]


def test_the_cut_into_shards_changes_nothing(
    runs: tuple[Run, Run], facts: Comparison, tmp_path: Path
) -> None:
    whole = curate.run(ROOT / "samples", tmp_path / "a", workers=1)
    found = compare(whole.out, runs[1].out)
    assert found.fates == facts.fates
    assert found.slices == facts.slices


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_is_small_says_all_and_leaves_no_place_unfilled(
    facts: Comparison, lang: str, tmp_path: Path
) -> None:
    path, twin = write(to_json(facts), tmp_path / "c.html", lang)
    page = path.read_text("utf-8")
    assert len(page.encode()) < 1_000_000
    assert not re.search(r"\{(?!n\})[a-z_]+\}", re.sub(r"(?s)<(script|style).*?</\1>", "", page))
    assert json.loads(twin.read_text("utf-8"))["format"] == "tamis-compare"
    if lang == "fr":
        assert "toxicité 0," in page


def test_names_and_texts_are_escaped(facts: Comparison) -> None:
    told = json.loads(to_json(facts))
    for row in told["fates"]["examples"]:
        row.update(
            texts=[HOSTILE] * len(row["texts"]), source=HOSTILE, conversation_id=HOSTILE, evidence=HOSTILE
        )
    for row in told["slices"]:
        row["name"] = HOSTILE
    for row in told["settings"]:
        row["a"] = HOSTILE
    told["a"]["folder"] = HOSTILE
    page = render_compare(parse(json.dumps(told).encode()), "en")
    assert "<img" not in page
    assert page.count("<script") == 4


def test_another_form_is_refused_with_the_next_step(facts: Comparison) -> None:
    with pytest.raises(ReportError, match="'curate compare OUT_A OUT_B'"):
        parse(b"{}")
    with pytest.raises(ReportError, match="version 99"):
        parse(to_json(facts).replace(b'"version": 2', b'"version": 99'))
    with pytest.raises(ReportError, match="no report in language 'de'"):
        load_compare("de")


def keys(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{before}{name}.")
        else:
            yield before + name, " ".join(sorted(set(re.findall(r"\{\w+\}", str(value)))))


def test_both_languages_have_the_same_words_with_the_same_places_to_fill() -> None:
    en, fr = (
        tomllib.loads((ROOT / "reports" / f"compare_words_{lang}.toml").read_text("utf-8"))
        for lang in ("en", "fr")
    )
    assert {k: v for k, v in keys(en) if ".one" not in k} == {k: v for k, v in keys(fr) if ".one" not in k}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "scheme", "lang"), [(1280, "light", "en"), (768, "dark", "fr"), (360, "light", "fr")]
)
def test_the_page_in_a_browser_is_drawn_sound_and_searchable(
    browser: Any,  # noqa: F811
    axe: str,  # noqa: F811
    facts: Comparison,
    tmp_path: Path,
    width: int,
    scheme: str,
    lang: str,
) -> None:
    path = write(to_json(facts), tmp_path / "c.html", lang)[0]
    with Opened(browser, path, width, scheme) as page:
        page.wait_for_selector("[data-chart=role] svg")
        assert page.locator("[data-chart] svg").count() == page.locator("[data-chart]").count() == 4
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        unseen = "t => t.textContent && getComputedStyle(t).fill === 'none'"
        texts = f"[...document.querySelectorAll('[data-chart] svg text')].filter({unseen}).length"
        assert page.evaluate(texts) == 0
        page.fill("input[type=search]", "zzzz")
        assert page.locator("[data-example]:visible").count() == 0
        page.fill("input[type=search]", "")
        page.evaluate(axe)
        found = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        )
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []


def test_what_moved_is_said_in_a_few_lines_and_nothing_where_nothing_did(
    runs: tuple[Run, Run], facts: Comparison, tmp_path: Path
) -> None:
    assert facts.fates
    told = sentences(to_json(facts))
    assert 3 <= len(told) <= 6
    assert told[0].startswith(
        f"B keeps {facts.fates.only_a - facts.fates.only_b} fewer conversations than A."
    )
    most = facts.fates.reasons[0]
    assert told[1] == f"Kept by A, removed by {most.removed_by} in B: {most.conversations} conversations"
    shutil.copytree(runs[0].out, tmp_path / "again")
    assert sentences(to_json(compare(runs[0].out, str(tmp_path / "again")))) == []


def test_a_damaged_run_is_named_and_a_page_needs_a_name_that_is_one(
    runs: tuple[Run, Run], tmp_path: Path
) -> None:
    shutil.copytree(runs[0].out, tmp_path / "c")
    (tmp_path / "c" / "verdicts" / "part-00001.parquet").write_bytes(b"PAR1")
    code = "import sys; from curate.cli import main; main()"
    for arguments, said in (
        ([str(tmp_path / "c"), runs[1].out], f"in '{tmp_path / 'c'}'"),
        ([runs[1].out, str(tmp_path / "c")], f"in '{tmp_path / 'c'}'"),
        ([runs[0].out, runs[1].out, "--to", "page.txt"], "ends in .html"),
    ):
        line = [sys.executable, "-c", code, "compare", *arguments]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
