"""The page of a run: what it shows, that it loads and runs nothing, and that texts are escaped."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")
pyarrow = pytest.importorskip("pyarrow", reason="training reads Parquet with pyarrow")

from pyarrow import parquet

from train import evaluated_page, page
from train.canaries import Memories, Memory
from train.checks.differences import Difference
from train.checks.generated import Written
from train.checks.pairs import PairFigure
from train.checks.requests import Answered
from train.checks.run import Checks
from train.evaluated import Evaluation, Figure, Gain
from train.facts import gather, history
from train.intervals import Interval

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
        "perplexity_low": None,
        "perplexity_high": None,
        "bits_per_byte": None,
        "bits_low": None,
        "bits_high": None,
        "conversations": 5,
        "tokens": 50,
    }
    other = {**figure, "kind": "language", "name": "fr"}
    (run / "eval.json").write_text(json.dumps({"hash": "d00d", "overall": figure, "slices": [other]}))
    shown = page.write(run).read_text("utf-8")
    assert "12.35" in shown or "12.34" in shown
    assert "language: fr" in shown and "d00d" in shown


def evaluated(swaps: tuple[Difference, ...] | str, private: dict[str, int] | None) -> dict[str, Any]:
    """An evaluation as `train eval` writes it, with every check asked for."""
    bounds = {"low": 0.25, "high": 0.75}
    figure = Figure(
        kind="all", name="all", perplexity=12.5, perplexity_low=11.5, perplexity_high=float("nan"), bits_per_byte=1.25,
        bits_low=1.125, bits_high=1.375, conversations=5, tokens=50, bytes=200, definition="d00d",
    )  # fmt: skip
    gain = Gain(
        left="exchange", with_context=1.25, without=1.5, gain=0.25, low=0.125, high=0.375, ratio=1.75, answers=321,
        conversations=5, definition="d00d",
    )  # fmt: skip
    pair = PairFigure(
        kind="age <old>", pairs=1234, more_likely=0.625, gap=0.5, gap_low=None, gap_high=None, after=0.0625,
        after_low=None, after_high=None, after_pairs=3, claimed=True, **bounds,
    )  # fmt: skip
    share = Interval(0.5, 0.25, 0.75)
    secret = Memory(copies=16, canaries=6, exposure=share, largest=8.0, extracted=2, extraction=share)
    checks = Checks(
        pairs=(pair,),
        swaps=swaps,
        requests=Answered(requests=24, answers=768, differences=(away("words EN", True),), same={"EN age": 0.125}),
        written=Written(
            answers=30, words=41.2, refusals=share, stand_ins=7, with_stand_ins=share, private=private,
            with_private=None if private is None else share, skipped="no redaction here",
        ),
        memory=Memories(by_copies=(secret,), candidates=256, most=8.0),
    )  # fmt: skip
    told = Evaluation(
        model="m", definition={}, hash="d00d", overall=figure, slices=(), context=(gain,), ids=(), exact=True,
        sums=np.zeros((0, 4)), seconds=1.0, checks=checks.as_dict(),
    )  # fmt: skip
    return json.loads(json.dumps(told.as_dict()))  # type: ignore[no-any-return]


def away(measure: str, claimed: bool, value: float = -2.5) -> Difference:
    return Difference(
        measure=measure, axis="age", group="old", n=24, value=value, low=-3.5, high=None, q=0.03125, claimed=claimed
    )  # fmt: skip


def words(shown: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*?</style>", "", shown)).split())


def test_every_check_of_an_evaluation_has_a_section_with_its_figures(run: Path) -> None:
    (run / "eval.json").write_text(json.dumps(evaluated((away("loss", True),), {"email": 3})))
    shown = page.write(run).read_text("utf-8")
    names = re.findall(r'<section id="(\w+)"', shown)
    assert names[2:9] == ["slices", "context", "pairs", "swaps", "requests", "written", "memory"]
    for name in names:
        assert f'href="#{name}"' in shown
    told = words(shown)
    assert "12.50 - 1.250 [1.125, 1.375] 5 50" in told
    assert "only their own exchange 1.2500 1.5000 0.2500 [0.1250, 0.3750] 1.75 321" in told
    assert "age &lt;old&gt; 1,234 62.5% [25.0, 75.0] 0.0625 - " in told
    assert "loss old -2.500 - 0.031 24" in told
    assert "24 requests asked as every group, 768 answers" in told and "EN age 12.5%" in told
    assert "hold a string that looks private 50.0% [25.0, 75.0] 3 email: 3" in told
    assert "16 6 0.50 [0.25, 0.75] 8.00 2 [25.0, 75.0]" in told
    assert shown.count('<tr class="marked">') == 5


def test_what_was_not_asked_for_has_no_section_and_what_could_not_be_done_says_why(run: Path) -> None:
    (run / "eval.json").write_text(json.dumps(evaluated("no curation run", None)))
    told = words(page.write(run).read_text("utf-8"))
    assert "Not done: no curation run." in told and "Not done: no redaction here." in told
    bare = {**evaluated("", None), "context": []}
    del bare["checks"]
    (run / "eval.json").write_text(json.dumps(bare))
    assert not re.findall(
        r'id="(context|pairs|swaps|requests|written|memory)"', page.write(run).read_text("utf-8")
    )


def test_of_many_differences_those_that_are_claimed_come_first_and_the_rest_is_counted() -> None:
    many = [away(f"m{n}", False, value=float(n)) for n in range(60)]
    section = evaluated_page.swaps([asdict(one) for one in [*many, away("small", True, value=0.5)]])
    assert section.grid and len(section.grid.rows) == 1 + evaluated_page.OTHERS
    assert [row[0] for row in section.grid.rows[:2]] == ["small", "m59"]
    assert section.grid.marked[:2] == (True, False)
    assert section.notes[0].startswith("1 of 61 can be told from chance")


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
