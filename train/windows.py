"""Long conversations read through windows: every token scored exactly once, with as much context as fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from train.errors import ConfigError
from train.render import Array, Rendered


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a conversation: which one (its index), where it begins, and what is scored in it."""

    owner: int
    start: int
    tokens: Rendered
    """`trained` marks the tokens to score here; the others are context."""


def spans(length: int, window: int, stride: int) -> Iterator[tuple[int, int, int]]:
    """(start, stop, first new token) of the windows over `length` tokens; each token is new in exactly one.

    The first window scores all it holds; each later one begins `stride` tokens on and scores what the one
    before did not reach, with at least `window` - `stride` tokens before it (the strided form of Press et al.
    2021 and of Hugging Face's page on perplexity).

    >>> list(spans(10, 4, 2))
    [(0, 4, 0), (2, 6, 4), (4, 8, 6), (6, 10, 8)]
    >>> list(spans(3, 4, 2)), list(spans(0, 4, 2))
    ([(0, 3, 0)], [])
    """
    if window < 2 or not 1 <= stride < window:
        raise ConfigError(
            f"windows of {window} tokens every {stride}; give a window of 2 or more and a stride below it"
        )
    reached, start = 0, 0
    while reached < length:
        stop = min(start + window, length)
        yield start, stop, reached
        reached, start = stop, start + stride


def windows(owner: int, one: Rendered, wanted: Array, window: int, stride: int) -> list[Window]:
    """The windows of a conversation in which there is something to score; `wanted` [n] of bool says what.

    The first token is never scored: nothing comes before it.
    """
    found: list[Window] = []
    for start, stop, new in spans(len(one), window, stride):
        scored = wanted[start:stop] & (np.arange(start, stop) >= max(new, 1))
        if scored.any():
            found.append(Window(owner, start, replace(one.slice(start, stop), trained=scored)))
    return found
