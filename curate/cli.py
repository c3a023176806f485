"""The command line: each verb parses, calls once, prints. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from curate.errors import LimitBrokenError, TamisError, unknown

if TYPE_CHECKING:
    from curate.bias import BiasFacts
    from curate.runs import Run

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
Lang = Annotated[str, typer.Option("--lang", help="Language of the reports: en or fr.")]
RunFolder = Annotated[str, typer.Argument(metavar="OUT", help="Folder of a finished run.")]


def main() -> NoReturn:
    """The entry point: errors of the user's making are one sentence and exit status 2 (3: a limit broken)."""
    try:
        app(standalone_mode=True)
    except BrokenPipeError:
        leave("", 0)
    except LimitBrokenError as error:
        leave(str(error), 3)
    except TamisError as error:
        leave(str(error), 2)
    except OSError as error:
        told = f"'{error.filename}'" if error.filename else "a file"
        leave(
            f"{told} cannot be read or written: {error.strerror}; mend that and run the same command again", 2
        )
    sys.exit(0)


def leave(sentence: str, status: int) -> NoReturn:
    """Say why on standard error and exit."""
    if sentence:
        print(f"curate: {sentence}", file=sys.stderr)
    sys.exit(status)


def check_language(lang: str) -> None:
    """Raises TamisError, before anything is read, for a language that the reports do not have."""
    from reports.words import LANGUAGES

    if lang not in LANGUAGES:
        raise TamisError(unknown("language", lang, LANGUAGES, "--lang"))


def audited(done: Run, lang: str, declared: Sequence[str] = ()) -> BiasFacts:
    """The bias audit of a finished run; in a folder its facts and its page are written."""
    from curate.bias import audit
    from reports import bias as page

    found = audit(done, declared=declared)
    if done.storage.local:
        page.write(done.out, lang=lang)
    return found


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

    import reports
    from curate import runs, terminal

    check_language(lang)
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
        if with_bias:
            audited(done, lang)
    if as_json:
        print(json.dumps(done.manifest, ensure_ascii=False))
    if not quiet:
        terminal.summary(console, done)
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

    from curate import preview as looked
    from curate import preview_terminal, terminal

    console = Console(stderr=True, highlight=False)
    with terminal.live(console, quiet) as progress:
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


@app.command(epilog="Example: curate why out/ 7004")
def why(
    out: RunFolder,
    conversation_id: Annotated[str, typer.Argument(metavar="ID", help="A conversation's id.")],
    as_json: Json = False,
) -> None:
    """Tell what was changed in one conversation and what was decided, with the evidence."""
    from dataclasses import asdict

    from rich.console import Console

    from curate import runs, terminal

    told = runs.open_run(out).why(conversation_id)
    if as_json:
        print(json.dumps(asdict(told), ensure_ascii=False))
    else:
        terminal.tell(Console(highlight=False), told)


@app.command(epilog="Example: curate rejudge out/ --set near_duplicates.limit=0.85")
def rejudge(out: RunFolder, sets: Sets = None, lang: Lang = "en", quiet: Quiet = False) -> None:
    """Decide again with other limits, on what was measured: new verdicts, no text is read anew."""
    from rich.console import Console

    import reports
    from curate import rejudge as again
    from curate import terminal

    check_language(lang)
    done = again.rejudge(out, sets or ())
    if done.storage.local:
        reports.write(out, lang=lang)
    if not quiet:
        terminal.summary(Console(stderr=True, highlight=False), done)


@app.command(epilog="Example: curate report out/ --lang fr")
def report(out: RunFolder, lang: Lang = "en") -> None:
    """Write the report of a finished run again, in English or in French."""
    import reports
    from curate import runs

    check_language(lang)
    runs.open_run(out)
    for path in reports.write(out, lang=lang):
        print(path)


@app.command(epilog="Example: curate bias out/ --fail-on bias.toml")
def bias(
    out: RunFolder,
    fail_on: Annotated[
        str | None,
        typer.Option("--fail-on", metavar="FILE", help="Limits in TOML; exit 3 where one is broken."),
    ] = None,
    declared: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="A field of the export by which a group is declared."),
    ] = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Audit a finished run for bias: who is mentioned and how, and what the sieve did to whom."""
    from curate import runs
    from curate.bias import facts, limits

    check_language(lang)
    wanted = limits.load(fail_on) if fail_on else None
    done = runs.open_run(out)
    found = audited(done, lang, declared or ())
    if done.storage.local and not as_json:
        print(done.storage.path("bias.html"))
    if as_json:
        sys.stdout.write(facts.to_json(found).decode())
    if wanted:
        limits.stand(found, wanted, out)


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


@app.command(epilog="Example: curate verify out/")
def verify(out: RunFolder) -> None:
    """Check a finished run: every file against its hash, every row counted."""
    from curate.verify import verify as verified

    wrong = verified(out)
    for line in wrong:
        print(line)
    if wrong:
        raise LimitBrokenError(
            f"{len(wrong)} thing(s) are wrong with {out}; run 'curate run' again with --fresh"
        )
    print(f"{out}: whole")


if __name__ == "__main__":
    main()
