"""An evaluation on the terminal: one table of figures by slice, and what context gives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from train.compare import Comparison
    from train.evaluated import Evaluation, Figure


WIDE = 100
"""Columns of a terminal on which both intervals have room, with all their digits."""


def show(console: Console, told: Evaluation) -> None:
    """Print the figures; intervals are those of conversations drawn again, 95 in 100."""
    from rich.table import Table

    wide = console.width >= WIDE
    title = f"{told.model}  (definition {told.hash})"
    made = Table(title=title, title_justify="left", box=None, pad_edge=False)
    made.add_column("slice", max_width=32, overflow="fold")  # names alone give way: a figure is never cut
    for place, name in enumerate(("perplexity", "95%", "bits/byte", "95%", "chats", "tokens")):
        if wide or place != 1:
            made.add_column(name if wide else name.replace("/", "/\n"), justify="right", no_wrap=True)
    before = ""
    for one in (told.overall, *told.slices):
        if one.kind != before and before:
            made.add_row()
        before = one.kind
        made.add_row(*(cell for place, cell in enumerate(cells(one, 4 if wide else 3)) if wide or place != 2))
    console.print(made)
    for gain in told.context:
        left = "system messages only" if gain.left == "alone" else "only their own exchange"
        console.print(
            f"context gives {number(gain.gain, 4)} bits per byte {span(gain.low, gain.high, 4)} "
            f"over {left} before {gain.answers} answers "
            f"(perplexity {number(gain.ratio, 2)} times as high without)"
        )
    d = told.definition
    bytes_ = "exact" if told.exact else "estimated by message: the tokenizer is not byte-level"
    console.print(
        f"windows of {d['window']} tokens every {d['stride']}, {d['dtype']}, bytes {bytes_}; "
        f"{told.seconds:.1f} s"
    )


def cells(one: Figure, places: int) -> tuple[str, ...]:
    """A row of the table, bits per byte with so many digits after the point."""
    return (
        one.name if one.kind == "all" else f"{one.kind}: {one.name}",
        number(one.perplexity, 2),
        span(one.perplexity_low, one.perplexity_high, 2),
        number(one.bits_per_byte, places),
        span(one.bits_low, one.bits_high, places),
        f"{one.conversations:,}",
        f"{one.tokens:,}",
    )


def number(value: float, places: int) -> str:
    """A number, or a dash where there is none.

    >>> number(1234.567, 2), number(float("nan"), 2)
    ('1,234.57', '-')
    """
    return f"{value:,.{places}f}" if math.isfinite(value) else "-"


def span(low: float | None, high: float | None, places: int) -> str:
    """An interval in brackets, or a dash.

    >>> span(1, 2.5, 1), span(None, None, 1)
    ('[1.0, 2.5]', '-')
    """
    return "-" if low is None or high is None else f"[{number(low, places)}, {number(high, places)}]"


def versus(console: Console, told: Comparison, first: str, second: str) -> None:
    """Print a paired comparison."""
    bits, tokens = told.bits_per_byte, told.perplexity
    console.print(
        f"{first} minus {second}: {number(bits.value, 4)} bits per byte {span(bits.low, bits.high, 4)} "
        f"over {told.conversations} conversations"
    )
    if tokens is not None:
        said = f"{number(tokens.value, 4)} {span(tokens.low, tokens.high, 4)}"
        console.print(f"perplexity {said} times that of {second}")
    else:
        console.print("perplexities are not compared: the tokenizers differ")
