"""What a person sees on the terminal: a live line per stage, then the funnel, the alarms, where to look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from curate.listing import Listed
from curate.runs import Run
from curate.stages import Progress as Told
from curate.why import Why

STAGES = {
    "sieving": "reading and sieving",
    "pairing": "looking for duplicates",
    "writing": "writing",
    "limits": "counting at other limits",
}


@contextmanager
def live(console: Console, quiet: bool) -> Iterator[Told | None]:
    """A function to tell of progress: a live line per stage on a terminal, one plain line each elsewhere."""
    if quiet:
        yield None
        return
    if not console.is_terminal:
        yield plain(console)
        return
    columns = (
        TextColumn("[bold]{task.description:<24}"),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f}%"),
        DownloadColumn(binary_units=True, table_column=None),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        lines: dict[str, TaskID] = {}

        def told(stage: str, done: int, of: int) -> None:
            if stage not in lines:
                lines[stage] = bars.add_task(STAGES.get(stage, stage), total=of)
            bars.update(lines[stage], completed=done, total=of)

        yield told


def plain(console: Console) -> Told:
    """Progress for a log: a line when a stage begins."""
    seen: set[str] = set()

    def told(stage: str, done: int, of: int) -> None:
        if stage not in seen:
            seen.add(stage)
            console.print(f"{STAGES.get(stage, stage)} …")

    return told


def summary(console: Console, run: Run) -> None:
    """The alarms, the funnel, up to three examples (on a terminal only) and where the reports are."""
    told = run.manifest
    for alarm in told["alarms"]:
        console.print(
            Panel(alarm_text(alarm), border_style="yellow", title="look at this first", title_align="left")
        )
    console.print(funnel_table(told))
    unread = told["counts"]["quarantined"] + told["counts"]["files_unreadable"]
    if unread:
        console.print(f"{unread:,} unreadable records or files are listed in [bold]quarantine.jsonl[/]")
    if told["skipped"]:
        console.print(f"no chat logs by their names: {escape(', '.join(told['skipped'][:5]))}")
    if console.is_terminal:
        for example in examples(run):
            console.print(example)
    seconds = told["seconds"]
    rate = told["counts"]["conversations"] / max(seconds, 1e-9)
    console.print(
        f"{told['counts']['kept']:,} conversations kept in [bold]{escape(run.out)}[/] "
        f"({seconds:.1f} s, {rate:,.0f} conversations/s); open "
        f"[bold]{escape(run.storage.path('report.html'))}[/]"
    )


def alarm_text(alarm: Mapping[str, Any]) -> str:
    """One alarm as a sentence."""
    share, limit = f"{alarm['share']:.0%}", f"{alarm['limit']:.0%}"
    if alarm["kind"] == "quarantine":
        return f"{share} of the records could not be read (alarm above {limit}); quarantine.jsonl says why"
    return (
        f"{escape(str(alarm['pass']))} took {share} of the messages with {escape(str(alarm['slice']))} "
        f"({alarm['count']:,} of {alarm['of']:,}; alarm above {limit}); the report shows examples"
    )


def funnel_table(told: Mapping[str, Any]) -> Table:
    """The funnel as a table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", style="bold")
    table.add_column("conversations", justify="right")
    table.add_column("messages", justify="right")
    words = {"mask": "shown, not learned: ", "drop": "removed by "}
    for step in told["funnel"]:
        name = step["step"] if "pass" not in step else words[step["step"]] + step["pass"]
        table.add_row(escape(name), f"{step['conversations']:,}", f"{step['messages']:,}")
        if step["step"] == "read":
            for line in told.get("touched", []):
                table.add_row(
                    Text(f"  {line['verb']} by {line['pass']}", style="dim"), "", f"{line['messages']:,}"
                )
    return table


def examples(run: Run, count: int = 3) -> list[Panel]:
    """The most telling examples: one removed message for each of the passes that removed most."""
    import polars as pl

    steps = [step for step in run.funnel if step["step"] in ("drop", "mask")]
    steps.sort(key=lambda step: -step["messages"])
    shown = []
    for step in steps[:count]:
        row = (
            run.messages.filter((pl.col("decided_by") == step["pass"]) & pl.col("evidence").is_not_null())
            .filter(pl.col("text").str.len_chars() > 0)
            .select("conversation_id", "role", "text", "evidence")
            .head(1)
            .collect()
        )
        if row.height:
            told = row.row(0, named=True)
            text = " ".join(told["text"].split())
            short = text if len(text) <= 200 else text[:200] + " …"
            title = f"{step['pass']}: {told['evidence']}"
            shown.append(Panel(Text(f"{told['role']}: {short}"), title=Text(title), title_align="left"))
    return shown


def tell(console: Console, told: Why) -> None:
    """One conversation's story."""
    console.print(Text(f"{told.conversation_id}  (record {told.record} of {told.source})", style="bold"))
    if told.duplicate_of:
        console.print(Text(f"duplicate of {told.duplicate_of} (jaccard {told.jaccard:.2f})"))
    for one in told.messages:
        style = {"keep": "green", "mask": "yellow", "drop": "red"}[one.verdict]
        head = Text.assemble(f"{one.turn} {one.role}: ", (one.verdict, style))
        if one.decided_by:
            head.append(f" by {one.decided_by}: {one.evidence}")
        console.print(head)
        for name, evidence in one.flags:
            console.print(
                Text(f"  flagged by {name}" + (f": {evidence}" if evidence else ""), style="yellow")
            )
        for change in one.changes:
            console.print(Text(f"  changed by {change.by}", style="dim"))
            console.print(diff_text(change.pieces))
        if not any(change.pieces for change in one.changes):
            console.print(Text(f"  {one.text}"))
        if one.measures:
            console.print(Text("  " + ", ".join(f"{n} {v}" for n, v in one.measures), style="dim"))


def diff_text(pieces: tuple[tuple[str, str], ...]) -> Text:
    """A diff as text: what was taken out struck through in red, what was put in green."""
    styles = {" ": "", "-": "red strike", "+": "green"}
    return Text.assemble("  ", *((piece, styles[sign]) for sign, piece in pieces))


def passes_table(rows: list[Listed]) -> Table:
    """All passes: name, kind, what each does."""
    table = Table(box=None, pad_edge=False)
    for heading in ("pass", "kind", "what it does"):
        table.add_column(heading, overflow="fold")
    for one in rows:
        table.add_row(Text(one.name, style="bold"), one.kind, Text(one.does))
    return table


def describe(console: Console, one: Listed) -> None:
    """One pass with its options."""
    console.print(Text.assemble((one.name, "bold"), f" ({one.kind})\n\n{one.about}\n"))
    table = Table(box=None, pad_edge=False)
    for heading in ("option", "type", "default"):
        table.add_column(heading)
    for option in one.options:
        table.add_row(*(Text(word) for word in option))
    console.print(table)
