"""One training run, from a configuration to a folder that transformers loads; and going on with one."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from train import attention, canaries, checkpoint, forecast, loop, lora, models
from train.checkpoint import State
from train.config import Config, changed, from_dict
from train.errors import ConfigError, DataError
from train.log import Log
from train.prepare import Prepared, prepare
from train.records import Conversation
from train.tokenizer import tokenizer_hash

RUN = "train.json"
"""What a run was asked, and what it found, in its folder."""

Watch = Callable[[loop.Step, State, "Fit"], None]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A run that is under way or done: model and tokenizer in memory, `state`, and the folder."""

    folder: Path
    prepared: Prepared
    model: Any
    tokenizer: Any
    state: State
    forecast: forecast.Forecast


def fit(
    config: Config,
    folder: str | Path,
    *,
    conversations: Sequence[Conversation] | None = None,
    resume: bool = False,
    fresh: bool = False,
    force: bool = False,
    watch: Watch = lambda step, state, fit: None,
) -> Fit:
    """Train as the configuration says and write the model to `folder`.

    The folder holds the model as transformers reads it (or adapters as peft does), the tokenizer,
    `train.json` (options, hashes, accounting, versions), `log.jsonl` and `checkpoints/`. A run that was
    killed goes on with `resume`, bit for bit on a CPU. `watch` is called after each step.

    Raises ConfigError, DataError; LimitBrokenError where assistant tokens would be lost over the limit.
    """
    folder = Path(folder)
    rank, world = processes(config)
    ready_folder(folder, resume, fresh)
    threads(config)
    prepared = prepare(config, conversations)
    rows, told, recompute = forecasted(prepared)
    expected = State(config.hash(), prepared.data_hash, tokenizer_hash(prepared.tokenizer))
    if rank == 0:
        prepared.tokenizer.save_pretrained(folder)
        write_run(folder, prepared, told, expected)
        canaries.write(folder, config.canaries)
    base, model = made(prepared, recompute)
    optimizer = loop.optimizer_of(model, config.optim, prepared.device)
    state = expected
    place = checkpoint.latest(folder / "checkpoints")
    if resume and place is not None:
        state = checkpoint.load(place, expected, model, optimizer, force)
    setup = loop.Setup(
        config=config,
        model=base,
        sequences=prepared.sequences,
        plan=prepared.plan,
        rows=rows,
        row_length=prepared.row_length,
        documents=prepared.documents(rows),
        pad=prepared.tokenizer.pad_token_id,
        backend=prepared.backend,
        device=prepared.device,
        dtype=dtype_of(config, prepared.device),
        rank=rank,
        world=world,
    )
    run = Fit(
        folder=folder,
        prepared=prepared,
        model=model,
        tokenizer=prepared.tokenizer,
        state=state,
        forecast=told,
    )
    take_steps(run, setup, optimizer, watch)
    if rank == 0:
        save_model(run)
    return run


def take_steps(run: Fit, setup: loop.Setup, optimizer: Any, watch: Watch) -> None:
    """Run the loop; log each step, save as often as asked and at the end."""
    config, places = setup.config, run.folder / "checkpoints"
    log = Log(run.folder / "log.jsonl", run.state.step) if setup.rank == 0 else None
    board = writer(run.folder) if config.run.tensorboard and setup.rank == 0 else None
    saved = run.state.step

    def after(step: loop.Step, state: State) -> None:
        nonlocal saved
        if log is not None:
            peak = run.forecast.peak * setup.world
            mfu = run.forecast.flops_per_token * step.slots / (step.seconds * peak)
            log.step(step, setup.sequences, mfu=round(mfu, 4))
            if board is not None:
                for name in ("loss", "rate", "norm", "seconds"):
                    board.add_scalar(name, getattr(step, name), step.number)
            if config.run.save_every and state.step % config.run.save_every == 0:
                checkpoint.save(places, state, run.model, optimizer, config.run.keep)
                saved = state.step
        watch(step, state, run)

    if run.state.step == 0 and log is not None:
        log.write("start", steps=len(setup.plan), **run.prepared.accounting.as_dict())
    for _ in loop.run(setup, optimizer, run.state, after):
        pass
    if log is None:
        return
    if saved != run.state.step or not run.state.step:
        checkpoint.save(places, run.state, run.model, optimizer, config.run.keep)
    log.write("end", **asdict(run.state))
    log.close()
    if board is not None:
        board.close()


def writer(folder: Path) -> Any:
    """TensorBoard's writer; ConfigError where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError(
            "run.tensorboard needs the package tensorboard; 'pip install tensorboard', or leave it out: "
            "log.jsonl holds the same"
        ) from error
    board: Any = SummaryWriter
    return board(folder / "tensorboard")


def resume(folder: str | Path, *, force: bool = False, watch: Watch = lambda step, state, fit: None) -> Fit:
    """Go on with the run in a folder, with the options it was begun with."""
    told = read_run(folder)
    config = from_dict(told["config"], str(Path(folder) / RUN))
    return fit(config, folder, resume=True, force=force, watch=watch)


def read_run(folder: str | Path) -> dict[str, Any]:
    """What `train.json` in a run's folder says."""
    path = Path(folder) / RUN
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"no training run at {folder}; 'train fit' makes one") from error
    if not isinstance(told, dict):
        raise DataError(f"{path} is not what 'train fit' wrote")
    return told


