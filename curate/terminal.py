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

from curate.runs import Run
from curate.stages import Progress as Told

STAGES = {"sieving": "reading and sieving", "pairing": "looking for duplicates", "writing": "writing"}


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
