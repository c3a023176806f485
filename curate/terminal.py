"""What a person sees on the terminal when a verb is done: the alarms, the funnel, where to look, a story."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from curate.listing import Listed
from curate.runs import Run
from curate.why import Why


def summary(console: Console, run: Run, seconds: float, *, sieved: bool = True) -> None:
    """The alarms, the funnel, up to three examples (on a terminal only) and where the reports are.

    `seconds` is what the whole command took, pages included; `sieved` is False where it only decided again.
    """
    told = run.manifest
    if told["alarms"]:
        lines = "\n".join(alarm_lines(told["alarms"]))
        console.print(Panel(lines, border_style="yellow", title="look at this first", title_align="left"))
    console.print(funnel_table(told))
    unread = told["counts"]["quarantined"] + told["counts"]["files_unreadable"]
    if unread:
        console.print(f"{unreadable(unread)}: [bold]quarantine.jsonl[/] says why")
    if told["skipped"]:
        console.print(f"no chat logs by their names: {escape(', '.join(told['skipped'][:5]))}")
    if told.get("unmatched"):
        console.print(unmatched_line(told["unmatched"]))
    if console.is_terminal:
        for example in examples(run):
            console.print(example)
    console.print(last_line(run, told, seconds, sieved), soft_wrap=True)


def unreadable(count: int) -> str:
    """How much could not be read.

    >>> unreadable(1), unreadable(1200)
    ('1 unreadable record or file', '1,200 unreadable records or files')
    """
    return "1 unreadable record or file" if count == 1 else f"{count:,} unreadable records or files"


def counted(count: int, word: str) -> str:
    """A number with its word.

    >>> counted(1, "conversation"), counted(1200, "conversation")
    ('1 conversation', '1,200 conversations')
    """
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def unmatched_line(unmatched: Sequence[str]) -> Text:
    """Which [[input]] of the recipe say nothing of the files given.

    >>> unmatched_line(["chat.csv, *.tsv"]).plain
    "[[input]] of the recipe names none of the files given: 'chat.csv, *.tsv'"
    """
    return Text(
        f"[[input]] of the recipe names none of the files given: {', '.join(map(repr, unmatched))}",
        style="yellow",
    )


def last_line(run: Run, told: Mapping[str, Any], seconds: float, sieved: bool) -> str:
    """How much is kept, how long it took, and which page to open."""
    more = told["counts"].get("kept_in_an_epoch", told["counts"]["kept"])
    often = f" ({more:,} in an epoch, with repeats)" if more != told["counts"]["kept"] else ""
    kept = f"{counted(told['counts']['kept'], 'conversation')} kept{often} in [bold]{escape(run.out)}[/]"
    page = f"open [bold]{escape(run.storage.path('report.html'))}[/]"
    if run.already:
        return f"already finished at {told['finished']}; nothing to do: {kept}; {page}"
    took = took_text(seconds, told["seconds"] if sieved else None, told["counts"]["conversations"])
    return f"{kept}; {took}; {page}"


def took_text(seconds: float, sieving: float | None, conversations: int) -> str:
    """The time of the whole command; of a run the sieve's part and rate apart from topics, audit and pages.

    >>> took_text(28.7, 12.3, 30_000), took_text(1.94, None, 30_000)
    ('28.7 s in all, 12.3 s of it the sieve (2,439 conversations/s)', '1.9 s in all')
    """
    whole = f"{seconds:.1f} s in all"
    if sieving is None:
        return whole
    rate = conversations / max(sieving, 1e-9)
    return f"{whole}, {sieving:.1f} s of it the sieve ({rate:,.0f} conversations/s)"


SLICES = 3
"""Slices that the line of an alarm names at most."""


def alarm_lines(alarms: Sequence[Mapping[str, Any]]) -> list[str]:
    """The alarms as sentences: one for each pass, with the slices that it took most of.

    >>> one = {"kind": "pass", "pass": "too_toxic", "share": 0.5, "limit": 0.3, "count": 20, "of": 40}
    >>> for line in alarm_lines([{**one, "slice": "source=a.csv"}, {**one, "slice": "role=user"}]):
    ...     print(line)
    too_toxic took 50% of source a.csv (20 of 40 messages), 50% of role user (20 of 40); alarm above 30%
    """
    lines = []
    for name in dict.fromkeys(alarm["pass"] for alarm in alarms):
        of_pass = [alarm for alarm in alarms if alarm["pass"] == name]
        limit = f"alarm above {of_pass[0]['limit']:.0%}"
        if of_pass[0]["kind"] == "quarantine":
            share = f"{of_pass[0]['share']:.0%}"
            lines.append(f"{share} of the records could not be read ({limit}); quarantine.jsonl says why")
            continue
        told = [slice_text(alarm, first=place == 0) for place, alarm in enumerate(of_pass[:SLICES])]
        more = f" and {len(of_pass) - SLICES} more" if len(of_pass) > SLICES else ""
        lines.append(f"{escape(str(name))} took {', '.join(told)}{more}; {limit}")
    return lines


def slice_text(alarm: Mapping[str, Any], first: bool) -> str:
    """`50% of source a.csv (20 of 40 messages)`."""
    kind, _, name = str(alarm["slice"]).partition("=")
    unit = " messages" if first else ""
    return f"{alarm['share']:.0%} of {kind} {escape(name)} ({alarm['count']:,} of {alarm['of']:,}{unit})"


def funnel_table(told: Mapping[str, Any]) -> Table:
    """The funnel as a table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", style="bold")
    table.add_column("conversations", justify="right")
    table.add_column("messages", justify="right")
    words = {"mask": "shown, not learned: ", "drop": "removed by "}
    order = {one["name"]: place for place, one in enumerate(told["recipe"]["passes"])}
    touched = [{"step": one["verb"], **one} for one in told.get("touched", [])]
    steps = [one for one in told["funnel"] if "pass" in one] + touched
    read, kept = told["funnel"][0], told["funnel"][-1]
    for step in [read, *sorted(steps, key=lambda one: order.get(one["pass"], -1)), kept]:
        if "conversations" not in step:
            quiet = Text(f"  {step['verb']} by {step['pass']}", style="dim")
            table.add_row(quiet, "", f"{step['messages']:,}")
            continue
        name = step["step"] if "pass" not in step else words[step["step"]] + step["pass"]
        table.add_row(escape(name), f"{step['conversations']:,}", f"{step['messages']:,}")
    for name, conversations, messages in of_the_kept(told["counts"]):
        table.add_row(Text(f"  {name}", style="dim"), conversations, messages)
    return table


