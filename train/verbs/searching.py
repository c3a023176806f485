"""Verbs that search: tune."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from train.verbs.app import ConfigFile, Json, ModelSource, Quiet, Sets, Source, app


@app.command(
    epilog="Example: train tune out/ --model config.json --lr 1e-4:1e-2 --batch 512,1024 --to tuned/"
)
def tune(
    source: Source,
    to: Annotated[str, typer.Option("--to", help="Folder to write; a search there goes on.")] = "tuned",
    model: ModelSource = "",
    config: ConfigFile = "",
    sets: Sets = None,
    lr: Annotated[
        str, typer.Option("--lr", metavar="LOW:HIGH", help="Learning rates; else 30 times down and up.")
    ] = "",
    batch: Annotated[
        str, typer.Option("--batch", metavar="N,N", help="Target tokens of a step to choose from.")
    ] = "",
    tokens: Annotated[
        str, typer.Option("--tokens", metavar="N,N", help="Budgets to choose from; else what fit would take.")
    ] = "",
    rank: Annotated[
        str, typer.Option("--rank", metavar="N,N", help="Ranks of adapters to choose from.")
    ] = "",
    trials: Annotated[int, typer.Option(help="Whole runs that the search may cost.")] = 9,
    method: Annotated[str, typer.Option(help="optuna, halving, or auto: optuna where it is there.")] = "auto",
    eta: Annotated[int, typer.Option(help="Halving: each rung's budget over the last one's.")] = 3,
    rungs: Annotated[int, typer.Option(help="Halving: rungs at most.")] = 3,
    seeds: Annotated[int, typer.Option(help="New seeds on which the best are trained again.")] = 3,
    held_out: Annotated[float, typer.Option("--held-out", help="Share of different chats held out.")] = 0.15,
    split_seed: Annotated[int, typer.Option("--split-seed", help="Another split.")] = 0,
    search_seed: Annotated[int, typer.Option("--search-seed", help="Other settings to try.")] = 0,
    workers: Annotated[int, typer.Option(help="Models trained at a time; 0: one a core.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search learning rate, batch, budget and adapter rank by bits per byte on held-out conversations."""
    from rich.console import Console

    from train import config as configs
    from train.tune import tuning
    from train.tune.search import Asked

    asked = Asked(
        source=source,
        config=configs.load(config) if config else configs.Config(),
        lr=lr,
        batch=batch,
        tokens=tokens,
        rank=rank,
        trials=trials,
        method=method,
        eta=eta,
        rungs=rungs,
        seeds=seeds,
        held_out=held_out,
        split_seed=split_seed,
        search_seed=search_seed,
        workers=workers,
    )
    console = Console(stderr=as_json, highlight=False, quiet=quiet)
    told = tuning.run(console, asked, to, model=model, sets=sets or ())
    if as_json:
        from train.proving import plain

        print(json.dumps(plain(told.as_dict())))
