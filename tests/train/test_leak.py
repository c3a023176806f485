"""The gate between training and evaluation: what is near stops the run, however it is looked for."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pyarrow = pytest.importorskip("pyarrow", reason="training reads Parquet with pyarrow")

from pyarrow import parquet

from train import leak
from train.errors import LimitBrokenError
from train.records import Conversation, conversation

LONG = (
    "the kettle that I ordered on Monday has not arrived and the page says that it was delivered to a neighbour "
    "whom nobody here knows so please tell me what I can do about it and when a new one will be sent to me"
)


def asked(name: str, text: str) -> Conversation:
    return conversation(
        name, [("user", text), ("assistant", f"We are sorry. {text[:60]} We send a new one.")]
    )


TRAIN = [asked(f"t{n}", f"question number {n} about {word} and how to use it at home") for n, word in
         enumerate(("lamps", "chairs", "tables", "kettles", "trains"))]  # fmt: skip


def test_the_same_words_are_a_leak_whatever_case_and_white_space() -> None:
    same = conversation("e1", [(m.role, f" {m.content.upper()} ") for m in asked("t9", LONG).messages])
    found, _ = leak.leaks([*TRAIN, asked("t9", LONG)], [same, asked("e2", "something else altogether")])
    assert [(one.evaluated, one.trained) for one in found] == [("e1", "t9")]


def test_a_planted_near_duplicate_across_the_split_stops_the_run() -> None:
    pytest.importorskip("polars", reason="signatures are curate's")
    near = asked("e1", LONG + " thanks")
    with pytest.raises(LimitBrokenError, match=r"1 of 2 conversations.*e1"):
        leak.stand([*TRAIN, asked("t9", LONG)], [near, asked("e2", "a question about trains in winter")])
    assert leak.stand(TRAIN, [asked("e2", "a question about the weather in spring")]) == "signatures"


def test_a_runs_stored_pairs_answer_for_what_it_read(tmp_path: Path) -> None:
    (tmp_path / "pairs" / "conversations").mkdir(parents=True)
    rows = [
        {"id": n, "conversation_id": name, "content": n + 1, "content_check": n + 1}
        for n, name in enumerate(("t0", "t1", "e1", "e2"))
    ]
    table = pyarrow.Table.from_pylist(rows)
    parquet.write_table(table, tmp_path / "pairs" / "conversations" / "part-00000.parquet")
    told = pyarrow.Table.from_pylist(
        [{"a": 0, "b": 2, "jaccard": 0.85}, {"a": 1, "b": 3, "jaccard": 0.5}]
    )  # fmt: skip
    parquet.write_table(told, tmp_path / "pairs" / "near_duplicates.parquet")
    found, how = leak.leaks(TRAIN[:2], [asked("e1", "one"), asked("e2", "two")], tmp_path)
    assert how == "stored pairs"
    assert [(one.evaluated, one.trained, one.jaccard) for one in found] == [("e1", "t0", 0.85)]


def test_without_curate_equal_texts_alone_are_looked_for_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "curate.passes.near_duplicates", None)
    found, how = leak.leaks([asked("t9", LONG)], [asked("e1", LONG), asked("e2", LONG + " thanks")])
    assert how == "equal texts only" and [one.evaluated for one in found] == ["e1"]


def test_eval_stops_with_status_3_where_it_would_score_what_was_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    from train import cli

    row = {"messages": [{"role": m.role, "content": m.content} for m in TRAIN[0].messages]}
    for name in ("train", "eval"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"conversation_id": name, **row}) + "\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")  # a model is there; it is not opened before this
    paths = [str(tmp_path / name) for name in ("model", "eval.jsonl")]
    given = ["eval", *paths, "--trained-on", str(tmp_path / "train.jsonl")]
    monkeypatch.setattr(sys, "argv", ["train", *given])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 3
    assert "stand in the training set" in capsys.readouterr().err
