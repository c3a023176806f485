"""Which limits of a recipe can be moved, and to which values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from curate.passes.base import Decider, GlobalPass, Pass

STEPS = 20
"""Values of a limit that are looked at, the present one among them."""
LADDER = (0, 1, 2, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 1_000, 2_000, 5_000)
"""Values of a limit that counts words or characters."""


@dataclass(frozen=True)
class Move:
    """One limit of one pass: where it stands, and the passes that it would be with other values."""

    name: str
    option: str
    now: float
    values: tuple[float, ...]
    passes: tuple[Decider | GlobalPass, ...]  # as many as values

    @property
    def then(self) -> str:
        """What the pass does: flag, mask or drop."""
        return self.passes[0].then

    @property
    def single(self) -> bool:
        """Whether the pass looks at one conversation at a time."""
        return isinstance(self.passes[0], Decider)


def moves_of(passes: Sequence[Pass], measured: Sequence[Pass]) -> tuple[Move, ...]:
    """Every limit of the passes that decide, in recipe order.

    `measured` are the passes as they were when texts were read: they say how far a limit can go.
    """
    found = []
    for one, before in zip(passes, measured, strict=True):
        if not isinstance(one, Decider | GlobalPass):
            continue
        for option, (low, high) in before.limits().items():
            now = getattr(one, option)
            values = values_of(low, high, now)
            moved = tuple(replace(one, **{option: value}) for value in values)  # type: ignore[arg-type]
            found.append(Move(one.name, option, now, values, moved))
    return tuple(found)


def values_of(low: float, high: float, now: float) -> tuple[float, ...]:
    """The values from `low` to `high`, ascending, `now` in place of the nearest: integers climb a ladder.

    A limit that can be 0 starts a step above it: at 0 everything that scores at all is met.

    >>> values_of(0.0, 1.0, 0.8)[:4], values_of(0.7, 1.0, 0.82)[:3], len(values_of(0.7, 1.0, 0.82))
    ((0.05, 0.1, 0.15, 0.2), (0.7, 0.72, 0.73), 20)
    >>> values_of(0, 5000, 8)[:6]
    (0, 1, 2, 5, 8, 15)
    """
    values: list[float]
    if isinstance(now, int):
        values = [value for value in LADDER if low <= value <= high]
    else:
        digits = 2 if high - low >= 0.2 else 3
        if low == 0:
            values = [round(high * step / STEPS, digits) for step in range(1, STEPS + 1)]
        else:
            values = [round(low + (high - low) * step / (STEPS - 1), digits) for step in range(STEPS)]
    if now not in values:
        inner = range(1, len(values) - 1)
        values[min(inner, key=lambda place: abs(values[place] - now))] = now
    return tuple(sorted(values))
