"""The application that every verb joins, and the arguments that verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="curate",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Raw chat logs in, a training set with every decision explained out.\n\n"
    "Example: curate run samples/ --out out/",
)

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT...", help="Files, folders, globs; without, those of the recipe's [[input]]."
    ),
]
Out = Annotated[str, typer.Option("--out", help="Folder (or s3://, gs://) to write.")]
RecipeFile = Annotated[
    str,
    typer.Option(
        "--recipe",
        help="A recipe's file, or the name of a shipped one. Its [[input]] say how to read the files "
        "of INPUT that they name.",
    ),
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="PASS.OPTION=VALUE", help="Change an option.")
]
Format = Annotated[str, typer.Option("--format", help="auto, or the name of a format for all of INPUT.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Lang = Annotated[str, typer.Option("--lang", help="Language of the reports: en or fr.")]
RunFolder = Annotated[str, typer.Argument(metavar="OUT", help="Folder of a finished run.")]


def check_language(lang: str) -> None:
    """Raises TamisError, before anything is read, for a language that the pages do not have."""
    from curate.pages import check_language as checked

    checked(lang)
