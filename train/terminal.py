"""What the verbs show while they work and when they are done."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train import accounting, cut, records, show
from train.config import Config
from train.errors import DataError, StoppedError

if TYPE_CHECKING:
    from rich.console import Console

    from train.fit import Fit


def silence() -> None:
    """No progress bars and warnings of transformers: ours tell more."""
    from transformers.utils import logging as library

    logging: Any = library
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def forecast(console: Console, config: Config) -> None:
    """Tell what a run would need."""
    from train.prepare import prepare
    from train.sizing import forecasted

    silence()
    prepared = prepare(config)
    show.accounting(console, prepared.accounting)
    show.forecast(console, prepared, forecasted(prepared)[1])


def fit(console: Console, config: Config, to: str, *, fresh: bool, quiet: bool) -> Fit:
    """Train with a progress bar; say what came of it."""
    from train import fit as fits

    silence()
    with stoppable(to), Bar(console, quiet) as bar:
        done = fits.fit(config, to, fresh=fresh, watch=bar.step)
    finish(console, done)
    fits.leave()
    return done


def resume(console: Console, folder: str, *, force: bool, quiet: bool) -> Fit:
    """Go on with a progress bar."""
    from train import fit as fits

    silence()
    with stoppable(folder), Bar(console, quiet) as bar:
        done = fits.resume(folder, force=force, watch=bar.step)
    finish(console, done)
    fits.leave()
    return done


@contextmanager
def stoppable(folder: str) -> Iterator[None]:
    """Ctrl-C inside ends in one line: which command goes on with the run in the folder, and from where."""
    from train import checkpoint
    from train.folder import RUN

    try:
        yield
    except KeyboardInterrupt:
        if not (Path(folder) / RUN).exists():
            raise StoppedError("stopped before the first step; nothing was written") from None
        place = checkpoint.latest(Path(folder) / "checkpoints")
        start = "the first step" if place is None else f"step {int(place.name.partition('-')[2])}"
        hint = "" if place else " (--set run.save_every=100 would have kept checkpoints on the way)"
        raise StoppedError(f"stopped; 'train resume {folder}' goes on from {start}{hint}") from None


def finish(console: Console, done: Fit) -> None:
    """Write samples and the page; say where the model is and what to run next."""
    import os

    from train import checkpoint, lora, page, sample
    from train.export import open_model

    if int(os.environ.get("RANK", "0")):
        return
    state, source = done.state, done.prepared.config.data.source
    some = list(records.read(source, limit=20)) if Path(source).exists() else []
    model = lora.plain(done.model)
    if checkpoint.parted(model):  # other processes do not answer with this one
        model = open_model(done.folder, done.prepared.device)[0]
    sample.write(done.folder, model, done.tokenizer, some)
    page.write(done.folder)
    console.print(
        f"{state.step} steps, {state.targets:,} targets, {state.seconds:.0f} s; the model is in "
        f"{done.folder}, its page is train.html\n"
        f"next: train eval {done.folder} OUT, train export {done.folder}",
        soft_wrap=True,
    )


def result(done: Fit) -> dict[str, Any]:
    """What `--json` prints of a run."""
    return {
        "folder": str(done.folder),
        "steps": done.state.step,
        "targets": done.state.targets,
        "seconds": done.state.seconds,
        "accounting": done.prepared.accounting.as_dict(),
    }


class Bar:
    """A progress bar: step, loss, tokens per second, share of the peak, time left."""

    def __init__(self, console: Console, quiet: bool) -> None:
        from rich import progress

        self.bar = progress.Progress(
            progress.TextColumn("step"),
            progress.MofNCompleteColumn(),
            progress.BarColumn(),
            progress.TextColumn("{task.description}"),
            progress.TimeRemainingColumn(),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self.task: Any = None

    def __enter__(self) -> Bar:
        """Start to draw."""
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing."""
        self.bar.stop()

    def step(self, step: Any, state: Any, run: Fit) -> None:
        """One step further."""
        if self.task is None:
            self.task = self.bar.add_task("", total=len(run.prepared.plan))
        speed = step.slots / step.seconds
        told = f"loss {step.loss:.3f}  {speed:,.0f} tokens/s"
        if run.prepared.device != "cpu":  # a CPU has no peak that its maker states
            told += f"  MFU {speed * run.forecast.flops_per_token / run.forecast.peak:.0%}"
        self.bar.update(self.task, completed=state.step, description=told)


def tokens(
    console: Console, config: Config, wanted: str, count: int, text: bool, quiet: bool
) -> accounting.Accounting:
    """Show some conversations as tokens; the accounting of all."""
    from train import models
    from train.prepare import render_all, tokenizer_for

    models.check(config)
    if Path(config.data.source).exists():
        silence()
    conversations = list(records.read(config.data.source))
    tokenizer = tokenizer_for(config, conversations)
    rendered = render_all(tokenizer, conversations, config.data.stand_ins)
    counted = accounting.account(
        conversations, rendered, cut.fit_length(rendered, config.data.max_length, config.data.overlong)
    )
    chosen = [one for one in rendered if one.conversation_id == wanted] if wanted else rendered[:count]
    if wanted and not chosen:
        raise DataError(f"no conversation '{wanted}' in {config.data.source}; 'curate why' tells why")
    if quiet:
        return counted
    for one in chosen:
        console.rule(f"{one.conversation_id}: {len(one)} tokens, {one.targets} learned")
        console.print(show.tokens(one, tokenizer) if text else "\n".join(show.outline(one)), soft_wrap=True)
    show.accounting(console, counted)
    sys.stdout.flush()
    return counted
