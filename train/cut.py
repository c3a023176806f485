"""Conversations longer than a sequence: split at turn borders, dropped or refused, every token counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from train.errors import DataError
from train.render import ARRAYS, Rendered


@dataclass(frozen=True, slots=True)
class Cut:
    """The pieces that are trained on, and what was left out of them (tokens; targets; conversations).

    A split repeats the opening (BOS and system message) before each later piece, masked: `repeated` tokens
    that are in pieces and not in the conversations.
    """

    pieces: tuple[Rendered, ...]
    truncated: int = 0
    truncated_targets: int = 0
    dropped: int = 0
    dropped_targets: int = 0
    repeated: int = 0
    conversations_dropped: int = 0
    conversations_split: int = 0


def fit_length(rendered: Iterable[Rendered], max_length: int, overlong: str = "split") -> Cut:
    """The conversations in sequences of at most `max_length` tokens; nothing to learn: left out.

    overlong: `split` at turn borders (one exchange that is itself too long is cut at its end), `drop`, or
    `error` (DataError with the conversation's id).
    """
    pieces: list[Rendered] = []
    counts = dict.fromkeys(("truncated", "truncated_targets", "dropped", "dropped_targets", "repeated"), 0)
    lost = divided = 0
    for one in rendered:
        if one.targets == 0 or (len(one) > max_length and overlong == "drop"):
            counts["dropped"] += len(one)
            counts["dropped_targets"] += one.targets
            lost += 1
        elif len(one) <= max_length:
            pieces.append(one)
        elif overlong == "error":
            raise DataError(
                f"conversation {one.conversation_id} has {len(one)} tokens; data.max_length = {max_length}: "
                "raise it, or set data.overlong to 'split' or 'drop'"
            )
        else:
            divided += 1
            made = split(one, max_length)
            pieces += made.pieces
            for name in counts:
                counts[name] += getattr(made, name)
    return Cut(tuple(pieces), **counts, conversations_dropped=lost, conversations_split=divided)


def split(one: Rendered, max_length: int) -> Cut:
    """One long conversation as pieces that begin where a user's turn begins, after the opening again.

    What a piece lacks of its exchange's end is truncated; a piece with nothing to learn is dropped.
    """
    starts = one.exchanges or (0,)
    opening = one.slice(0, starts[0])
    if len(opening) > max_length // 2:  # a system message that leaves no room for what is learned
        opening = one.slice(0, min(1, starts[0]))
    pieces: list[Rendered] = []
    counts = dict.fromkeys(("truncated", "truncated_targets", "dropped", "dropped_targets", "repeated"), 0)
    begin, first = 0, True
    borders = [*starts[1:], len(one)]
    while borders:
        room = max_length - (0 if first else len(opening))
        fitting = [border for border in borders if border - begin <= room]
        stop = fitting[-1] if fitting else borders[0]
        end = min(stop, begin + room)
        piece = one.slice(begin, end, len(pieces))
        counts["truncated"] += stop - end
        counts["truncated_targets"] += one.slice(end, stop).targets
        if piece.targets == 0:
            counts["dropped"] += len(piece)
        else:
            pieces.append(piece if first else after(opening, piece))
            counts["repeated"] += 0 if first else len(opening)
        begin, first = stop, False
        borders = [border for border in borders if border > stop]
    return Cut(tuple(pieces), **counts)


def after(opening: Rendered, piece: Rendered) -> Rendered:
    """The piece with the opening before it, nothing of which is learned."""
    masked = replace(opening, trained=np.zeros(len(opening), bool))
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(masked, name), getattr(piece, name)]) for name in ARRAYS
    }
    return replace(piece, **joined, repeated=len(opening))
