"""Verbs on recipes and passes: check, passes, init."""

from __future__ import annotations

from typing import Annotated

import typer

from curate.verbs.app import app


@app.command(epilog="Example: curate check chat")
def check(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of a shipped one.")],
) -> None:
    """Check a recipe without reading any input: names, types, order, and that each rule judges alone."""
    from curate.check import check as checked
    from curate.recipe import load

    for remark in checked(load(recipe)):
        print(f"note: {remark}")
    print(f"{recipe}: sound")


@app.command(epilog="Example: curate passes near_duplicates")
def passes(name: Annotated[str | None, typer.Argument(help="One pass; all without.")] = None) -> None:
    """List the passes, or tell what one does and which options it has."""
    from rich.console import Console

    from curate import listing, terminal

    console = Console(highlight=False)
    if name is None:
        console.print(terminal.passes_table(listing.all_listed()))
    else:
        terminal.describe(console, listing.listed(name))


@app.command(epilog="Example: curate init my-recipe.toml --recipe support")
def init(
    target: Annotated[str, typer.Argument(metavar="FILE", help="The recipe to write.")] = "recipe.toml",
    recipe: Annotated[str, typer.Option(help="The shipped recipe to start from.")] = "chat",
) -> None:
    """Write a commented recipe to start from."""
    from curate import listing

    path = listing.start(target, recipe)
    print(f"{path} written; 'curate check {path}' checks it, 'curate run INPUT --recipe {path}' runs it")
