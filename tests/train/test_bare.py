"""A bare GPU machine: torch, transformers, tokenizers, peft, pyarrow and no more are enough to train."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch")

from tests.train.making import chats, sizes

ABSENT = ("polars", "curate", "numba", "pandas", "datasets", "scipy", "duckdb", "msgspec", "fastexcel")
ROOT = Path(__file__).parents[2]


def bare(code: str, folder: Path) -> str:
    """What a process prints in which what is absent cannot be imported."""
    blocked = f"import sys; sys.modules.update(dict.fromkeys({ABSENT!r}))\n"
    done = subprocess.run(
        [sys.executable, "-c", blocked + code, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_fit_eval_export_and_the_benchmark_run_without_polars(tmp_path: Path) -> None:
    rows = [
        {"conversation_id": one.id, "messages": [{"role": m.role, "content": m.content} for m in one.messages]}
        for one in chats(8)
    ]  # fmt: skip
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "config.json").write_text(json.dumps(sizes()))
    code = """
from pathlib import Path
from train.cli import app
place = sys.argv[1]
small = ["--set", "model.vocabulary=300", "--set", "optim.steps=1", "--set", "run.threads=1"]
def train(*given): app(list(given), standalone_mode=False)
train("fit", f"{place}/set.jsonl", "--model", f"{place}/config.json", "--to", f"{place}/run", *small)
train("eval", f"{place}/run", f"{place}/set.jsonl", "--to", f"{place}/eval.json", "--swaps", "--generate", "2")
train("export", f"{place}/run", "--to", f"{place}/exported")
from benchmarks import train as benchmark, train_arms as arms
benchmark.workload(Path(place), "tiny", 256, steps=2, step_tokens=1500)
print(len(arms.ours(arms.Work(Path(place)), "cpu", 1)["losses"]), "steps")
"""
    told = bare(code, tmp_path)
    assert "2 steps" in told
    assert told.count("not done:") == 2  # the swaps and the redaction say why they were left out
    checks = json.loads((tmp_path / "eval.json").read_text())["checks"]
    assert "Polars" in checks["swaps"] and "Polars" in checks["written"]["skipped"]
    assert (tmp_path / "exported" / "model.safetensors").exists()
