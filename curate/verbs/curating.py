"""Verbs that read raw logs: run, preview."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from curate.verbs.app import Format, Inputs, Json, Lang, Out, Quiet, RecipeFile, Sets, app, check_language


@app.command(epilog="Example: curate run samples/ --out out/")
def run(
    inputs: Inputs = None,
    out: Out = "out",
    recipe: RecipeFile = "chat",
    sets: Sets = None,
    format_: Format = "auto",
    workers: Annotated[int, typer.Option(help="Processes; 0 means one for each core.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Read this many conversations at most.")] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Write the curated set as JSON lines too.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 2 on unreadable files, 3 on an alarm, after the run.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace a finished run in OUT.")] = False,
    keep_unread: Annotated[
        bool,
        typer.Option("--keep-unread", help="Keep the bytes of unreadable records (they may be private)."),
    ] = False,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    with_bias: Annotated[
        bool, typer.Option("--bias/--no-bias", help="Audit for bias as well: bias.html and bias.json.")
    ] = True,
    lang: Lang = "en",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Curate raw chat logs: a training set, a report, and a reason for every decision."""
    from rich.console import Console

    from curate import live, runs, terminal

    begun = time.perf_counter()
    check_language(lang)
    console = Console(stderr=True, highlight=False)
    with live.live(console, quiet) as progress:
        done = runs.run(
            inputs or [],
            out,
            recipe,
            sets=sets or (),
            format=format_,
            workers=workers,
            limit=limit,
            jsonl=jsonl,
            fresh=fresh,
            keep_unread=keep_unread,
            engine=engine,
            progress=progress,
        )
        if progress and not done.already:
            progress("telling", 0, 1)
        done.report(lang, bias=with_bias)
    if as_json:
        print(json.dumps(done.manifest, ensure_ascii=False))
    if not quiet:
        terminal.summary(console, done, time.perf_counter() - begun)
    if strict:
        runs.stand_strict(done)


@app.command(epilog="Example: curate preview samples/ --sample 100")
def preview(
    inputs: Inputs = None,
    recipe: RecipeFile = "chat",
    sets: Sets = None,
    format_: Format = "auto",
    workers: Annotated[int, typer.Option(help="Processes; 0 means one for each core.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Read this many conversations at most.")] = None,
    sample: Annotated[int, typer.Option(help="Conversations to draw.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed draws others.")] = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Tell what a run would do, from a sample: the funnel, examples, time and memory. Writes nothing."""
    from rich.console import Console

    from curate import live, preview_terminal
    from curate import preview as looked

    console = Console(stderr=True, highlight=False)
    with live.live(console, quiet) as progress:
        told = looked.preview(
            inputs or [],
            recipe,
            sets=sets or (),
            format=format_,
            workers=workers,
            limit=limit,
            sample=sample,
            seed=seed,
            progress=progress,
        )
    if as_json:
        print(json.dumps(looked.as_data(told), ensure_ascii=False))
    if not quiet:
        preview_terminal.show(console, told)
