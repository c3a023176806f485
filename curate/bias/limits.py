"""Limits on a bias audit, for machines that must stop: `curate bias OUT --fail-on bias.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from curate.bias.facts import BiasFacts, Rate
from curate.errors import LimitBrokenError, RecipeError, unknown

KINDS = ("group", "language", "source", "role", "declared")
VERBS = {"flagged": "flag_ratio", "masked": "mask_ratio", "dropped": "drop_ratio"}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an audit may find. None of a limit means: anything.

    Only what is claimed can break a limit, so that chance does not stop a run. `kinds` are the slices that
    ratios and four fifths are asked of; gaps between sources count where "source" is among them.
    """

    flag_ratio: float | None = None
    mask_ratio: float | None = None
    drop_ratio: float | None = None
    four_fifths: float | None = None
    toxicity_gap: float | None = None
    sentiment_gap: float | None = None
    words_gap: float | None = None
    polite_gap: float | None = None
    refusal_gap: float | None = None
    answers_words_gap: float | None = None
    answers_toxicity_gap: float | None = None
    answers_sentiment_gap: float | None = None
    answers_polite_gap: float | None = None
    answers_refusal_gap: float | None = None
    share_delta: float | None = None
    toxicity_delta: float | None = None
    sentiment_delta: float | None = None
    words_delta: float | None = None
    polite_delta: float | None = None
    refusal_delta: float | None = None
    scorer_gap: float | None = None
    scorer_false_positive_gap: float | None = None
    kinds: tuple[str, ...] = ("group", "language", "source")


def load(path: str | Path) -> Limits:
    """The limits of a file. Raises RecipeError for a file, a key or a value that is not valid."""
    try:
        data = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError:
        raise RecipeError(f"'{path}' cannot be read; --fail-on wants a TOML file of limits") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise RecipeError(f"'{path}' is not TOML; a line of it reads 'drop_ratio = 1.5'") from None
    return parse(data, str(path))


def parse(data: dict[str, Any], name: str) -> Limits:
    """The limits from the data of a file; `name` stands in errors.

    >>> parse({"drop_ratio": 1.5}, "bias.toml").drop_ratio
    1.5
    >>> parse({"drop_ration": 1.5}, "bias.toml")
    Traceback (most recent call last):
    curate.errors.RecipeError: unknown key 'drop_ration' in bias.toml; did you mean 'drop_ratio'?
    """
    known = [one.name for one in fields(Limits)]
    for key, value in data.items():
        if key not in known:
            raise RecipeError(unknown("key", key, known, name))
        if key == "kinds":
            for kind in value if isinstance(value, list) else [value]:
                if kind not in KINDS:
                    raise RecipeError(unknown("kind", str(kind), KINDS, f"{name}, kinds"))
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise RecipeError(f"{name}: {key} is {value!r}, must be a number of 0 or more")
    if not set(data) - {"kinds"}:
        raise RecipeError(f"{name} sets no limit; allowed: {', '.join(known[:-1])}")
    kinds = data.get("kinds", list(Limits().kinds))
    numbers = {key: float(value) for key, value in data.items() if key != "kinds"}
    return Limits(**numbers, kinds=tuple(kinds if isinstance(kinds, list) else [kinds]))


def broken(facts: BiasFacts, limits: Limits) -> list[str]:
    """A sentence for each limit that the audit found broken."""
    return [*_rates(facts, limits), *_gaps(facts, limits)]


def stand(facts: BiasFacts, limits: Limits, where: str) -> None:
    """Raises LimitBrokenError with the first sentence where a limit is broken; `where` is the folder."""
    found = broken(facts, limits)
    if found:
        more = f"; {len(found) - 1} more" if len(found) > 1 else ""
        raise LimitBrokenError(f"{found[0]}{more}; see {where}/bias.html")


def _rates(facts: BiasFacts, limits: Limits) -> Iterator[str]:
    for one in facts.sieve:
        if one.kind.partition(".")[0] not in limits.kinds or not one.claimed:
            continue
        by = one.by or "the sieve"
        limit = getattr(limits, VERBS.get(one.verb, ""), None)
        ratio = _ratio(one)
        if limit is not None and ratio > limit:
            shares = f"{one.rate:.1%} of {one.kind}={one.slice}, {one.other_rate:.1%} of the others"
            yield f"{by} {one.verb} {shares}: {ratio:.2f} times, the limit is {limit:g} ({VERBS[one.verb]})"
        fifths = one.four_fifths
        if limits.four_fifths is not None and fifths is not None and fifths < limits.four_fifths:
            yield (
                f"{by} lets through {fifths:.2f} of the best slice's share of {one.kind}={one.slice}, "
                f"the limit is {limits.four_fifths:g} (four_fifths)"
            )


def asked(kind: str, limits: Limits) -> bool:
    """Whether gaps of a kind count: those between sources only where `kinds` names them, all others do."""
    return kind != "source" or kind in limits.kinds


def _ratio(one: Rate) -> float:
    if one.ratio is not None:
        return one.ratio
    return float("inf") if one.count else 1.0


def _gaps(facts: BiasFacts, limits: Limits) -> Iterator[str]:
    rows: list[tuple[str, str, float, bool]] = []
    rows += [
        (f"{g.measure}_gap", f"{g.about}, {g.group}", g.difference, g.claimed)
        for g in facts.gaps
        if asked(g.kind, limits)
    ]
    rows += [(f"answers_{a.measure}_gap", a.group, a.difference, a.claimed) for a in facts.answers]
    rows += [
        (f"{d.measure}_delta", " ".join(filter(None, (d.about, d.group))), d.difference, d.claimed)
        for d in facts.deltas
        if asked(d.kind, limits)
    ]
    rows += [("scorer_gap", s.group, s.difference, s.claimed) for s in facts.swaps if s.source == "neutral"]
    rows += [
        ("scorer_false_positive_gap", c.group, c.rate - c.other_rate, c.claimed)
        for c in facts.cases
        if c.group and not c.harmful
    ]
    for name, what, difference, claimed in rows:
        limit = getattr(limits, name, None)
        if claimed and limit is not None and abs(difference) > limit:
            yield f"{name} of {what} is {difference:+.3g}, the limit is {limit:g}"
