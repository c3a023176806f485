"""`tune.html`: every setting that was tried, and those trained anew beside the default; no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from train.figures import number, span
from train.page import digest, styled
from train.tune.facts import Finalist, Tuned
from train.tune.halving import Attempt

STYLE = """
.search-plot { display: block; width: 100%; height: auto; margin-top: 0.6rem; }
.search-plot text { fill: var(--soft); font: 13px var(--sans); }
.search-plot line { stroke: var(--line); }
.search-plot line.span { stroke: var(--bar); stroke-width: 3; }
.search-plot .tried { fill: none; stroke: var(--bar); stroke-width: 1.5; }
.search-plot .whole { fill: var(--bar); }
.search-plot .chosen { fill: var(--kept); stroke: var(--kept); }
.search-plot .pruned { stroke: var(--removed); stroke-width: 2; fill: none; }
"""
LEFT, RIGHT, TOP, BOTTOM = 60.0, 790.0, 26.0, 220.0
NAMES = {
    "lr": "Learning rate",
    "batch": "Target tokens of a step",
    "tokens": "Target tokens of a run",
    "rank": "Rank of the adapters",
}


@dataclass(frozen=True)
class Mark:
    """An attempt in a drawing."""

    x: float
    y: float
    kind: str
    says: str


@dataclass(frozen=True)
class Panel:
    """What was tried along one of the things searched."""

    title: str
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    low: str
    high: str
    aloud: str


@dataclass(frozen=True)
class Row:
    """A finalist, its interval in places of a drawing and in words."""

    name: str
    point: str
    y: float
    low: float
    middle: float
    high: float
    kind: str
    figure: str
    interval: str
    seeds: str


def render(told: Tuned) -> str:
    """The page, whole: nothing is loaded and nothing runs."""
    import jinja2
    from markupsafe import Markup

    from train.tune.tuning import sentence

    style = styled() + STYLE
    policy = f"default-src 'none'; style-src 'sha256-{digest(style)}'; font-src data:; base-uri 'none'"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = resources.files("train").joinpath("templates/tune.html").read_text("utf-8")
    return environment.from_string(page).render(
        told=told,
        style=Markup(style),
        policy=policy,
        sentence=sentence(told),
        panels=[panel(told, name) for name in told.searched],
        rows=rows(told),
        attempts=[(one, cells(one)) for one in told.attempts],
    )


def panel(told: Tuned, name: str) -> Panel:
    """A drawing of bits per byte against one of the things searched."""
    values = [getattr(one.whole, name) for one in told.attempts]
    scores = [one.score for one in told.attempts if not one.pruned]
    low, high = min(scores), max(scores)
    reach = (high - low) or 1.0
    place = axis(values, told.space.lr if name == "lr" else ())
    chosen = getattr(told.chosen.point, name)
    marks = []
    for one, value in zip(told.attempts, values, strict=True):
        whole = one.rung == len(told.shares) - 1
        best = whole and one.point == told.chosen.point
        kind = "pruned" if one.pruned else "chosen" if best else "whole" if whole else "tried"
        y = TOP - 12 if one.pruned else BOTTOM - (one.score - low) / reach * (BOTTOM - TOP)
        marks.append(Mark(round(place(value), 1), round(y, 1), kind, f"{one.point}: {score(one)}"))
    shown = told.space.lr if name == "lr" else sorted(set(values))
    ticks = tuple(
        (round(place(value), 1), f"{value:.3g}" if name == "lr" else f"{value:,}") for value in shown
    )
    aloud = f"{len(marks)} settings between {low:.4f} and {high:.4f} bits per byte; chosen {chosen:,.6g}"
    return Panel(NAMES[name], tuple(marks), ticks, f"{low:.4f}", f"{high:.4f}", aloud)


class axis:  # noqa: N801  (called like a function)
    """Places along a drawing by the logarithm of a value."""

    def __init__(self, values: Sequence[float], ends: Sequence[float]) -> None:
        told = [math.log(value) for value in (*values, *ends)]
        self.low, self.reach = min(told), (max(told) - min(told)) or 1.0

    def __call__(self, value: float) -> float:
        """The place of a value."""
        return LEFT + 20 + (math.log(value) - self.low) / self.reach * (RIGHT - LEFT - 40)


def rows(told: Tuned) -> list[Row]:
    """The finalists with their intervals."""
    ends = [
        value
        for one in told.finalists
        for value in (one.figure.value, one.figure.low, one.figure.high)
        if value is not None and math.isfinite(value)
    ]
    low, reach = min(ends), (max(ends) - min(ends)) or 1.0

    def x(value: float | None, one: Finalist) -> float:
        known = one.figure.value if value is None else value
        known = low if not math.isfinite(known) else known
        return round(150 + (known - low) / reach * (RIGHT - 170), 1)

    return [
        Row(
            one.name,
            str(one.point),
            n * 30 + 18,
            x(one.figure.low, one),
            x(one.figure.value, one),
            x(one.figure.high, one),
            "chosen" if one.name == told.chosen.name else "whole",
            number(one.figure.value, 4),
            span(one.figure.low, one.figure.high, 4),
            ", ".join(number(value, 4) for value in one.by_seed),
        )
        for n, one in enumerate(told.finalists)
    ]


def score(one: Attempt) -> str:
    """Bits per byte, or that there were none."""
    return "pruned" if one.pruned else f"{one.score:.4f}"


def cells(one: Attempt) -> tuple[str, ...]:
    """A row of the table of all that was tried."""
    point = one.point
    return (f"{point.lr:.4g}", f"{point.batch:,}", f"{point.tokens:,}", f"{point.rank}", score(one))
