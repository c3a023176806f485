"""Several processes: copies of the model (data parallel) and parts of it (FSDP2) give the weights of one."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from safetensors.torch import load_file

from tests.train.making import chats, sizes
from train import fit as fits
from train import forecast, sizing
from train.config import Config, Lora, Run, changed, from_dict
from train.errors import ConfigError
from train.prepare import prepare

torch.set_num_threads(1)


def options(folder: Path, steps: int, shard: str = "auto", tie: bool = True) -> Config:
    path = folder / f"config-{tie}.json"
    path.write_text(json.dumps(sizes(tie_word_embeddings=tie)))
    return from_dict(
        {
            "model": {"source": str(path), "vocabulary": 300},
            "data": {"max_length": 128},
            "optim": {"lr": 1e-2, "tokens_per_step": 150, "steps": steps, "warmup": 0.0, "schedule": "constant"},
            "run": {"threads": 1, "rows": 1, "shard": shard, "device": "cpu", "save_every": 2},
        },
        "the test",
    )  # fmt: skip


def worker(rank: int, port: int, folder: str) -> None:
    """What torchrun starts: every kind of run after the other, in two processes."""
    os.environ |= {
        "RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
    }  # fmt: skip
    torch.set_num_threads(1)
    place = Path(folder)
    talked = chats(24)
    fits.fit(options(place, 4, "off"), place / "copies", conversations=talked)
    fits.fit(options(place, 4, "on"), place / "parts", conversations=talked)
    fits.fit(options(place, 2, "on", tie=False), place / "untied", conversations=talked)
    stopped = options(place, 4, "on")

    class KilledError(Exception):
        pass

    def kill(step: Any, state: Any, run: Any) -> None:
        if state.step == 2:
            raise KilledError

    try:
        fits.fit(stopped, place / "stopped", conversations=talked, watch=kill)
    except KilledError:
        fits.fit(stopped, place / "stopped", conversations=talked, resume=True)
    (place / f"done-{rank}").touch()
    fits.leave()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of two processes, and of one."""
    import socket

    folder = tmp_path_factory.mktemp("processes")
    for steps, tie, name in ((4, True, "alone"), (2, False, "untied-alone")):
        fits.fit(options(folder, steps, tie=tie), folder / name, conversations=chats(24))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=worker, args=(rank, port, str(folder))) for rank in range(2)]
    for one in started:
        one.start()
    for one in started:
        one.join(180)
        if one.is_alive():
            one.kill()
    # Not by exit status: torch's own threads were seen to abort a process that had left the others already.
    assert [(folder / f"done-{rank}").exists() for rank in range(2)] == [True, True]
    return folder


def apart(runs: Path, first: str, second: str) -> float:
    """The largest difference between two runs' weights."""
    a, b = (load_file(runs / name / "model.safetensors") for name in (first, second))
    assert set(a) == set(b)
    return max(float((a[name] - b[name]).abs().max()) for name in a)


@pytest.mark.parametrize(
    ("name", "alone"), [("copies", "alone"), ("parts", "alone"), ("untied", "untied-alone")]
)
def test_two_processes_give_the_weights_of_one(runs: Path, name: str, alone: str) -> None:
    assert apart(runs, name, alone) < 1e-5
    told, mine = (
        [json.loads(line) for line in (runs / one / "log.jsonl").read_text().splitlines()] for one in (name, alone)
    )  # fmt: skip
    losses = [(line["loss"], line["norm"]) for line in told if line["kind"] == "step"]
    assert len(losses) == (2 if name == "untied" else 4)
    for (loss, norm), line in zip(losses, [one for one in mine if one["kind"] == "step"], strict=True):
        assert loss == pytest.approx(line["loss"], abs=1e-5) and norm == pytest.approx(line["norm"], rel=1e-4)


def test_parts_go_on_from_a_checkpoint_that_holds_the_whole(runs: Path) -> None:
    assert apart(runs, "stopped", "parts") == 0.0
    stored = load_file(
        next(iter(sorted((runs / "parts" / "checkpoints").glob("step-*")))) / "model.safetensors"
    )
    whole = load_file(runs / "parts" / "model.safetensors")
    assert {name: tuple(one.shape) for name, one in stored.items()} == {
        name: tuple(one.shape) for name, one in whole.items()
    }


def test_a_run_in_parts_loads_in_plain_transformers(runs: Path) -> None:
    from transformers import AutoModelForCausalLM

    models: Any = AutoModelForCausalLM
    first, second = (models.from_pretrained(runs / name).eval() for name in ("parts", "alone"))
    ids = torch.arange(5, 40)[None]
    with torch.no_grad():
        assert torch.allclose(first(input_ids=ids).logits, second(input_ids=ids).logits, atol=1e-4)


def test_weights_are_parted_only_where_they_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepare(options(tmp_path, 2), chats(24))
    full = sizing.sized(prepared, prepared.config)[1].needed
    for memory, wanted in ((2 * full, 1), (full, 2)):
        monkeypatch.setattr(forecast, "memory", lambda device, memory=memory: memory)
        assert sizing.shards(prepared, 2) == wanted
        assert sizing.shards(prepared, 1) == 1
    monkeypatch.setattr(forecast, "memory", lambda device: full)
    assert sizing.forecasted(prepared, 2)[1].needed < full


def test_adapters_are_not_parted() -> None:
    with pytest.raises(ConfigError, match=r"leave run\.shard out"):
        Config(run=Run(shard="on"), lora=Lora(rank=4))
    assert changed(Config(lora=Lora(rank=4)), "run", shard="auto").run.shard == "auto"
