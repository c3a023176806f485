"""Verbs that ask or change a finished run: why, export, rejudge, report, bias, compare, verify."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curate.errors import InputError, LimitBrokenError, TamisError
from curate.verbs.app import Json, Lang, Quiet, RunFolder, Sets, app, check_language

if TYPE_CHECKING:
    from curate.bias import BiasFacts
    from curate.diversity.facts import DiversityFacts
    from curate.runs import Run


@contextmanager
def sound(out: str) -> Iterator[None]:
    """What goes wrong inside because a file of the run is damaged is told as that; a defect stays one."""
    from curate.verify import verify as verified
    from reports.shapes import ReportError

    try:
        yield
    except (TamisError, OSError, KeyboardInterrupt):
        raise
    except Exception as error:
        wrong = verified(out)
        if wrong:
            raise InputError(
                f"{wrong[0]} in '{out}'; 'curate verify {out}' says what else, "
                f"'curate run INPUT --out {out} --fresh' makes it anew"
            ) from None
        if isinstance(error, ReportError):
            raise TamisError(str(error)) from None
        raise


def audited(done: Run, lang: str, declared: Sequence[str] = ()) -> BiasFacts:
    """The bias audit of a finished run; in a folder its facts and its page are written."""
    from curate.bias import audit
    from reports import bias as page

    found = audit(done, declared=declared)
    if done.storage.local:
        page.write(done.out, lang=lang)
    return found


def tell(lines: Sequence[str]) -> None:
    """Lines on standard output."""
    print("\n".join(lines))


def pages_of(done: Run, page: str, twin: str) -> list[str]:
    """Where a page and the facts lie; a run in a bucket has the facts only."""
    return [done.storage.path(name) for name in ([page] if done.storage.local else []) + [twin]]


def diversified(done: Run) -> DiversityFacts:
    """How diverse a finished run is: its facts and the table of topics are written."""
    from curate.diversity.examine import measure

    return measure(done)


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

    with sound(out):
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

    begun = time.perf_counter()
    check_language(lang)
    with sound(out):
        done = again.rejudge(out, sets or ())
        diversified(done)
        if done.storage.local:
            reports.write(out, lang=lang)
    if not quiet:
        terminal.summary(
            Console(stderr=True, highlight=False), done, time.perf_counter() - begun, sieved=False
        )


@app.command(epilog="Example: curate report out/ --lang fr")
def report(out: RunFolder, lang: Lang = "en") -> None:
    """Write the report of a finished run again, in English or in French."""
    import reports
    from curate import runs

    check_language(lang)
    runs.open_run(out)
    with sound(out):
        written = reports.write(out, lang=lang)
    for path in written:
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
    from reports import bias as page

    check_language(lang)
    wanted = limits.load(fail_on) if fail_on else None
    done = runs.open_run(out)
    with sound(out):
        found = audited(done, lang, declared or ())
    twin = facts.to_json(found)
    if as_json:
        sys.stdout.write(twin.decode())
    else:
        tell([*page.sentences(twin, lang), *pages_of(done, "bias.html", facts.NAME)])
    if wanted:
        limits.stand(found, wanted, out)


@app.command(epilog="Example: curate compare out/ other/")
def compare(
    out_a: Annotated[str, typer.Argument(metavar="OUT_A", help="Folder of a finished run.")],
    out_b: Annotated[str, typer.Argument(metavar="OUT_B", help="Folder of another one.")],
    to: Annotated[
        str, typer.Option("--to", metavar="FILE", help="The page to write; its JSON twin lies beside it.")
    ] = "compare.html",
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Compare two finished runs: what moved, in which slices, which conversations only one keeps and why."""
    from curate.compare import facts, gather
    from reports import compare as page

    check_language(lang)
    if Path(to).suffix != ".html" or not Path(to).parent.is_dir():
        raise TamisError(f"--to '{to}' must be a file that ends in .html, in a folder that is there")
    with sound(out_a), sound(out_b):
        twin = facts.to_json(gather.compare(out_a, out_b))
    written = page.write(twin, to, lang)
    if as_json:
        sys.stdout.write(twin.decode())
    else:
        tell([*page.sentences(twin, lang), *map(str, written)])


@app.command(epilog="Example: curate diversity out/")
def diversity(
    out: RunFolder,
    reference: Annotated[
        list[str] | None,
        typer.Option("--reference", metavar="LOGS", help="Raw logs of the traffic to come, to compare with."),
    ] = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Tell how diverse a finished run is: topics, languages, intents, and what to collect next."""
    import reports
    from curate import runs
    from curate.diversity import facts
    from curate.diversity.reference import compare
    from reports.diversity import sentences

    check_language(lang)
    done = runs.open_run(out)
    with sound(out):
        found = diversified(done)
        if reference:
            found = compare(done, reference, found)
        if done.storage.local:
            reports.write(out, lang=lang)
    if as_json:
        sys.stdout.write(facts.to_json(found).decode())
    else:
        tell([*sentences(facts.to_json(found), lang), *pages_of(done, "report.html", facts.NAME)])


@app.command(epilog="Example: curate export out/ --to train.jsonl --format trl")
def export(
    out: RunFolder,
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="The JSON lines to write.")],
    form: Annotated[str, typer.Option("--format", help="openai, trl, axolotl or torchtune.")] = "openai",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE where it is there.")] = False,
) -> None:
    """Write the curated set in the form of a trainer, so that what is shown only is not learned there."""
    from curate import exporting, runs

    told = exporting.export(runs.open_run(out), to, form, overwrite=overwrite)
    print(f"{told.path}: {told.rows:,} rows from {told.conversations:,} conversations")
    print(f"{told.learned:,} answers are learned, {told.shown:,} shown only")
    if told.left_out:
        print(f"{told.left_out:,} conversations have no answer to learn and no row")
    print(f"{form}: {told.tell}")


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
