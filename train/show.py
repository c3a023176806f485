"""A conversation as tokens with its mask in colour, and the accounting as a table, for a terminal."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from train.accounting import Accounting
from train.forecast import EXPECTED_MFU
from train.render import CALL, CONTENT, END, STAND_IN, TEMPLATE, Rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from train.forecast import Forecast
    from train.prepare import Prepared
    from train.settings import Section

STYLES = {"learned": "black on green", STAND_IN: "black on yellow", TEMPLATE: "dim", END: "dim", CALL: "cyan"}
"""Green is learned, yellow a stand-in that is not, dim what the template wrote."""
KINDS = {TEMPLATE: "template", CONTENT: "text", END: "end of turn", STAND_IN: "stand-in", CALL: "tool call"}


def tokens(rendered: Rendered, tokenizer: Any) -> Text:
    """The tokens one after another, each in the style of what becomes of it."""
    from rich.text import Text

    shown = Text()
    edges = np.flatnonzero(np.diff(rendered.trained * 8 + rendered.kind)) + 1
    for start, stop in zip([0, *edges], [*edges, len(rendered)], strict=True):
        learned, kind = bool(rendered.trained[start]), int(rendered.kind[start])
        style = STYLES["learned"] if learned else STYLES.get(kind, "")
        shown.append(tokenizer.decode(rendered.ids[start:stop].tolist()), style)
    return shown


def outline(rendered: Rendered) -> list[str]:
    """The tokens by kind, without any text: for output that is not a terminal.

    >>> from train.records import conversation
    >>> from train.render import Renderer
    >>> from train.tokenizer import train_bpe
    >>> one = Renderer(train_bpe(["Hi"], 264)).render([conversation("a", [("assistant", "Hi")])])[0]
    >>> outline(one)
    ['2 template', '2 text, learned', '1 end of turn, learned']
    """
    code = rendered.trained * 8 + rendered.kind
    edges = [0, *(np.flatnonzero(np.diff(code)) + 1), len(rendered)]
    return [
        f"{stop - start} {KINDS[int(rendered.kind[start])]}"
        + (", learned" if rendered.trained[start] else "")
        for start, stop in pairwise(edges)
    ]


def settings(console: Console, told: Sequence[Section]) -> None:
    """Options with their defaults and what they mean, section by section."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("option", "default", "what it means"):
        table.add_column(heading, overflow="fold")
    for section in told:
        table.add_row()
        table.add_row(Text(f"[{section.name}]", style="bold"), "", Text(section.about, style="bold"))
        for one in section.settings:
            table.add_row(Text(one.key), Text(one.default), Text(one.meaning))
    console.print(table)
    console.print(
        "\nOn the command line: --set optim.lr=1e-3. In a file for --config:\n\n  [optim]\n  lr = 1e-3",
        markup=False,
    )


def accounting(console: Console, told: Accounting) -> None:
    """The token accounting as a table."""
    from rich.table import Table

    title = f"{many(told.conversations, 'conversation')}, {many(told.sequences, 'sequence')}"
    left = many(told.conversations_dropped, "conversation")
    shown = many(told.messages_weight_zero, "assistant message")
    table = Table("tokens", "", "", title=title)
    for name, value, note in (
        ("rendered", told.rendered, "all of it"),
        ("trained", told.trained, "assistant tokens and ends of turn"),
        ("masked", told.masked, ""),
        ("  others", told.masked_others, "said by others"),
        ("  weight 0", told.masked_weight_zero, f"{shown} that curation masked"),
        ("  stand-ins", told.masked_stand_ins, "private values that were replaced"),
        ("  template", told.masked_template, "headers and separators"),
        ("truncated", told.truncated, "ends of exchanges longer than a sequence"),
        (
            "dropped",
            told.dropped,
            f"{left} with nothing to learn",
        ),
    ):
        table.add_row(name, f"{value:,}", note)
    console.print(table)
    console.print(
        f"assistant tokens lost: {told.lost:,} of {told.assistant:,} ({told.lost_share:.2%}); "
        f"openings repeated: {told.repeated:,}; rendered turn by turn: "
        f"{many(told.turn_by_turn, 'conversation')}",
        soft_wrap=True,
    )


def many(count: int, name: str) -> str:
    """A count with its noun.

    >>> many(1, "message"), many(1200, "message")
    ('1 message', '1,200 messages')
    """
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def forecast(console: Console, prepared: Prepared, told: Forecast) -> None:
    """What the run will need, in one paragraph."""
    gib = 1 << 30
    console.print(
        f"{told.parameters / 1e6:,.1f}M parameters, {told.trainable / 1e6:,.1f}M trained; "
        f"{many(len(prepared.plan), 'step')}, {prepared.slots:,} tokens, {prepared.padding:.1%} padding; "
        f"attention: {prepared.backend}.\n"
        f"Memory, estimated: {told.needed / gib:.2f} GiB (weights {told.weights / gib:.2f}, gradients "
        f"{told.gradients / gib:.2f}, optimiser {told.optimizer / gib:.2f}, activations "
        f"{told.activations / gib:.2f}) of {told.available / gib:.1f} free.\n"
        f"{how_long(prepared.device, told)}",
        soft_wrap=True,
    )


def how_long(device: str, told: Forecast) -> str:
    """What the run will take, and what that was reckoned from; the peak of a CPU says nothing to anybody."""
    if device == "cpu":
        return f"Time: roughly {duration(told.seconds)}, by how fast this CPU multiplies matrices."
    peak = f"{told.peak / 1e12:,.0f} TFLOP/s"
    return f"Time, if {EXPECTED_MFU:.0%} of {peak} is reached: {duration(told.seconds)}."


def duration(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> duration(0.2), duration(34.4), duration(600), duration(9000)
    ('1 s', '34 s', '10 minutes', '2.5 hours')
    """
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:,.1f} hours"
