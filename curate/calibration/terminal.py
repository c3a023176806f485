"""What calibration found, as a table on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from curate.calibration.finding import Calibrated, Calibration

HEADINGS = ("language/group", "n", "wrong at the shared limit", "own limit", "wrong then", "toxic, missed")


def show(console: Console, found: Calibration, written: str | None) -> None:
    """Each group with n, rates and intervals; then what to do with the limits."""
    console.print(
        f"{found.n} harmless texts that mention a group; the usual rate is {found.target:.1%}, the "
        f"shared limit {found.shared:g}. Intervals: 95%."
    )
    table = Table(box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for one in sorted(found.groups, key=lambda one: (-one.rate, one.key)):
        table.add_row(*row(one, found.shared))
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
        f"{one.rate:.1%} ({one.low:.1%} to {one.high:.1%}), others {one.other_rate:.1%}",
        f"{one.limit:.2f}" if own else "",
        f"{one.rate_after:.1%} ({one.low_after:.1%} to {one.high_after:.1%})" if own else "",
        missed if one.toxic else "",
    )
