"""The page of a run: what it shows, that it loads and runs nothing, and that texts are escaped."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch")
pyarrow = pytest.importorskip("pyarrow", reason="training reads Parquet with pyarrow")

from pyarrow import parquet

from train import page
from train.facts import gather, history

ACCOUNTING = dict.fromkeys(
    ["conversations", "messages", "sequences", "rendered", "trained", "masked", "truncated", "dropped", "masked_others",
     "masked_weight_zero", "masked_stand_ins", "masked_template", "assistant", "lost", "repeated"], 7
) | {"lost_share": 0.005}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    told = {
        "config": {"data": {"source": str(tmp_path / "out")}, "optim": {"lr": 0.001}},
        "hashes": {"data": "abc"}, "accounting": ACCOUNTING, "steps": 30, "row_length": 512, "padding": 0.03,
        "attention": "sdpa", "device": "cpu", "forecast": {"parameters": 1000, "trainable": 10}, "versions": {"torch": "2"},
    }  # fmt: skip
    (tmp_path / "train.json").write_text(json.dumps(told))
    steps = [
        {
            "kind": "step",
            "step": n,
            "loss": 9.0 if n == 20 else 3 - n / 20,
            "targets": 10,
            "rate": 1e-3,
            "norm": 1.0,
            "seconds": 0.1,
            "tokens_per_second": 99.0,
        }
        for n in range(30)
    ]
    worst = [{"conversation_id": "c<1>", "loss": 9.5, "targets": 4}]
    spike = {"kind": "spike", "step": 20, "loss": 9.0, "limit": 4.0, "worst": worst}
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in [*steps, spike]))
    (tmp_path / "samples.json").write_text(
        json.dumps([{"conversation_id": "c2", "asked": "<script>x</script>", "answered": ""}])
    )
    for table, row in (
        ("messages", {"conversation_id": "c<1>", "changed_by": "strip_html repair_text"}),
        ("verdicts", {"conversation_id": "c<1>", "flags": "too_toxic", "decided_by": None}),
    ):
        (tmp_path / "out" / table).mkdir(parents=True)
        rows: list[dict[str, Any]] = [row, {**row, "conversation_id": "other"}]
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "out" / table / "part-00000.parquet")
    return tmp_path


def test_a_spike_is_shown_with_what_curation_did(run: Path) -> None:
    facts = gather(run)
    assert (
        facts.spikes[0].worst[0]["history"]
        == "changed by strip_html, changed by repair_text, flagged by too_toxic"
    )
    shown = page.write(run).read_text("utf-8")
    assert "changed by strip_html" in shown and "c&lt;1&gt;" in shown and "Step 20: 9.000" in shown


def test_the_page_runs_nothing_loads_nothing_and_escapes_texts(run: Path) -> None:
    shown = page.write(run).read_text("utf-8")
    assert "<script" not in shown and "&lt;script&gt;x" in shown
    assert "default-src 'none'" in shown.replace("&#39;", "'")
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", shown)
    assert " style=" not in shown
    style = re.search(r"<style>(.*?)</style>", shown, re.DOTALL)
    assert style is not None and page.digest(style[1]) in shown


def test_slices_are_shown_where_an_evaluation_lies_beside_the_run(run: Path) -> None:
    assert 'id="slices"' not in page.write(run).read_text("utf-8")
    figure = {
        "kind": "all",
        "name": "all",
        "perplexity": 12.345,
        "bits_per_byte": None,
        "conversations": 5,
        "tokens": 50,
    }
    other = {**figure, "kind": "language", "name": "fr"}
    (run / "eval.json").write_text(json.dumps({"hash": "d00d", "overall": figure, "slices": [other]}))
    shown = page.write(run).read_text("utf-8")
    assert "12.35" in shown or "12.34" in shown
    assert "language: fr" in shown and "d00d" in shown


def test_a_curve_of_many_steps_is_drawn_with_few_points_and_keeps_its_spikes() -> None:
    steps = [{"step": n, "loss": float(n % 7)} for n in range(5000)]
    drawn = page.curve("Loss", steps, "loss", {4000})
    assert drawn is not None
    assert drawn.path.count("L") < page.POINTS
    assert len(drawn.marks) == 1 and drawn.steps == 5000


def test_a_run_without_steps_or_curation_still_has_a_page(run: Path) -> None:
    (run / "log.jsonl").write_text("")
    (run / "samples.json").unlink()
    assert "0 of 30 steps taken" in page.write(run).read_text("utf-8")
    assert history(run / "nowhere", ["a"]) == {"a": ""}
