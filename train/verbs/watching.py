"""Verbs that watch: monitor."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from train.verbs.app import Json, Quiet, app


@app.command(
    epilog="Example: train monitor model/ --baseline out/ --logs logs.jsonl --to history/ --no-model"
)
def monitor(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder of a model, or a hub name.")],
    baseline: Annotated[str, typer.Option("--baseline", metavar="RUN", help="The run to compare with.")],
    logs: Annotated[list[str], typer.Option("--logs", metavar="NEW", help="Fresh logs; may be repeated.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="[NEW...]", help="More fresh logs.")] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="HISTORY", help="Folder of history and page.")
    ] = "history",
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Measure no perplexity: load no model.")
    ] = False,
    fail_on: Annotated[str, typer.Option("--fail-on", metavar="TOML", help="What is an alarm.")] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare fresh logs with a baseline run; exit 3 where what people or the model say has shifted.

    Exit status 0 is for no alarm, and for too few conversations to tell anything: the line that is printed
    says which (50 different ones on either side, unless a --fail-on file says otherwise: least = 30).
    """
    from rich.console import Console

    from train.monitor import limits, watch

    asked = watch.Asked(
        model="" if no_model else model,
        baseline=baseline,
        logs=(*logs, *(more or ())),
        limits=limits.load(fail_on) if fail_on else limits.Limits(),
    )
    told = watch.run(Console(stderr=as_json, highlight=False, quiet=quiet), asked, to)
    if as_json:
        print(json.dumps(dict(told.line)))
    watch.stand(told, to)
