"""What an evaluation gives: figures with their definition, and sums by conversation to compare it by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Perplexity and bits per byte of a slice, with the hash of what they were made of.

    Bounds are those of 95% intervals over conversations, None where there are fewer than five.
    """

    kind: str
    name: str
    perplexity: float
    perplexity_low: float | None
    perplexity_high: float | None
    bits_per_byte: float
    bits_low: float | None
    bits_high: float | None
    conversations: int
    tokens: int
    bytes: int
    definition: str


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What context gives: bits per byte of the same answers after less of it, minus with all of it.

    `left`: what stayed before the answers (`alone`, `exchange`). `ratio`: perplexity without over with.
    """

    left: str
    with_context: float
    without: float
    gain: float
    low: float | None
    high: float | None
    ratio: float
    answers: int
    conversations: int
    definition: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The figures of one model on one set, and per conversation the sums to compare it by."""

    model: str
    definition: Mapping[str, Any]
    hash: str
    overall: Figure
    slices: tuple[Figure, ...]
    context: tuple[Gain, ...]
    ids: tuple[str, ...]
    sums: Array
    """[conversations, 4] of float64: nll, tokens, text_nll, bytes of the targets."""
    exact: bool
    seconds: float
    checks: Mapping[str, Any] = field(default_factory=dict)
    """What `train.checks` found, as JSON holds it; empty where nothing was asked for."""
    format: int = 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON; never a text."""
        told = {name: getattr(self, name) for name in ("format", "model", "hash", "exact", "seconds")}
        named = ("nll", "tokens", "text_nll", "bytes")
        columns = {name: self.sums[:, n].tolist() for n, name in enumerate(named)}
        return {
            **told,
            "definition": dict(self.definition),
            "overall": finite(asdict(self.overall)),
            "slices": [finite(asdict(one)) for one in self.slices],
            "context": [finite(asdict(one)) for one in self.context],
            **({"checks": dict(self.checks)} if self.checks else {}),
            "conversations": {"id": list(self.ids), **columns},
        }


def finite(told: dict[str, Any]) -> dict[str, Any]:
    """The dictionary with None for what is no number: JSON has no NaN."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in told.items()}


def from_dict(told: Mapping[str, Any]) -> Evaluation:
    """An evaluation that was written as JSON."""
    rows = told["conversations"]
    sums = np.stack([np.array(rows[name], np.float64) for name in ("nll", "tokens", "text_nll", "bytes")], 1)
    return Evaluation(
        model=told["model"],
        definition=told["definition"],
        hash=told["hash"],
        overall=Figure(**told["overall"]),
        slices=tuple(Figure(**one) for one in told["slices"]),
        context=tuple(Gain(**one) for one in told["context"]),
        ids=tuple(rows["id"]),
        sums=sums,
        exact=told["exact"],
        seconds=told["seconds"],
        checks=told.get("checks", {}),
    )