def of_the_kept(counts: Mapping[str, int]) -> list[tuple[str, str, str]]:
    """What of the kept is learned from, with conversations and messages; no line of nothing.

    >>> of_the_kept({"answers_learned": 1200, "answers_shown": 0, "kept_without_answer": 2})
    [('answers learned from', '', '1,200'), ('nobody answers', '2', '')]
    """
    learned, shown, unanswered = (
        f"{counts[name]:,}" if counts.get(name) else ""
        for name in ("answers_learned", "answers_shown", "kept_without_answer")
    )
    found = [
        ("answers learned from", "", learned),
        ("answers shown, not learned", "", shown),
        ("nobody answers", unanswered, ""),
    ]
    return [line for line in found if any(line[1:])]


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
    if told.duplicate_of and told.jaccard is not None:
        console.print(Text(f"duplicate of {told.duplicate_of} (jaccard {floored(told.jaccard)})"))
    for one in told.messages:
        style = {"keep": "green", "mask": "yellow", "drop": "red"}[one.verdict]
        head = Text.assemble(f"\n{one.turn} {one.role}: ", (one.verdict, style))
        if one.decided_by:
            head.append(f" by {one.decided_by}: {one.evidence}")
        console.print(head)
        for name, evidence in one.flags:
            console.print(
                Text(f"  flagged by {name}" + (f": {evidence}" if evidence else ""), style="yellow")
            )
        for change in one.changes:
            note = f": {change.note}" if change.note else ""
            console.print(Text(f"  changed by {change.by}{note}", style="dim"))
            if not change.pieces:
                continue
            console.print(
                Padding(
                    diff_text(change.pieces, console.color_system is not None), (0, 0, 0, 4), expand=False
                )
            )
        if not any(change.pieces for change in one.changes):
            console.print(Padding(Text(one.text), (0, 0, 0, 4), expand=False))
        if one.measures:
            console.print(Text("  " + ", ".join(f"{n} {v}" for n, v in one.measures), style="dim"))


def diff_text(pieces: tuple[tuple[str, str], ...], colour: bool) -> Text:
    """A diff: what was taken out struck through in red, what was put in green; without colour in the marks
    of wdiff.

    >>> diff_text(((" ", "a "), ("-", "<b>bold</b>"), ("+", "bold")), colour=False).plain
    'a [-<b>bold</b>-]{+bold+}'
    """
    if not colour:
        marks = {" ": ("", ""), "-": ("[-", "-]"), "+": ("{+", "+}")}
        return Text("".join(f"{marks[sign][0]}{piece}{marks[sign][1]}" for sign, piece in pieces))
    styles = {" ": "", "-": "red strike", "+": "green"}
    return Text.assemble(*((piece, styles[sign]) for sign, piece in pieces))


def floored(jaccard: float) -> str:
    """A Jaccard to two decimals, rounded down as in the evidence: what is under a limit never reads as at it.

    >>> floored(0.7999), floored(0.57)
    ('0.79', '0.57')
    """
    return f"{math.floor(jaccard * 100 + 1e-9) / 100:.2f}"


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
        table.add_column(heading, no_wrap=heading == "option")
    for option in one.options:
        table.add_row(*(Text(word) for word in option))
    console.print(table)
