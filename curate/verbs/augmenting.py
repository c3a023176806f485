"""The verb that makes more of a finished run: augment."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from curate.verbs.app import Json, Quiet, RunFolder, app


@app.command(epilog="Example: curate augment out/ --to augmented/")
def augment(
    out: RunFolder,
    to: Annotated[str, typer.Option("--to", metavar="NEW", help="A new folder to write.")],
    axis: Annotated[str, typer.Option(help="What is swapped: gender.")] = "gender",
    share: Annotated[float, typer.Option(help="Share of what can be swapped that gets a copy.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Draws that share.")] = 0,
    only: Annotated[bool, typer.Option("--only", help="Write the copies without the originals.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a new set with swapped copies: the same conversation, the gender of everyone in it the other."""
    from curate.augment.card import summary
    from curate.augment.copies import augment as write

    done = write(out, to, axis, share, seed, only=only)
    if as_json:
        print(json.dumps(done.told()))
    if not quiet:
        print(summary(done.told()), file=sys.stderr)
