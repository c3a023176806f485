"""`monitor.html`: alarms with what to do, every measure with its interval, earlier batches; no script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from train.monitor.measures import RATIO, SHARE
from train.monitor.watch import Told, said
from train.page import digest, styled
from train.prove_page import LEFT, RIGHT, ROW, STYLE, ZERO


@dataclass(frozen=True)
class Bar:
    """A measure's interval: places in the drawing, and the same in words."""

    name: str
    y: float
    low: float
    middle: float
    high: float
    tone: str
    before: str
    after: str
    change: str
    span: str
    effect: str
    parts: str
    note: str


def render(told: Told, lines: Sequence[Mapping[str, Any]]) -> str:
    """The page, whole: nothing is loaded and nothing runs."""
    import jinja2
    from markupsafe import Markup

    style = styled() + STYLE
    policy = f"default-src 'none'; style-src 'sha256-{digest(style)}'; font-src data:; base-uri 'none'"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    place = resources.files("train").joinpath("templates/monitor.html")
    groups = [
        (title, bars([one for one in told.line["measures"] if one["form"] == form]))
        for form, title in ((RATIO, "Ratios"), ("plain", "Bits per byte"), (SHARE, "Shares of conversations"))
    ]
    return environment.from_string(place.read_text("utf-8")).render(
        line=told.line,
        alarms=told.alarms,
        said=said,
        groups=[(title, made) for title, made in groups if made],
        row=ROW,
        zero=ZERO,
        lines=list(reversed(lines))[:60],
        headline=headline(told),
        style=Markup(style),
        policy=policy,
    )


def headline(told: Told) -> str:
    """The outcome in a few words."""
    count = len(told.line["alarms"])
    if count:
        return f"{count} alarm{'s' if count > 1 else ''}"
    return "Nothing has shifted" if told.line["claimed"] else "Too few conversations to tell"


def bars(findings: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Measures of one form, drawn to one scale."""
    ends = [abs(end) for one in findings for end in one["whole"].values() if end is not None]
    reach = max(ends, default=1.0) * 1.05 or 1.0

    def x(value: float | None, instead: float) -> float:
        number = instead if value is None else value
        return round(ZERO + number / reach * min(RIGHT - ZERO, ZERO - LEFT), 1)

    made = []
    for n, one in enumerate(findings):
        whole, form = one["whole"], one["form"]
        value = whole["value"] or 0.0
        moved = whole["low"] is not None and (whole["low"] > 0 or whole["high"] < 0)
        bounds = (
            f"[{said(whole['low'], form)}, {said(whole['high'], form)}]" if whole["low"] is not None else "-"
        )
        made.append(
            Bar(
                name=one["key"],
                y=n * ROW + 18,
                low=x(whole["low"], value),
                middle=x(value, value),
                high=x(whole["high"], value),
                tone="worse" if moved else "unsure",
                before=level(one["before"], form),
                after=level(one["after"], form),
                change=said(whole["value"], form),
                span=bounds,
                effect="-" if one["effect"] is None else f"{one['effect']:.2f}",
                parts="; ".join(apart(cut, form) for cut in one["splits"]) or "-",
                note=one["note"],
            )
        )
    return made


def apart(cut: Mapping[str, Any], form: str) -> str:
    """A shift told apart, in words; of logarithms the parts are told as ratios, which multiply."""
    mixture, within = (said(cut[name]["value"], form) for name in ("mixture", "within"))
    return f"by {cut['by']}: mixture {mixture}, within {within}"


def level(value: float | None, form: str) -> str:
    """A measure as it is told.

    >>> level(0.25, SHARE), level(0.0, RATIO), level(None, SHARE)
    ('25.0%', '1.00', '-')
    """
    if value is None:
        return "-"
    if form == SHARE:
        return f"{value:.1%}"
    return f"{math.exp(value):,.2f}" if form == RATIO else f"{value:.3f}"
