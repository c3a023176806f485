"""What is said on the terminal: the funnel in recipe order, stories without a difference, lines that fit."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import curate
from curate import listing, preview_terminal, terminal
from curate.calibration import calibrated
from curate.calibration import terminal as calibration_terminal
from curate.check import check
from curate.errors import InputError, RecipeError, TamisError
from curate.exporting import export
from curate.preview import preview
from curate.recipe import Recipe, load, parse
from curate.rejudge import rejudge
from curate.why import changes_of
from reports.words import load as words_of

CHATS: list[dict[str, Any]] = [
    {"id": "private", "messages": [["user", "<p>Write to ann@example.com</p>"], ["assistant", "I <b>will</b> do."]]},
    {"id": "plain", "messages": [["user", "Write to ann@example.com please"], ["assistant", "I will do."]]},
    {"id": "refused", "messages": [["user", "Say it."], ["assistant", "I'm sorry, but I can't help with that."]]},
]  # fmt: skip


def logs(folder: Path) -> Path:
    lines = []
    for chat in CHATS:
        messages = [{"role": role, "content": said} for role, said in chat["messages"]]
        lines.append(json.dumps({"id": chat["id"], "messages": messages}))
    (folder / "a.jsonl").write_text("\n".join([*lines, "{oops"]) + "\n")
    return folder / "a.jsonl"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> curate.Run:
    folder = tmp_path_factory.mktemp("terminal")
    return curate.run(logs(folder), folder / "out", flagging())


def flagging() -> Recipe:
    """Changes, flags, and a pass that masks before one that flags."""
    names = ("strip_html", "redact_pii", "quality", "empty_reply", "refused_reply", "exact_duplicates")
    return parse({"name": "r", "pass": [{"use": name} for name in names]}, "r.toml")


def said(show: Any, *arguments: Any, width: int = 80) -> str:
    held = io.StringIO()
    show(Console(file=held, width=width, highlight=False), *arguments)
    return held.getvalue()


def test_a_change_without_a_difference_says_why(run: curate.Run) -> None:
    told = said(terminal.tell, run.why("private"), width=200)
    assert (
        "changed by redact_pii: private values are replaced in what is kept of the text as read too" in told
    )
    assert "[-<b>will</b>-]" in told
    told = said(terminal.tell, run.why("plain"), width=200)
    assert "changed by redact_pii: what was read held private values and is not kept" in told
    for name in ("private", "plain"):
        for message in run.why(name).messages:
            for change in message.changes:
                assert bool(change.pieces) != bool(change.note)


def test_a_change_of_the_author_alone_says_so() -> None:
    recipe = load("chat")
    (told,) = changes_of(recipe, None, "Where is it?", ["redact_pii"], private=False)
    assert told.note == "in its author; the text is as it was"


def test_run_and_preview_tell_changes_and_flags_in_the_order_of_the_recipe(run: curate.Run) -> None:
    touched = [(one["verb"], one["pass"], one["messages"]) for one in run.manifest["touched"]]
    order = [one.name for one in run.recipe().passes]
    assert ("flagged", "refused_reply", 1) in touched
    assert ("changed", "strip_html", 2) in touched
    assert [name for _, name, _ in touched] == sorted((name for _, name, _ in touched), key=order.index)
    source = Path(run.out).parent / "a.jsonl"
    for text in (
        said(terminal.summary, run, 1.0),
        said(preview_terminal.show, preview(source, flagging(), workers=1)),
    ):
        lines = [line.strip() for line in text.splitlines()]
        found = [
            [line.startswith(f"{verb} by {name}") for line in lines].index(True) for verb, name, _ in touched
        ]
        assert found == sorted(found)
        assert "1 unreadable record or file" in text


def test_rejudge_counts_flags_again(run: curate.Run, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(run.out, tmp_path / "out")
    again = rejudge(str(tmp_path / "out"), ["refused_reply.then=mask"])
    assert not [one for one in again.manifest["touched"] if one["verb"] == "flagged"]
    assert [one for one in again.manifest["touched"] if one["verb"] == "changed"]


def test_a_likeness_is_rounded_down_everywhere() -> None:
    assert words_of("en").at_least(0.8889, 2) == terminal.floored(0.8889) == "0.88"
    assert words_of("en").at_least(0.57, 2) == terminal.floored(0.57) == "0.57"


def ruled(condition: str, *before: str) -> Recipe:
    rule = {"use": "decide_when", "name": "rule", "condition": condition}
    return parse({"name": "r", "pass": [*({"use": name} for name in before), rule]}, "r.toml")


@pytest.mark.parametrize("condition", ["words > AND", "words > 3 AND OR", "NOT", "words LIKE IN"])
def test_a_condition_that_is_no_sql_is_told_as_that(condition: str) -> None:
    with pytest.raises(RecipeError, match=r"condition of 'rule' cannot be read.* a condition is SQL"):
        check(ruled(condition, "quality"))


def test_a_column_that_a_measure_gives_names_the_measure() -> None:
    with pytest.raises(RecipeError, match="put the measure 'quality', which gives it, above 'rule'"):
        check(ruled("words > 4000"))


def test_a_format_that_is_none_is_looked_for_where_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format 'sharegtp' in --format; did you mean 'sharegpt'"):
        curate.run(logs(tmp_path), tmp_path / "out", format="sharegtp")


def test_a_recipe_that_is_no_file_blames_no_option() -> None:
    with pytest.raises(RecipeError, match=r"unknown recipe 'my2.toml'; .*no such file") as told:
        load("my2.toml")
    assert "--recipe" not in str(told.value)


def test_one_is_told_in_the_singular(run: curate.Run, tmp_path: Path) -> None:
    first = (Path(run.out).parent / "a.jsonl").read_text().splitlines()[0]
    (tmp_path / "a.jsonl").write_text(first + "\n")
    told = said(terminal.summary, curate.run(tmp_path / "a.jsonl", tmp_path / "out", flagging()), 1.0)
    assert "1 conversation kept" in told


def test_the_forecast_says_that_it_covers_the_pages(run: curate.Run) -> None:
    told = said(preview_terminal.show, preview(Path(run.out).parent / "a.jsonl", workers=1), width=200)
    assert "the full run, topics, audit and pages included: about" in told


def test_a_file_that_is_there_is_not_written_over_unasked(run: curate.Run, tmp_path: Path) -> None:
    target = tmp_path / "x.jsonl"
    target.write_text("mine")
    with pytest.raises(TamisError, match="exists already; name another file, or add --overwrite"):
        export(run, str(target), "openai")
    assert target.read_text() == "mine"
    assert export(run, str(target), "openai", overwrite=True).rows == target.read_text().count("\n") > 0


def test_the_story_of_a_pass_flows_to_the_width_of_the_terminal() -> None:
    paragraph = said(terminal.describe, listing.listed("near_duplicates")).split("\n\n")[2]
    *full, _ = paragraph.splitlines()
    assert len(full) > 3
    assert all(len(line.rstrip()) > 60 for line in full), full


def test_names_of_groups_are_not_broken_in_the_table_of_limits() -> None:
    found = calibrated("chat", every=True)
    told = said(calibration_terminal.show, found, None)
    names = [line.split()[0] for line in told.splitlines() if line[:3] in ("en/", "fr/")]
    assert sorted(names) == sorted(one.key for one in found.groups)
