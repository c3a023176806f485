"""The verb that finds limits by group: calibrate."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from curate.verbs.app import Json, app


@app.command(epilog="Example: curate calibrate chat --every")
def calibrate(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of a shipped one.")] = "chat",
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Labelled texts (csv, jsonl, parquet); without: those that ship."),
    ] = None,
    text: Annotated[str, typer.Option(help="The file's column of texts.")] = "text",
    label: Annotated[str, typer.Option(help="Its column of labels: 1 is toxic.")] = "toxic",
    language: Annotated[
        str, typer.Option(help="Its column of languages, or the language of all.")
    ] = "language",
    rate: Annotated[
        float | None, typer.Option(help="Rate of false positives to bring every group to.")
    ] = None,
    every: Annotated[
        bool,
        typer.Option("--every", help="A limit for every large group, not only for those that stand out."),
    ] = False,
    least: Annotated[int, typer.Option(help="Harmless texts that a group must have.")] = 30,
    write: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the recipe with these limits to a new file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find limits by group at which too_toxic is wrong equally often, on texts that people labelled."""
    from dataclasses import asdict

    from rich.console import Console

    from curate import calibration
    from curate.calibration import terminal

    found = calibration.calibrated(
        recipe, data, text=text, label=label, language=language, rate=rate, every=every, least=least
    )
    if write:
        calibration.write(recipe, found.limits, write)
    if as_json:
        print(json.dumps({**asdict(found), "limits": found.limits}))
    else:
        terminal.show(Console(highlight=False), found, write)
