"""Verbs that measure models: eval, demo, prove."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from train.verbs.app import ConfigFile, Json, ModelSource, Quiet, Sets, Source, app


@app.command("eval", epilog="Example: train eval model/ out/ --to eval.json")
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder of a model, or a hub name.")],
    source: Source,
    to: Annotated[str, typer.Option("--to", help="A JSON file to write.")] = "",
    against: Annotated[str, typer.Option("--against", help="An earlier JSON file to compare with.")] = "",
    trained_on: Annotated[
        str, typer.Option("--trained-on", metavar="OUT", help="Stop if its near-duplicates are evaluated on.")
    ] = "",
    limit: Annotated[int | None, typer.Option(help="Evaluate on this many conversations at most.")] = None,
    window: Annotated[int, typer.Option(help="Tokens of a window; 0: what the model takes.")] = 0,
    stride: Annotated[int, typer.Option(help="Tokens between windows; 0: half a window.")] = 0,
    rows: Annotated[int, typer.Option(help="Rows in a batch (no number depends on it).")] = 0,
    context: Annotated[int, typer.Option(help="Conversations for the gain by context; 0: none.")] = 200,
    stand_ins: Annotated[str, typer.Option("--stand-ins", help="mask or learn.")] = "mask",
    dtype: Annotated[str, typer.Option("--dtype", help="float32 or bfloat16.")] = "float32",
    pairs: Annotated[
        str, typer.Option("--pairs", metavar="CSV", help="Likelihood gaps on pairs (CrowS-Pairs form).")
    ] = "",
    swaps: Annotated[bool, typer.Option("--swaps", help="Likelihood gaps on the audit's swaps.")] = False,
    requests: Annotated[
        int, typer.Option("--requests", help="Ask this many requests (24 at most) as every group.")
    ] = 0,
    generate: Annotated[
        int,
        typer.Option("--generate", help="Answer this many openings; count what looks private."),
    ] = 0,
    canaries: Annotated[
        str, typer.Option("--canaries", metavar="RUN", help="How well RUN's canaries are remembered.")
    ] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure perplexity and bits per byte of assistant messages, by slice, with intervals."""
    from rich.console import Console

    from train import evaluation
    from train.checks.run import wanted
    from train.evaluate import Options

    asked = Options(
        window=window, stride=stride, rows=rows, context=context, stand_ins=stand_ins, dtype=dtype
    )
    console = Console(stderr=as_json, highlight=False, quiet=quiet)
    told = evaluation.run(
        console,
        model,
        source,
        asked,
        to=to,
        against=against,
        trained_on=trained_on,
        limit=limit,
        asked=wanted(pairs, swaps, requests, generate, canaries),
    )
    if as_json:
        print(json.dumps(told.as_dict()))


@app.command(epilog="Example: train demo")
def demo(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="[LOGS...]", help="Raw logs; invented ones without.")
    ] = None,
    tokens: Annotated[int, typer.Option(help="Target tokens that each model sees.")] = 0,
    workers: Annotated[int, typer.Option(help="Models trained at a time; 0: one a core.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Curate logs, train a small model on raw and on curated, compare: minutes on a laptop, no download."""
    from rich.console import Console

    from train import demo as demos
    from train import demo_table

    console = Console(stderr=as_json, highlight=False, quiet=quiet)
    told = demos.demo(inputs or (), tokens=tokens or demos.TOKENS, workers=workers, say=console.print)
    demo_table.show(console, told)
    if as_json:
        print(json.dumps(told.as_dict()))


@app.command(epilog="Example: train prove out/ --controls random,epochs,passes --to proof/")
def prove(
    outs: Annotated[
        list[str], typer.Argument(metavar="OUT...", help="A curation run; more are further arms.")
    ],
    to: Annotated[str, typer.Option("--to", help="Folder to write.")] = "proof",
    model: ModelSource = "",
    config: ConfigFile = "",
    sets: Sets = None,
    controls: Annotated[str, typer.Option(help="Of: random, epochs, passes.")] = "random,epochs",
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", metavar="PASS", help="An arm without this pass.")
    ] = None,
    other: Annotated[
        list[str] | None, typer.Option("--other", metavar="NAME=FILE", help="Another tool's set.")
    ] = None,
    trained: Annotated[
        list[str] | None,
        typer.Option("--trained", metavar="NAME=MODEL", help="Train nothing: score these models."),
    ] = None,
    outside: Annotated[str, typer.Option(help="A file to score on that curation never saw.")] = "",
    seeds: Annotated[int, typer.Option(help="Seeds of each arm, three or more.")] = 3,
    tokens: Annotated[int, typer.Option(help="Target tokens of each arm; 0: one epoch of raw.")] = 0,
    held_out: Annotated[float, typer.Option("--held-out", help="Share of different chats held out.")] = 0.1,
    split_seed: Annotated[int, typer.Option("--split-seed", help="Another split.")] = 0,
    workers: Annotated[int, typer.Option(help="Models trained at a time; 0: one a core.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prove on models whether curation helped, and which pass earned its place."""
    from rich.console import Console

    from train import config as configs
    from train import proving
    from train.prove import Asked

    asked = Asked(
        outs=tuple(outs),
        config=configs.load(config) if config else configs.Config(),
        seeds=seeds,
        tokens=tokens,
        held_out=held_out,
        split_seed=split_seed,
        controls=tuple(name for name in controls.split(",") if name),
        passes=tuple(leave_out or ()),
        others=proving.named(other or (), "--other"),
        outside=outside,
        trained=proving.named(trained or (), "--trained"),
        workers=workers,
    )
    console = Console(stderr=as_json, highlight=False, quiet=quiet)
    told = proving.run(console, asked, to, model=model, sets=sets or ())
    if as_json:
        print(json.dumps(proving.plain(told.as_dict())))
