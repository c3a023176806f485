"""The command line: each verb parses, calls once, prints. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import sys
from typing import Annotated, NoReturn

import typer

from curate.errors import LimitBrokenError, TamisError

app = typer.Typer(
    name="curate",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Raw chat logs in, a training set with every decision explained out.\n\n"
    "Example: curate run samples/ --out out/",
)

Inputs = Annotated[list[str] | None, typer.Argument(metavar="INPUT...", help="Files, folders, globs.")]
Out = Annotated[str, typer.Option("--out", help="Folder (or s3://, gs://) to write.")]
RecipeFile = Annotated[str, typer.Option("--recipe", help="A recipe's file, or the name of a shipped one.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="PASS.OPTION=VALUE", help="Change an option.")
]
Format = Annotated[str, typer.Option("--format", help="auto, or the name of a format.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
RunFolder = Annotated[str, typer.Argument(metavar="OUT", help="Folder of a finished run.")]


def main() -> NoReturn:
    """The entry point: errors of the user's making are one sentence and exit status 2 (3: a limit broken)."""
    try:
        app(standalone_mode=True)
    except LimitBrokenError as error:
        leave(str(error), 3)
    except TamisError as error:
        leave(str(error), 2)
    except BrokenPipeError:
        leave("", 0)
    sys.exit(0)


def leave(sentence: str, status: int) -> NoReturn:
    """Say why on standard error and exit."""
    if sentence:
        print(f"curate: {sentence}", file=sys.stderr)
    sys.exit(status)


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
    lang: Annotated[str, typer.Option(help="Language of the reports: en or fr.")] = "en",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Curate raw chat logs: a training set, a report, and a reason for every decision."""
    from rich.console import Console

    import reports
    from curate import runs, terminal

    console = Console(stderr=True, highlight=False)
    with terminal.live(console, quiet) as progress:
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
    if done.storage.local:
        reports.write(out, lang=lang)
    if as_json:
        print(json.dumps(done.manifest, ensure_ascii=False))
    if not quiet:
        terminal.summary(console, done)
    if strict:
        runs.stand_strict(done)


if __name__ == "__main__":
    main()
