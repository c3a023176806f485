"""`prove.html`: every comparison with its intervals drawn, in the look of the curation report; no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from train import gain
from train.arms import KEPT, RAW, WITHOUT
from train.figures import number, span
from train.gain import Gain
from train.page import digest, styled
from train.proof import ArmFacts, Finding, Proof
from train.prove_table import ONE_SEED, sentence

STYLE = """
.forest { display: block; width: 100%; height: auto; margin-top: 0.6rem; }
.forest text { fill: var(--soft); font: 13px var(--sans); }
.forest line { stroke: var(--bar); stroke-width: 3; }
.forest line.zero { stroke: var(--line); stroke-width: 1; }
.forest circle { fill: var(--bar); }
.forest .better { stroke: var(--kept); fill: var(--kept); }
.forest .worse { stroke: var(--removed); fill: var(--removed); }
"""
LEFT, RIGHT, ROW = 230.0, 800.0, 30.0
ZERO = (LEFT + RIGHT) / 2
TONES = {gain.BETTER: "better", gain.WORSE: "worse", gain.NOT_SHOWN: "unsure"}


@dataclass(frozen=True)
class Bar:
    """One interval: places in the drawing, and the same in words."""

    name: str
    y: float
    low: float
    middle: float
    high: float
    tone: str
    value: str
    span: str
    seeds: str
    says: str


@dataclass(frozen=True)
class View:
    """A finding as the page shows it."""

    arm: str
    over: str
    asks: str
    sentence: str
    aloud: str
    bars: tuple[Bar, ...]
    height: float


@dataclass(frozen=True)
class Row:
    """An arm in the table."""

    name: str
    says: str
    cells: tuple[str, ...]


def render(told: Proof) -> str:
    """The page, whole: nothing is loaded and nothing runs."""
    import jinja2
    from markupsafe import Markup

    style = styled() + STYLE
    policy = f"default-src 'none'; style-src 'sha256-{digest(style)}'; font-src data:; base-uri 'none'"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = resources.files("train").joinpath("templates/prove.html").read_text("utf-8")
    reach = widest(told.findings)
    return environment.from_string(page).render(
        proof=told,
        style=Markup(style),
        policy=policy,
        headline=headline(told),
        lead=lead(told),
        zero=ZERO,
        findings=[view(one, reach) for one in told.findings],
        arms=[row(one, tuple(told.scored)) for one in told.arms],
        detectable=number(told.detectable, 3),
        one_seed=ONE_SEED if told.seeds == 1 else "",
    )


def headline(told: Proof) -> str:
    """The main answer in a few words."""
    main = next((one for one in told.findings if (one.arm, one.over) == (KEPT, RAW)), None)
    if main is None:
        return "Arms compared"
    return {
        gain.BETTER: "Curation helped",
        gain.WORSE: "Curation did harm",
        gain.MIXED: "Curation helped on one text and harmed on another",
        gain.NOT_SHOWN: "Not shown that curation helped",
    }[main.verdict]


def lead(told: Proof) -> str:
    """Which passes earned their place, and which did not."""
    by = {
        one.over.removeprefix(WITHOUT): one.verdict for one in told.findings if one.over.startswith(WITHOUT)
    }
    if not by:
        return "No pass was left out in turn; --controls passes does that."
    parts = []
    for verdict, said in (
        (gain.BETTER, "earned their place"),
        (gain.WORSE, "did harm"),
        (gain.MIXED, "cut both ways"),
        (gain.NOT_SHOWN, "could not be told from chance"),
    ):
        if names := [name for name, found in by.items() if found == verdict]:
            parts.append(f"{', '.join(names)}: {said}")
    return "; ".join(parts) + ". Of the passes said to have an effect, 5% have none at most."


def widest(findings: Sequence[Finding]) -> float:
    """Bits per byte that half a drawing stands for: the same in all, so that they can be compared."""
    ends = [
        abs(value)
        for one in findings
        for told in one.gains.values()
        for value in (told.interval.value, told.interval.low, told.interval.high)
        if value is not None and math.isfinite(value)
    ]
    return max(ends, default=1.0) * 1.05 or 1.0


def view(one: Finding, reach: float) -> View:
    """A finding with its bars."""
    bars = tuple(bar(name, told, n, reach) for n, (name, told) in enumerate(one.gains.items()))
    aloud = "; ".join(f"{told.name}: {told.value} {told.span}" for told in bars)
    return View(one.arm, one.over, one.asks, sentence(one), aloud, bars, len(bars) * ROW + 40)


def bar(name: str, told: Gain, place: int, reach: float) -> Bar:
    """An interval drawn around the line of no difference."""
    by = told.interval

    def x(value: float | None) -> float:
        known = by.value if value is None else value
        return round(ZERO + (0.0 if not math.isfinite(known) else known) / reach * (RIGHT - ZERO), 1)

    seeds = ", ".join(number(one.value, 4) for one in told.by_seed)
    return Bar(
        name,
        place * ROW + 18,
        x(by.low),
        x(by.value),
        x(by.high),
        TONES[told.says],
        number(by.value, 4),
        span(by.low, by.high, 4),
        seeds,
        told.says,
    )


def row(one: ArmFacts, scored: Sequence[str]) -> Row:
    """An arm's figures."""
    figures = [
        f"{number(one.figures[name].value, 4)} {span(one.figures[name].low, one.figures[name].high, 4)}"
        for name in scored
    ]
    cut = f"; {one.lost_share:.1%} of its assistant tokens were cut" if one.lost_share > 0.001 else ""
    return Row(
        one.name,
        one.says + cut,
        (f"{one.conversations:,}", f"{one.targets:,}", f"{one.epochs:.2f}", *figures),
    )
