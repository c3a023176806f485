"""Two evaluations side by side, where they can be compared; a refusal that says why, where not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from train.errors import TrainError
from train.evaluated import Evaluation
from train.intervals import Interval, ratio, resampled

OWN = ("tokenizer", "exact_bytes")
"""Parts of a definition that may differ where only bits per byte are compared."""


class NotComparableError(TrainError):
    """Two numbers that do not measure the same thing."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`first` minus `second` on the same conversations, drawn in pairs: below 0, the first is better.

    `perplexity` is the ratio first over second, None where tokenizers differ: then tokens are not the same.
    """

    bits_per_byte: Interval
    perplexity: Interval | None
    conversations: int


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """The keys in which two definitions differ."""
    return sorted(key for key in {*first, *second} if first.get(key) != second.get(key))


def compare(first: Evaluation, second: Evaluation, draws: int = 1000) -> Comparison:
    """The paired difference of two evaluations of the same conversations.

    Raises NotComparableError where windows, data, unit or arithmetic differ, naming each with both values.
    """
    odd = differing(first.definition, second.definition)
    if wrong := [key for key in odd if key not in OWN]:
        said = ", ".join(f"{k} {first.definition.get(k)} and {second.definition.get(k)}" for k in wrong)
        raise NotComparableError(
            f"{first.hash} and {second.hash} do not measure the same: {said}; "
            "run 'train eval' on both models with the same data and options"
        )
    if odd and not (first.exact and second.exact):
        raise NotComparableError(
            "the tokenizers differ and one is not byte-level, so that its bytes are estimates; "
            "compare models that share a tokenizer"
        )
    a, b = first.sums, second.sums
    # a conversation without a target says nothing of either model
    rows = np.concatenate([a, b], 1)[(a[:, 1] > 0) & (b[:, 1] > 0)]
    again = resampled(rows, draws)
    bits = ratio(
        rows[:, 2] - rows[:, 6],
        rows[:, 3],
        np.stack([again[:, 2] - again[:, 6], again[:, 3]], 1),
        1 / math.log(2),
    )
    tokens = None
    if not odd:
        tokens = ratio(
            rows[:, 0] - rows[:, 4],
            rows[:, 1],
            np.stack([again[:, 0] - again[:, 4], again[:, 1]], 1),
            power=True,
        )
    return Comparison(bits_per_byte=bits, perplexity=tokens, conversations=len(rows))
