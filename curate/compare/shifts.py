"""The bias audits of two runs: each number with its interval, and the difference with its own."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from curate.bias.facts import FORMAT, NAME, VERSION
from curate.compare.facts import Shift
from curate.runs import Run

Number = tuple[float, float, float]
"""A value and the ends of its interval."""
Key = tuple[str, str, str, str, str]
"""What, kind, slice, measure, language."""
MOST = 200
DECLARED = "declared."
"""How the kind of a gap between values of an export's field begins."""


def read(run: Run) -> dict[str, Any] | None:
    """The audit of a run as plain data; None where it has none of this version."""
    if not run.storage.exists(NAME):
        return None
    found: dict[str, Any] = json.loads(run.storage.read(NAME))
    return found if (found.get("format"), found.get("version")) == (FORMAT, VERSION) else None


def shifts(a: dict[str, Any], b: dict[str, Any]) -> tuple[Shift, ...]:
    """Every number that both audits have, what is surest to differ first; the largest MOST."""
    left, right = dict(numbers(a)), dict(numbers(b))
    found = [shift(key, left[key], right[key]) for key in left if key in right]
    return tuple(sorted(found, key=lambda one: (not one.sure, -strength(one), one.what, one.slice))[:MOST])


def numbers(audit: dict[str, Any]) -> Iterator[tuple[Key, Number]]:
    """What is compared: shares removed by slice, shares of kept messages that mention a group, gaps."""
    for one in audit["sieve"]:
        if (one["by"], one["verb"]) == ("", "dropped"):
            key = ("removed", one["kind"], one["slice"] or "", "", "")
            yield key, (one["rate"], one["low"], one["high"])
    for one in audit["representation"]:
        if (one["stage"], one["unit"]) == ("kept", "messages"):
            key = ("mentions", "group", one["group"], one["role"], "")
            yield key, (one["share"], one["low"], one["high"])
    for one in audit["gaps"]:
        field = one["kind"].removeprefix(DECLARED)
        name = one["group"] if field == "group" else f"{field}: {one['group']}"
        key = ("gap", one["about"], name, one["measure"], one["language"])
        yield key, (one["difference"], one["low"], one["high"])


def shift(key: Key, a: Number, b: Number) -> Shift:
    """The difference b less a, with the interval that follows from the two by MOVER.

    Source: Zou and Donner 2008, Statistics in Medicine 27, 1693-1702. It takes the two for independent; of
    runs over one input they go together, so the interval is wide rather than narrow.

    >>> told = shift(("removed", "source", "x", "", ""), (0.5, 0.4, 0.6), (0.2, 0.15, 0.25))
    >>> round(told.difference, 2), round(told.low, 2), round(told.high, 2), told.sure
    (-0.3, -0.41, -0.19, True)
    """
    what, kind, name, measure, language = key
    difference = b[0] - a[0]
    low = difference - math.hypot(b[0] - b[1], a[2] - a[0])
    high = difference + math.hypot(b[2] - b[0], a[0] - a[1])
    return Shift(
        what=what,
        kind=kind,
        slice=name,
        measure=measure,
        language=language,
        a=a[0],
        a_low=a[1],
        a_high=a[2],
        b=b[0],
        b_low=b[1],
        b_high=b[2],
        difference=difference,
        low=low,
        high=high,
        sure=low > 0 or high < 0,
    )


def strength(one: Shift) -> float:
    """The difference in widths of its interval."""
    width = one.high - one.low
    return abs(one.difference) / width if width > 0 else float(one.difference != 0)
