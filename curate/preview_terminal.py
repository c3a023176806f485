"""A preview on the terminal: what was found, the expected funnel, likely alarms, examples, the forecast.

Examples show message text, so they are for terminals only.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from curate.passes.base import Decider, GlobalPass
from curate.preview import Preview
from curate.preview.expected import CONFIDENCE, Alarm
from curate.preview.intervals import Estimate
from curate.recipe import kind_of
from curate.terminal import counted, diff_text, unmatched_line, unreadable
from curate.why import changes_of

FILES = 20
"""Files that are listed at most."""
DIFFS, DECIDED = 3, 2
"""Examples shown for each rewrite, and for each pass that decides."""
SHOWN = 200
"""Characters of a text that an example shows."""
VERBS = {
    "changed": "changed by ",
    "flag": "flagged by ",
    "mask": "shown, not learned: ",
    "drop": "removed by ",
}


def show(console: Console, told: Preview) -> None:
    """The whole preview; message text on a terminal only."""
    console.print(files_table(told))
    for row in told.unreadable.iter_rows(named=True):
        console.print(Text(f"unreadable: {row['source']}: {row['reason']}", style="yellow"))
    if told.skipped:
        console.print(Text(f"no chat logs by their names: {', '.join(told.skipped[:5])}"))
    if told.unmatched:
        console.print(unmatched_line(told.unmatched))
    unread = told.counts["quarantined"] + told.counts["files_unreadable"]
    if unread:
        console.print(unreadable(unread))
    for alarm in told.alarms:
        console.print(
            Panel(alarm_text(alarm), border_style="yellow", title="may ask for a look", title_align="left")
        )
    console.print(funnel_table(told))
    console.print(Text(how_sure(told), style="dim"))
    if console.is_terminal:
        for example in examples(told, console.color_system is not None):
            console.print(example)
    console.print(forecast_text(told))


def files_table(told: Preview) -> Table:
    """What each file was taken for."""
    table = Table(box=None, pad_edge=False)
    for heading in ("file", "read as", "encoding"):
        table.add_column(heading)
    for look in told.detected[:FILES]:
        table.add_row(Text(look.source), f"{look.schema} ({look.container})", look.encoding)
    if len(told.detected) > FILES:
        table.add_row(f"… and {len(told.detected) - FILES:,} more", "", "")
    return table


def alarm_text(alarm: Alarm) -> str:
    """One alarm as a sentence."""
    if alarm.by == "quarantine":
        return f"{alarm.share:.0%} of the records cannot be read (alarm above {alarm.limit:.0%})"
    return (
        f"{escape(alarm.by)} takes about {alarm.share:.0%} of the messages with {escape(alarm.slice)} "
        f"(alarm above {alarm.limit:.0%}); a run raises the alarm with a chance of {alarm.chance:.0%}"
    )


def funnel_table(told: Preview) -> Table:
    """The expected funnel; figures that are not exact with the least and the most they may be."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", style="bold")
    table.add_column("conversations", justify="right")
    table.add_column("messages", justify="right")
    counts = told.counts
    table.add_row("read", f"{counts['conversations']:,}", f"{counts['messages']:,}")
    for step in told.funnel:
        if step.messages.high == 0:
            continue
        names = {"kept": "kept", "kept_masked": "  of them not learned"}
        name = names.get(step.verb) or VERBS[step.verb] + step.by
        conversations = step.conversations
        if step.verb == "mask" and conversations is not None and conversations.value == 0:
            conversations = None  # a masked message is hardly ever a conversation's first
        style = "dim" if step.messages.value == 0 else ""
        table.add_row(Text(name), figure(conversations), figure(step.messages), style=style)
    return table


def figure(one: Estimate | None) -> str:
    """`1,080 (634 to 1,706)`, or the number alone where it is exact."""
    if one is None:
        return ""
    return f"{one.value:,}" if one.low == one.high else f"{one.value:,} ({one.low:,} to {one.high:,})"


def how_sure(told: Preview) -> str:
    """What the intervals mean."""
    if told.sampled == told.counts["conversations"]:
        return "all conversations were carried through: these figures are exact"
    left_out = f"; {told.left_out:,} more were left out, so duplicates may be more" if told.left_out else ""
    return (
        f"from {counted(told.sampled, 'conversation')} (seed {told.seed}) and {told.neighbours:,} that may "
        f"be their duplicates{left_out}; "
        f"with a probability of {CONFIDENCE:.0%} all figures lie within their brackets"
    )


def forecast_text(told: Preview) -> str:
    """Time, memory and disk of the full run."""
    one = told.forecast
    memory = f", {one.memory / 2**20:,.0f} MB of memory" if one.memory else ""
    workers = "one process" if one.workers == 1 else f"{one.workers} workers"
    return (
        f"the full run, topics, audit and pages included: about {span(one.seconds)} with {workers} "
        f"({span(one.cpu_seconds)} of processor time)"
        f"{memory}, {one.written / 2**20:,.1f} MB written; nothing was written now"
    )


def span(seconds: float) -> str:
    """`48 s`, `12 min`, `3.5 h`.

    >>> span(48.2), span(725), span(12_600)
    ('48 s', '12 min', '3.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def examples(told: Preview, colour: bool) -> Iterator[Panel]:
    """For each rewrite some diffs, for each pass that decides some messages it decided against."""
    for one in told.recipe.passes:
        if kind_of(one) in ("rewrite", "redaction"):
            yield from diffs(told, one.name, colour)
        elif isinstance(one, Decider | GlobalPass):
            yield from decided(told, one.name)


def diffs(told: Preview, name: str, colour: bool) -> Iterator[Panel]:
    """Texts that a pass changed, as diffs; of redaction only what stands afterwards."""
    changed = told.messages.filter(pl.col("changed_by").str.split(" ").list.contains(name)).head(DIFFS)
    for row in changed.iter_rows(named=True):
        pieces = next(
            (
                change.pieces
                for change in changes_of(told.recipe, row["original"], row["text"], row["changed_by"].split())
                if change.by == name
            ),
            (),
        )
        body = diff_text(shortened(pieces), colour) if pieces else Text("  " + short(around(row["text"])))
        yield Panel(body, title=Text(f"{name}: {row['role']}, {row['conversation_id']}"), title_align="left")


def decided(told: Preview, name: str) -> Iterator[Panel]:
    """Messages that a pass decided against or flagged, with the evidence where there is one."""
    rows = told.messages.filter((pl.col("decided_by") == name) & (pl.col("verdict") != "keep"))
    if not rows.height:
        rows = told.messages.filter(pl.col("flags").str.split(" ").list.contains(name))
    for row in rows.unique("conversation_id", maintain_order=True).head(DECIDED).iter_rows(named=True):
        title = f"{name}: {row['evidence'] if row['decided_by'] == name else 'flagged'}"
        yield Panel(Text(f"{row['role']}: {short(row['text'])}"), title=Text(title), title_align="left")


def around(text: str) -> str:
    """The text from a little before its first stand-in."""
    return text[max(0, text.find("<") - 60) :]


def short(text: str) -> str:
    """The text on one line, cut."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[:SHOWN] + " …"


def shortened(pieces: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """A diff from a little before its first change on, its long pieces cut."""
    first = next((place for place, (sign, _) in enumerate(pieces) if sign != " "), 0)
    cut: list[tuple[str, str]] = []
    for sign, piece in pieces[max(0, first - 1) : first + 6]:
        begun = not cut and sign == " " and len(piece) > 60
        cut.append((sign, "… " + piece[-60:] if begun else short(piece) if len(piece) > SHOWN else piece))
    return tuple(cut)
