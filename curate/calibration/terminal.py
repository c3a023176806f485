"""What calibration found, as a table on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from curate.calibration.finding import Calibrated, Calibration

HEADINGS = ("language/group", "n", "wrong", "others", "own limit", "wrong then", "toxic, missed")


def show(console: Console, found: Calibration, written: str | None) -> None:
    """Each group with n, rates and intervals; then what to do with the limits."""
    console.print(
        f"{found.n} harmless texts that mention a group; the usual rate is {found.target:.1%}, the "
        f"shared limit {found.shared:g}. Wrong: at the shared limit, with 95% intervals."
    )
    table = Table(box=None, pad_edge=False)
    rows = [row(one, found.shared) for one in sorted(found.groups, key=lambda one: (-one.rate, one.key))]
    shown = [place for place in range(len(HEADINGS)) if any(one[place] for one in rows)]
    for place in shown:  # a column of nothing would take the room of the others
        table.add_column(HEADINGS[place], no_wrap=place == 0)
    for one in rows:
        table.add_row(*(one[place] for place in shown))
    if found.groups:
        console.print(table)
    else:
        console.print("No group has enough harmless texts; give more with --data, or lower --least.")
    if written:
        console.print(Text(f"{written} written with {len(found.limits)} group limit(s)"))
    elif found.limits:
        console.print("Write a recipe with these limits: the same command with --write FILE")
    else:
        console.print("No group gets a limit of its own.")


def row(one: Calibrated, shared: float) -> tuple[str, ...]:
    """A group's cells."""
    own = one.limit != shared
    missed = f"{one.toxic}, {one.missed_before:.0%}" + (f" then {one.missed:.0%}" if own else "")
    return (
        one.key,
        str(one.n),
        f"{one.rate:.1%} ({100 * one.low:.1f}–{one.high:.1%})",
        f"{one.other_rate:.1%}",
        f"{one.limit:.2f}" if own else "",
        f"{one.rate_after:.1%} ({100 * one.low_after:.1f}–{one.high_after:.1%})" if own else "",
        missed if one.toxic else "",
    )
