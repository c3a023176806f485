"""`train prove` on the terminal: the arms, every comparison, and which pass earned its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train import gain
from train.figures import number, span

if TYPE_CHECKING:
    from rich.console import Console

    from train.proof import Finding, Proof

SAYS = {
    gain.BETTER: "shown",
    gain.WORSE: "shown, the other way",
    gain.MIXED: "mixed",
    gain.NOT_SHOWN: "not shown",
}


ONE_SEED = "One model an arm: this tells these models apart, not the ways in which they were made."


def show(console: Console, told: Proof) -> None:
    """Print what was found."""
    from rich.table import Table

    made = Table(box=None, title="bits per byte by arm (lower is better)", title_justify="left")
    made.add_column("arm", no_wrap=True)
    for name in ("chats", "targets", "epochs", *told.scored):
        made.add_column(name, justify="right")
    for arm in told.arms:
        figures = [number(arm.figures[name].value, 4) for name in told.scored]
        sizes = (f"{arm.conversations:,}", f"{arm.targets:,}", f"{arm.epochs:.2f}")
        made.add_row(arm.name, *sizes, *figures)
    console.print(made)
    for one in told.findings:
        console.print(f"\n{one.asks} {sentence(one)}")
        for name, found in one.gains.items():
            by = found.interval
            console.print(
                f"  {name}: {number(by.value, 4)} {span(by.low, by.high, 4)} bits per byte, {found.says}"
            )
    console.print(
        f"\n{told.seeds} seeds; leak gate: {told.gate}; as measured, a gain of {told.detectable:.3f} bits "
        "per byte would have shown four times in five"
    )
    if told.seeds == 1:
        console.print(ONE_SEED)


def sentence(one: Finding) -> str:
    """The verdict in words; a gain on curated text alone is told as what it is."""
    said = SAYS[one.verdict][0].upper() + SAYS[one.verdict][1:]
    if one.by_chance:
        return f"{said}: an interval leaves out 0, as one of so many passes' may by chance (q {one.q:.2f})."
    curated = one.gains.get(gain.AS_CURATED)
    if one.verdict == gain.NOT_SHOWN and curated is not None and curated.says == gain.BETTER:
        return f"{said}: there is a gain on curated held-out text only, which is the text it was shown."
    return f"{said}."
