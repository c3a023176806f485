"""The training benchmark on a tiny model: arms run, see the same conversations, and agree."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import subprocess
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
    assert json.loads((tmp_path / "found.json").read_text())[0]["size"] == "tiny"


def test_the_table_holds_every_target() -> None:
    one = {
        "median": 1.0,
        "p90": 1.1,
        "padding": 0.0,
        "losses": [5.0, 4.0],
        "recompiled": 0,
        "mfu_needed": 0.3,
    }
    told = benchmark.told(
        benchmark.judged(
            [
                {"arm": "ours", "tokens_per_second": 300.0, "mfu": 0.41, "peak_bytes": 2e9, **one},
                {"arm": "trainer", "tokens_per_second": 150.0, "mfu": 0.2, "peak_bytes": 5e9, **one},
                {"arm": "trl-liger", "tokens_per_second": 250.0, "mfu": 0.3, "peak_bytes": 4e9, **one},
            ]
        ),
        "124m",
    )
    for line in (
        "ours / trainer: 2.00",
        "ours / trl-liger, the fastest other: 1.20",
        "MFU 41.0% (target 40%",
        "recompiled after warm-up: 0",
        "ours / Liger's: 0.50",
    ):
        assert line in told


def test_make_bench_gpu_runs_every_size_and_needs_no_installation() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "bench-gpu", "PYTHON=python3", "ARGS=--steps 5"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1].split() == [
        "python3", "benchmarks/train.py", "--all", "--steps", "5",
    ]  # fmt: skip
    assert set(benchmark.TARGETS) == set(benchmark.LENGTHS) <= set(benchmark.MICRO) == set(benchmark.SIZES)
