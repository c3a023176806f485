"""What `train demo` prints: the figures of both arms, their difference, and what it means in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train import arms, gain
from train.figures import number, span
from train.gain import AS_CURATED, AS_READ, OUTSIDE
from train.invented import SHARES

if TYPE_CHECKING:
    from rich.console import Console

    from train.demo import Demo

SETS = {
    AS_READ: "held out, as read",
    AS_CURATED: "held out, as curated",
    OUTSIDE: "new, without flaws",
}


def show(console: Console, told: Demo) -> None:
    """Print the table, then what was shown and what was not."""
    from rich.table import Table

    made = Table(
        box=None, title="bits per byte of answers never trained on (lower is better)", title_justify="left"
    )
    made.add_column("scored on", no_wrap=True)
    made.add_column("seed", justify="right")
    for arm in (arms.RAW, arms.KEPT):
        made.add_column({arms.RAW: "raw", arms.KEPT: "curated"}[arm], justify="right", no_wrap=True)
        made.add_column("95%", justify="right", no_wrap=True)
    for name in told.gains:
        for seed in sorted({key[2] for key in told.figures}):
            raw, kept = (told.figures[arm, name, seed] for arm in (arms.RAW, arms.KEPT))
            row = (number(raw.value, 3), span(raw.low, raw.high, 3), number(kept.value, 3))
            made.add_row(SETS[name], str(seed), *row, span(kept.low, kept.high, 3))
    console.print(made)
    for name, one in told.gains.items():
        by_seed = ", ".join(f"{number(x.value, 3)} {span(x.low, x.high, 3)}" for x in one.by_seed)
        console.print(
            f"curation's gain, {SETS[name]}: {by_seed} over {told.scored[name]} conversations: "
            f"{one.in_every_seed}"
        )
    console.print()
    for line in words(told):
        console.print(line)


def words(told: Demo) -> list[str]:
    """What it means, in sentences."""
    raw, kept = told.epochs[arms.RAW], told.epochs[arms.KEPT]
    lines = [
        f"Both saw {told.targets:,} target tokens: raw {raw:.1f} times round, curated {kept:.1f} times.",
        *(
            SAYS[one.in_every_seed].format(SETS[name])
            for name, one in told.gains.items()
            if name != AS_CURATED
        ),
    ]
    if told.gains[AS_READ].interval.value < 0:
        lines.append(
            "Logs as read hold markup, broken letters and errors in place of answers, which only raw was "
            "trained to expect."
        )
    if told.gains[AS_CURATED].in_every_seed == gain.BETTER:
        lines.append(
            "The gain on curated text proves nothing by itself: it is what a model gets for being shown such "
            "text."
        )
    if told.invented:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in SHARES.items())
        lines.append(
            f"These logs are invented and their flaws were planted ({shares}): this shows that the measure "
            "works, not what curation gains on yours. 'train demo LOGS' tries that small, 'train prove OUT' "
            "measures it."
        )
    else:
        lines.append(
            f"{told.kept:,} conversations and two seeds can show a gain of about "
            f"{told.gains[AS_READ].detectable:.2f} bits per byte; a smaller one would not show. "
            "'train prove OUT' does this in full."
        )
    return lines


SAYS = {
    gain.BETTER: "{}: curated is better, in every seed.",
    gain.WORSE: "{}: raw is better, in every seed.",
    gain.NOT_SHOWN: "{}: no difference was shown.",
}
