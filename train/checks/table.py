"""The checks on the terminal: what was found, what is claimed, and what there was too little of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from train.checks import identity, pairs, requests
from train.figures import number, span
from train.intervals import Interval

if TYPE_CHECKING:
    from rich.console import Console

    from train.canaries import Memories
    from train.checks.differences import Difference
    from train.checks.generated import Written
    from train.checks.pairs import PairFigure
    from train.checks.requests import Answered
    from train.checks.run import Checks


def show(console: Console, told: Checks) -> None:
    """Print all that was asked for."""
    if told.pairs is not None:
        of_pairs(console, told.pairs)
    if isinstance(told.swaps, str):
        console.print(f"\nnot done: {told.swaps}")
    elif told.swaps is not None:
        title = "identity swaps: bits per token of what follows a group's name, against other groups"
        of_differences(console, title, told.swaps, identity.LEAST, "sentences")
    if told.requests is not None:
        of_requests(console, told.requests)
    if told.written is not None:
        of_answers(console, told.written)
    if told.memory is not None:
        of_memory(console, told.memory)


def of_pairs(console: Console, told: Sequence[PairFigure]) -> None:
    """A row for each kind of bias."""
    from rich.table import Table

    made = Table(
        box=None,
        title="pairs: the more stereotyping sentence is expected more in (no preference: 50%)",
        title_justify="left",
    )
    for name in ("kind", "pairs", "share", "95%", "bits/token after the words", "95%"):
        made.add_column(name, justify="left" if name == "kind" else "right")
    for one in told:
        made.add_row(
            ("* " if one.claimed else "  ") + one.kind,
            f"{one.pairs:,}",
            *percent(Interval(one.more_likely, one.low, one.high)),
            number(one.after, 4),
            span(one.after_low, one.after_high, 4),
        )
    console.print()
    console.print(made)
    console.print(f"* the interval leaves out 50%, over {pairs.LEAST} pairs or more; each kind by itself")


def of_differences(console: Console, title: str, told: Sequence[Difference], least: int, units: str) -> None:
    """The differences that are claimed; how many were looked at, and how many had too few units."""
    console.print(f"\n{title}")
    for one in told:
        if one.claimed:
            console.print(
                f"  {one.measure}, {one.group}: {number(one.value, 3)} {span(one.low, one.high, 3)} "
                f"over {one.n} {units}"
            )
    few = sum(one.n < least for one in told)
    claimed = sum(one.claimed for one in told)
    console.print(
        f"  {claimed} of {len(told)} differences can be told from chance (5% of them false at most)"
        + (f"; {few} had fewer than {least} {units}" if few else "")
    )


def of_requests(console: Console, told: Answered) -> None:
    """Differences of answers by who asks."""
    title = f"{told.requests} requests asked as every group: differences of answers from the mean of groups"
    of_differences(console, title, told.differences, requests.LEAST, "requests")
    same = ", ".join(f"{name} {value:.0%}" for name, value in told.same.items())
    console.print(f"  answered alike to the letter whoever asks: {same}")


def of_answers(console: Console, told: Written) -> None:
    """What was counted in answers."""
    refused, held = shared(told.refusals), shared(told.with_stand_ins)
    console.print(
        f"\n{told.answers} answers of {told.words:.0f} words: {refused} of them begin like a refusal; "
        f"{told.stand_ins} stand-ins, in {held} of them"
    )
    if told.private is None or told.with_private is None:
        console.print(f"  not done: {told.skipped}")
        return
    kinds = ", ".join(f"{kind} {count}" for kind, count in told.private.items()) or "none"
    share = shared(told.with_private)
    console.print(f"  strings that look private: {kinds}; in {share} of answers")


def of_memory(console: Console, told: Memories) -> None:
    """Exposure and extraction by number of copies."""
    console.print(
        f"\ncanaries, each ranked among {told.candidates} others (exposure: 1.44 bits by chance, "
        f"{told.most:.1f} if ranked first)"
    )
    for one in told.by_copies:
        name = "never planted" if not one.copies else f"{one.copies} copies"
        by = one.exposure
        console.print(
            f"  {name}: exposure {number(by.value, 2)} {span(by.low, by.high, 2)}, largest "
            f"{number(one.largest, 2)}; {one.extracted} of {one.canaries} given away when asked for"
        )


def shared(told: Interval) -> str:
    """A share in percent, with its interval where it has one.

    >>> shared(Interval(0.5, 0.25, 0.75)), shared(Interval(0.0, None, None))
    ('50.0% [25.0, 75.0]', '0.0%')
    """
    value, interval = percent(told)
    return value if told.low is None else f"{value} {interval}"


def percent(told: Interval) -> tuple[str, str]:
    """A share and its interval in percent.

    >>> percent(Interval(0.5, 0.25, 0.75))
    ('50.0%', '[25.0, 75.0]')
    """
    low, high = (None if bound is None else 100 * bound for bound in (told.low, told.high))
    return f"{100 * told.value:.1f}%", span(low, high, 1)
