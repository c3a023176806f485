"""The training benchmark on a tiny model: arms run, see the same conversations, and agree."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("accelerate", reason="transformers' Trainer needs accelerate")

from benchmarks import train as benchmark
from benchmarks import train_arms as arms

torch.set_num_threads(1)


@pytest.mark.filterwarnings("ignore")
def test_ours_and_transformers_trainer_lose_the_same_on_the_same_work(tmp_path: Path) -> None:
    benchmark.workload(tmp_path, "tiny", 256, steps=3, step_tokens=1500)
    work = arms.Work(tmp_path)
    results = [{"arm": name, **arms.ARMS[name](work, "cpu")} for name in ("ours", "trainer")]
    benchmark.judged(results)
    assert [one["void"] for one in results] == [False, False]
    assert max(results[1]["apart"]) < 1e-4
    assert results[0]["padding"] < results[1]["padding"]
    assert all(len(one["times"]) == 3 for one in results)


def test_an_arm_whose_loss_differs_is_void() -> None:
    results = benchmark.judged(
        [
            {"arm": "ours", "losses": [5.0, 4.0]},
            {"arm": "trainer", "losses": [5.2, 4.0]},
            {"arm": "trl", "losses": [5.01, 4.05]},
            {"arm": "trl-liger", "failed": ["needs liger_kernel"]},
        ]
    )
    assert [one.get("void") for one in results] == [False, True, False, None]


@pytest.mark.slow
def test_the_benchmark_runs_whole_on_a_cpu(tmp_path: Path) -> None:
    results = benchmark.main(["--cpu-smoke", "--arms", "ours,trainer", "--out", str(tmp_path / "found.json")])
    assert [one["void"] for one in results] == [False, False]
    assert json.loads((tmp_path / "found.json").read_text())["size"] == "tiny"
