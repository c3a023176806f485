"""`curate export`: what is shown only is learned by no trainer, what is learned is learned once."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

import curate
from curate import terminal
from curate.compare.gather import compare
from curate.errors import TamisError
from curate.exporting import FORMS, export, learned
from curate.recipe import parse
from curate.runs import Run
from reports.facts import gather
from reports.views import answers_shown

CALL = {"id": "t1", "type": "function", "function": {"name": "find", "arguments": '{"order": 7}'}}
TOOLS = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]
TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "You help customers of a shop."},
    {"role": "user", "content": "Where is my order number seven?"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "t1", "content": "in hall three"},
    {"role": "assistant", "content": "It waits in hall three.", "weight": 0},
    {"role": "user", "content": "Thank you, and when will it come?"},
    {"role": "assistant", "content": "It comes to you on Friday morning."},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("export")
    alone = [{"role": "user", "content": "Is anybody there at all today?"}]
    rows = [{"id": "c1", "messages": TALK, "tools": TOOLS}, {"id": "c2", "messages": alone}]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return curate.run(folder / "a.jsonl", folder / "out")


def written(run: Run, form: str, folder: Path) -> tuple[Any, list[dict[str, Any]]]:
    told = export(run, str(folder / f"{form}.jsonl"), form)
    return told, [json.loads(line) for line in (folder / f"{form}.jsonl").read_text().splitlines()]


def test_every_place_counts_the_answers_that_are_learned_and_none_a_user_s_message(tmp_path: Path) -> None:
    alone = [{"role": "user", "content": "Is anybody there at all today?"}]
    rows = [{"id": "c1", "messages": TALK}, {"id": "c2", "messages": alone}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    rule = {"use": "decide_when", "name": "thanks", "condition": "text LIKE 'Thank%'", "then": "mask"}
    made = parse({"name": "r", "pass": [{**rule, "scope": "message"}]}, "r.toml")
    runs = [curate.run(tmp_path / "a.jsonl", tmp_path / name, made) for name in ("one", "two")]
    assert runs[0].messages.filter(pl.col("verdict") == "mask").collect()["role"].to_list() == [
        "assistant",
        "user",
    ]
    told, _ = written(runs[0], "openai", tmp_path)
    assert (told.learned, told.shown) == (2, 1)
    counts = runs[0].manifest["counts"]
    assert (counts["answers_learned"], counts["answers_shown"]) == (2, 1)
    side = compare(runs[0].out, runs[1].out).a
    assert (side.learned, side.masked) == (2, 1)
    report = gather(runs[0].out)
    assert answers_shown(report) == 1
    said = io.StringIO()
    terminal.summary(Console(file=said, width=100), runs[0], 1.0)
    lines = [line.split() for line in said.getvalue().splitlines()]
    assert ["answers", "learned", "from", "2"] in lines
    assert ["answers", "shown,", "not", "learned", "1"] in lines
    assert ["nobody", "answers", "1"] in lines


def test_openai_gets_conversations_as_they_are_with_weight(run: Run, tmp_path: Path) -> None:
    told, rows = written(run, "openai", tmp_path)
    assert rows[0] == {"messages": TALK, "tools": TOOLS}
    assert (told.rows, told.learned, told.shown, told.left_out) == (2, 2, 1, 0)


def test_axolotl_gets_a_key_on_every_message(run: Run, tmp_path: Path) -> None:
    _, rows = written(run, "axolotl", tmp_path)
    assert [one["train"] for one in rows[0]["messages"]] == [False, False, True, False, False, False, True]
    assert not any("weight" in one for one in rows[0]["messages"])


@pytest.mark.parametrize("form", ["trl", "torchtune"])
def test_a_row_an_answer_has_it_last_and_all_before_as_context(run: Run, tmp_path: Path, form: str) -> None:
    told, rows = written(run, form, tmp_path)
    whole = [row["messages"] if form == "torchtune" else [*row["prompt"], *row["completion"]] for row in rows]
    bare = [{key: value for key, value in one.items() if key != "weight"} for one in TALK]
    assert whole == [bare[:3], bare[:7]]
    assert (told.rows, told.learned, told.shown, told.left_out) == (2, 2, 1, 1)
    if form == "trl":
        assert all(len(row["completion"]) == 1 and row["tools"] == TOOLS for row in rows)


def test_every_form_learns_each_answer_once_and_never_one_that_is_shown(run: Run, tmp_path: Path) -> None:
    last = {"trl": lambda row: row["completion"], "torchtune": lambda row: row["messages"][-1:]}
    for form in FORMS:
        _, rows = written(run, form, tmp_path)
        picked = last.get(form, lambda row: [m for m in row["messages"] if m.get("train", learned(m))])
        said = [one["content"] for row in rows for one in picked(row) if one["role"] == "assistant"]
        assert sorted(said) == ["", "It comes to you on Friday morning."], form


def test_repeat_is_written_as_often(tmp_path: Path) -> None:
    words = ["apples", "pears", "plums", "figs", "dates", "limes", "kiwis", "melons", "grapes", "cherries"]
    talk = [
        {
            "id": f"{n}",
            "messages": [
                {"role": "user", "content": f"Do you have {a} and {b}?"},
                {"role": "assistant", "content": f"Yes, {b} today, {a} on {n}."},
            ],
        }
        for n, (a, b) in enumerate(zip(words, words[::-1], strict=True))
    ]
    for name, some in (("a", talk[:8]), ("b", talk[8:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some))
    recipe = parse(
        {
            "pass": [
                {
                    "use": "balance",
                    "by": "source",
                    "shares": {"a.jsonl": 0.5, "b.jsonl": 0.5},
                    "most_repeats": 4,
                    "ignore_below": 0,
                }
            ]
        },
        "r.toml",
    )
    run = curate.run(tmp_path, tmp_path / "out", recipe=recipe)
    often = pl.read_parquet(tmp_path / "out" / "curated" / "*.parquet")["repeat"].sum()
    told, rows = written(run, "openai", tmp_path)
    assert told.rows == len(rows) == often > told.conversations


def test_what_cannot_be_written_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(TamisError, match="did you mean 'trl'"):
        export(run, str(tmp_path / "x"), "trll")
    with pytest.raises(TamisError, match="there is no folder"):
        export(run, str(tmp_path / "nowhere" / "x"), "trl")
