"""`train demo` in small: invented logs, or a person's own; figures by seed with intervals, and what follows."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("polars", reason="curation needs Polars")

import numpy as np
from rich.console import Console

from train import demo, demo_table, gain, invented, trial
from train.errors import DataError
from train.gain import AS_CURATED, AS_READ, OUTSIDE
from train.records import read

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def shown() -> demo.Demo:
    return demo.demo(tokens=300, conversations=130, workers=1)


def test_both_models_see_as_many_targets_and_are_scored_on_the_same_with_two_seeds(shown: demo.Demo) -> None:
    assert set(shown.scored) == {AS_READ, AS_CURATED, OUTSIDE}
    assert {(arm, seed) for arm, _, seed in shown.figures} == {
        (arm, seed) for arm in ("raw", "kept") for seed in (0, 1)
    }
    for told in shown.figures.values():
        assert told.low is not None and told.high is not None and told.low < told.value < told.high
    assert shown.read == 130 > shown.kept
    assert shown.invented and shown.says in (gain.BETTER, gain.WORSE, gain.MIXED, gain.NOT_SHOWN)


def test_the_table_and_the_json_say_what_was_measured(shown: demo.Demo, capsys: Any) -> None:
    demo_table.show(Console(highlight=False, width=100), shown)
    told = " ".join(capsys.readouterr().out.split())
    assert "bits per byte" in told and "95%" in told and "invented" in told and "train prove" in told
    written = json.loads(json.dumps(shown.as_dict(), allow_nan=False))
    assert len(written["bits_per_byte"]) == 2 * 3 * 2 and written["targets"] == 300


def test_a_persons_own_logs_are_taken_without_an_outside_file(tmp_path: Path) -> None:
    logs = invented.write(tmp_path / "logs.jsonl", 120, seed=3)
    told = demo.demo([str(logs)], tokens=300, workers=1, seeds=(0,))
    assert not told.invented and set(told.scored) == {AS_READ, AS_CURATED}


def test_logs_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        demo.demo([str(tmp_path / "none.jsonl")])


def test_the_demo_calls_no_difference_a_gain() -> None:
    same = np.ones((2, 40, 4)) * np.array([3.0, 2.0, 3.0, 5.0])
    told = gain.gain("kept", "raw", AS_READ, same, same)
    assert told.in_every_seed == gain.NOT_SHOWN


def test_invented_logs_are_the_same_for_the_same_seed_and_hold_their_flaws(tmp_path: Path) -> None:
    first, again, other = (
        invented.write(tmp_path / f"{n}.jsonl", 300, seed).read_bytes() for n, seed in enumerate((0, 0, 1))
    )
    assert first == again != other
    told = [one.messages for one in read(tmp_path / "0.jsonl")]
    assert sum("<p>" in m.content for one in told for m in one) > 3
    clean = invented.write(tmp_path / "clean.jsonl", 300, flaws=False)
    assert not any("<" in m.content or "Ã" in m.content for one in read(clean) for m in one.messages)


@pytest.mark.parametrize(("device", "trials", "wanted"), [("cuda", 8, 1), ("cpu", 1, 1)])
def test_trials_run_a_core_each_and_one_at_a_time_on_a_gpu(device: str, trials: int, wanted: int) -> None:
    assert trial.workers_for(device, trials) == wanted
    assert 1 <= trial.workers_for("cpu", 100) <= 100


@pytest.mark.slow
def test_two_workers_give_what_one_gives(tmp_path: Path) -> None:
    logs = invented.write(tmp_path / "logs.jsonl", 120, seed=3)
    one, two = (demo.demo([str(logs)], tokens=200, workers=n, seeds=(0,)) for n in (1, 2))
    assert one.figures.keys() == two.figures.keys()
    for key, told in one.figures.items():
        assert two.figures[key].value == pytest.approx(told.value, rel=1e-5)