def ready_folder(folder: Path, resume: bool, fresh: bool) -> None:
    """Make the folder; one that holds a run is refused unless it is to go on or to be replaced."""
    begun = (folder / RUN).exists()
    if begun and not (resume or fresh):
        raise ConfigError(
            f"{folder} holds a training run; 'train resume {folder}' goes on with it, --fresh replaces it"
        )
    if fresh and begun and not resume:
        import shutil

        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        for name in (RUN, "log.jsonl", "train.html", canaries.NAME):
            (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def processes(config: Config) -> tuple[int, int]:
    """This process's number and how many there are (torchrun tells); more than one join a group."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    if world > 1:
        import torch

        cuda = torch.cuda.is_available() and config.run.device != "cpu"
        if cuda:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if cuda else "gloo")
    return rank, world


def threads(config: Config) -> None:
    """Torch's CPU threads as asked; TF32 products where fp32 ones are left on a GPU."""
    import torch

    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    torch.set_float32_matmul_precision("high")


def made(prepared: Prepared, recompute: bool = False) -> tuple[Any, Any]:
    """The model to run and the one that holds what is trained (the same without adapters)."""
    import torch

    config, device = prepared.config, prepared.device
    model = models.load(config, prepared.tokenizer, dtype_of(config, device), device)
    rows = prepared.architecture.vocab_size
    torch.manual_seed(config.run.seed)
    if config.lora.rank:
        model = lora.adapt(model, config.lora, range(rows, len(prepared.tokenizer)))
    base = lora.plain(model)
    attention.attach(base, prepared.backend, prepared.row_length)
    if recompute:
        base.gradient_checkpointing_enable({"use_reentrant": False})
        base.enable_input_require_grads()
    return base, model


def dtype_of(config: Config, device: str) -> Any:
    """What the arithmetic is done in."""
    import torch

    told = config.run.dtype
    if told == "auto":
        return torch.bfloat16 if device == "cuda" else torch.float32
    return torch.float32 if told == "float32" else torch.bfloat16


def forecasted(prepared: Prepared) -> tuple[int, forecast.Forecast, bool]:
    """Rows of a micro-batch, the forecast for them, and whether activations are recomputed; ConfigError where
    nothing fits. Recomputing costs a third more work: `auto` does so only if a single row does not fit."""
    wanted = prepared.config.run.checkpointing
    if wanted != "auto":
        return *sized(prepared, prepared.config), wanted == "on"
    try:
        return *sized(prepared, prepared.config), False
    except ConfigError:
        try:
            return *sized(prepared, changed(prepared.config, "run", checkpointing="on")), True
        except ConfigError:
            pass
        raise


def sized(prepared: Prepared, config: Config) -> tuple[int, forecast.Forecast]:
    """The most rows that fit, or as many as asked, with their forecast; ConfigError where they do not fit."""
    device, length = prepared.device, prepared.row_length

    def told(rows: int) -> forecast.Forecast:
        return forecast.forecast(
            config,
            prepared.architecture,
            slots=prepared.slots,
            batch_tokens=rows * length,
            device=device,
            length=prepared.mean_length,
        )

    if config.run.rows:
        found = told(config.run.rows)
        forecast.check(config, found, prepared.architecture, device, config.run.rows * length)
        return config.run.rows, found
    most = max(len(step) for step in prepared.plan)
    rows = max(1, (8192 if device == "cpu" else 65536) // length)
    rows = min(rows, 1 << (most - 1).bit_length())
    while rows > 1 and not told(rows).fits:
        rows //= 2
    found = told(rows)
    forecast.check(config, found, prepared.architecture, device, rows * length)
    return rows, found


def write_run(folder: Path, prepared: Prepared, told: forecast.Forecast, state: State) -> None:
    """Write `train.json`, whole or not at all."""
    import torch
    import transformers

    content = {
        "format": 1,
        "config": prepared.config.as_dict(),
        "hashes": {"config": state.config, "data": state.data, "tokenizer": state.tokenizer},
        "accounting": prepared.accounting.as_dict(),
        "steps": len(prepared.plan),
        "row_length": prepared.row_length,
        "padding": prepared.padding,
        "attention": prepared.backend,
        "device": prepared.device,
        "forecast": {**asdict(told), "needed": told.needed, "mfu_assumed": forecast.EXPECTED_MFU},
        "versions": {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "python": platform.python_version(),
        },
    }
    making = folder / f".{RUN}.tmp"
    making.write_text(json.dumps(content, indent=1), "utf-8")
    making.replace(folder / RUN)


def save_model(run: Fit) -> None:
    """Write weights (or adapters) and configuration where transformers (or peft) looks for them."""
    base = lora.plain(run.model)
    backend = run.prepared.backend
    base.set_attn_implementation("sdpa" if backend in ("varlen", "flex") else backend)
    run.model.save_pretrained(run.folder)


def with_data(config: Config, source: str) -> Config:
    """The configuration with its data taken from a source."""
    return changed(config, "data", source=source)
