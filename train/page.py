"""`train.html`: a run's curves, where its tokens went, its evaluation, samples and loss spikes, in one file.

It has the look of the curation report (its style sheet and fonts), draws its curves as plain SVG, runs no
script and loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from train.evaluated_page import sections
from train.facts import Facts, gather
from train.figures import span

POINTS = 240
"""Points of a curve at most: the steps between are averaged."""

SVG_STYLE = """
.curve { display: block; width: 100%; height: auto; margin-top: 1rem; }
.curve path { fill: none; stroke: var(--kept); stroke-width: 2; vector-effect: non-scaling-stroke; }
.curve circle { fill: var(--removed); }
.curve line { stroke: var(--line); vector-effect: non-scaling-stroke; }
.curve text { fill: var(--soft); font: 13px var(--sans); }
tr.marked > * { background: var(--sunken); font-weight: 600; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; }
"""


@dataclass(frozen=True)
class Curve:
    """A curve in a box of 800 x 220: the path, marks, and the ends of its axes in words."""

    title: str
    path: str
    marks: tuple[tuple[float, float], ...]
    low: str
    high: str
    last: str
    steps: int


def write(folder: str | Path) -> Path:
    """Write `train.html` into a run's folder, whole or not at all; its path."""
    folder = Path(folder)
    making, place = folder / ".train.html.tmp", folder / "train.html"
    making.write_text(render(gather(folder)), "utf-8", "replace")
    making.replace(place)
    return place


def render(facts: Facts) -> str:
    """The page of a run."""
    import jinja2
    from markupsafe import Markup

    style = styled()
    policy = f"default-src 'none'; style-src 'sha256-{digest(style)}'; font-src data:; base-uri 'none'"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        resources.files("train").joinpath("templates/train.html").read_text("utf-8")
    )
    return template.render(
        facts=facts,
        style=Markup(style),
        policy=policy,
        curves=curves(facts),
        counts=counts(facts.run["accounting"]),
        slices=slices(facts.evaluation),
        checks=sections(facts.evaluation),
        span=span,
        headline=headline(facts),
    )


def styled() -> str:
    """The report's style sheet with its fonts inside, and ours."""
    files = resources.files("reports")
    style = files.joinpath("templates/page.css").read_text("utf-8")
    for name in ("newsreader", "instrument-sans"):
        data = base64.b64encode(files.joinpath(f"vendor/{name}.woff2").read_bytes()).decode()
        style = style.replace(f"url({name}.woff2)", f"url(data:font/woff2;base64,{data})")
    return style + SVG_STYLE


def digest(text: str) -> str:
    """The hash by which a Content-Security-Policy knows a text."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def headline(facts: Facts) -> str:
    """The run in one sentence."""
    done, planned = len(facts.steps), facts.run["steps"]
    if done < planned:
        return f"{done:,} of {planned:,} steps taken"
    return f"Learned {facts.targets:,} tokens in {done:,} steps"


def curves(facts: Facts) -> list[Curve]:
    """Loss, speed and learning rate by step."""
    spikes = {one.step for one in facts.spikes}
    made = (
        curve("Loss, nats per target token", facts.steps, "loss", spikes),
        curve("Tokens per second, padding included", facts.steps, "tokens_per_second"),
        curve("Norm of the gradient before clipping", facts.steps, "norm"),
        curve("Learning rate", facts.steps, "rate"),
    )
    return [one for one in made if one is not None]


def curve(
    title: str, steps: Sequence[Mapping[str, Any]], key: str, spikes: set[int] | frozenset[int] = frozenset()
) -> Curve | None:
    """A curve of one number of the log, or None with fewer than two steps.

    >>> curve("Loss", [{"step": 0, "loss": 2.0}, {"step": 1, "loss": 1.0}], "loss").path
    'M0.0,20.0 L800.0,200.0'
    """
    if len(steps) < 2:
        return None
    size = -(-len(steps) // POINTS)
    groups = [steps[start : start + size] for start in range(0, len(steps), size)]
    values = [sum(float(one[key]) for one in group) / len(group) for group in groups]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    wide = max(len(values) - 1, 1)

    def place(number: float, value: float) -> tuple[float, float]:
        return round(800 * number / wide, 1), round(200 - 180 * (value - low) / span, 1)

    points = [place(number, value) for number, value in enumerate(values)]
    marks = tuple(points[n] for n, group in enumerate(groups) if any(one["step"] in spikes for one in group))
    path = "M" + " L".join(f"{x},{y}" for x, y in points)
    last = float(steps[-1][key])
    return Curve(title, path, marks, f"{low:.4g}", f"{high:.4g}", f"{last:.4g}", int(steps[-1]["step"]) + 1)


def counts(told: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """Rows of the token accounting: name, tokens, what they are."""
    named = (
        ("rendered", "all tokens of the set: trained + masked + truncated + dropped"),
        ("trained", "an assistant's text and the ends of its turns"),
        ("masked", "shown to the model, not learned"),
        ("masked_others", "of these, said by others"),
        ("masked_weight_zero", "of these, assistant messages that curation masked"),
        ("masked_stand_ins", "of these, stand-ins for private values"),
        ("masked_template", "of these, headers and separators"),
        ("truncated", "ends of exchanges longer than a sequence"),
        ("dropped", "conversations left out as a whole"),
        ("assistant", "to learn, before anything was cut"),
        ("lost", "of these, in no step"),
    )
    return [(name.replace("_", " "), int(told[name]), what) for name, what in named]


def slices(evaluation: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The figures of an evaluation beside the run, the whole first."""
    return [evaluation["overall"], *evaluation["slices"]] if evaluation else []
