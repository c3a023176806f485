"""One training run, from a configuration to a folder that transformers loads; and going on with one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from train import attention, canaries, checkpoint, forecast, loop, lora, models, pack, shard
from train.checkpoint import State
from train.config import Config, from_dict
from train.errors import ConfigError
from train.folder import RUN, check_folder, read_run, ready_folder, save_model, write_run
from train.log import Log
from train.prepare import Prepared, dtype_of, prepare
from train.records import Conversation
from train.sizing import forecasted, shards
from train.tokenizer import tokenizer_hash

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
    if rank == 0:
        check_folder(folder, resume, fresh)
    meet(world)
    threads(config)
    prepared = prepare(config, conversations)
    rows, told, recompute = forecasted(prepared, world)
    expected = State(config.hash(), prepared.data_hash, tokenizer_hash(prepared.tokenizer))
    parted = shards(prepared, world) > 1
    base, model = made(prepared, recompute, "cpu" if parted else prepared.device)
    whole = shard.sharded(base, prepared.device, dtype_of(config, prepared.device)) if parted else None
    optimizer = loop.optimizer_of(model, config.optim, prepared.device)
    if rank == 0:  # not before: what was asked for has been looked at by now
        ready_folder(folder, resume, fresh)
        prepared.tokenizer.save_pretrained(folder)
        write_run(folder, prepared, told, expected)
        canaries.write(folder, config.canaries)
    meet(world)  # nobody looks into the folder before it is ready, nor while a checkpoint is written
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
        documents=pack.capacity(prepared.plan, rows, world),
        pad=prepared.tokenizer.pad_token_id,
        backend=prepared.backend,
        device=prepared.device,
        dtype=dtype_of(config, prepared.device),
        rank=rank,
        world=world,
        whole=whole,
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
    save_model(run, rank)
    return run


def take_steps(run: Fit, setup: loop.Setup, optimizer: Any, watch: Watch) -> None:
    """Run the loop; log each step, save as often as asked and at the end."""
    config, places = setup.config, run.folder / "checkpoints"
    log = Log(run.folder / "log.jsonl", run.state.step) if setup.rank == 0 else None
    board = writer(run.folder) if config.run.tensorboard and setup.rank == 0 else None
    saved = run.state.step

    def after(step: loop.Step, state: State) -> None:
        if log is not None:
            peak = run.forecast.peak * setup.world
            mfu = run.forecast.flops_per_token * step.slots / (step.seconds * peak)
            log.step(step, setup.sequences, mfu=round(mfu, 4))
            if board is not None:
                for name in ("loss", "rate", "norm", "seconds"):
                    board.add_scalar(name, getattr(step, name), step.number)
        if config.run.save_every and state.step % config.run.save_every == 0:
            keep(state)
        watch(step, state, run)

    def keep(state: State) -> None:
        nonlocal saved
        told = checkpoint.content(run.model, optimizer)  # every process: parts are gathered
        if setup.rank == 0:
            checkpoint.save(places, state, told, config.run.keep)
        saved = state.step

    if run.state.step == 0 and log is not None:
        log.write("start", steps=len(setup.plan), **run.prepared.accounting.as_dict())
    for _ in loop.run(setup, optimizer, run.state, after):
        pass
    if saved != run.state.step or not run.state.step:
        keep(run.state)
    if log is None:
        return
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


def meet(world: int) -> None:
    """Wait for the other processes, if there are any."""
    if world > 1:
        import torch

        torch.distributed.barrier()


def leave() -> None:
    """Part from the other processes once all are done, so that none of them ends in the middle of a word."""
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def threads(config: Config) -> None:
    """Torch's CPU threads as asked; TF32 products where fp32 ones are left on a GPU."""
    import torch

    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    torch.set_float32_matmul_precision("high")


def made(prepared: Prepared, recompute: bool = False, device: str = "") -> tuple[Any, Any]:
    """The model to run and the one that holds what is trained (the same without adapters).

    `device`: where its weights are put first; the prepared one unless given.
    """
    import torch

    config = prepared.config
    dtype = dtype_of(config, prepared.device)
    model = models.load(config, prepared.tokenizer, dtype, device or prepared.device)
    rows = prepared.architecture.vocab_size
    torch.manual_seed(config.run.seed)
    if config.lora.rank:
        model = lora.adapt(model, config.lora, range(rows, len(prepared.tokenizer)))
    base = lora.plain(model)
    attention.attach(base, prepared.backend, prepared.row_length)
    if recompute:
        models.recompute(base)
        base.enable_input_require_grads()
    return base, model
