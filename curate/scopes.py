"""How far a decision reaches from the messages where its condition holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from curate import schema

Scope = Literal["message", "exchange", "tail", "conversation"]
"""How far a decision reaches; what an exchange and a tail are says `Reach`."""


@dataclass(frozen=True)
class Reach:
    """The conversations and exchanges of one batch, as arrays over its rows."""

    conversation: np.ndarray  # UInt32 per row, ascending
    exchange: np.ndarray  # UInt32 per row, ascending; a new one where a user speaks after somebody else

    @classmethod
    def of(cls, batch: pl.DataFrame) -> Reach:
        """The reach of a batch that carries the `conversation` column."""
        conversation = batch[schema.CONVERSATION].to_numpy()
        user = (batch["role"] == "user").to_numpy()
        starts = np.ones(len(user), dtype=bool)
        starts[1:] = (conversation[1:] != conversation[:-1]) | (user[1:] & ~user[:-1])
        return cls(conversation, np.cumsum(starts, dtype=np.uint32))

    def spread(self, hits: np.ndarray, scope: Scope) -> tuple[np.ndarray, np.ndarray]:
        """Rows that a decision at `hits` (ascending rows) reaches, and for each the hit it comes from.

        A row that is itself a hit comes from itself, any other from the first hit of its group.

        >>> reach = Reach(np.array([0, 0, 0, 1]), np.array([1, 1, 2, 3]))
        >>> [array.tolist() for array in reach.spread(np.array([1]), "conversation")]
        [[0, 1, 2], [1, 1, 1]]
        >>> [array.tolist() for array in reach.spread(np.array([1]), "tail")]
        [[1, 2], [1, 1]]
        """
        if scope == "message":
            return hits, hits
        group = self.exchange if scope == "exchange" else self.conversation
        groups, first = np.unique(group[hits], return_index=True)
        starts = np.searchsorted(group, groups, side="left")
        stops = np.searchsorted(group, groups, side="right")
        if scope == "tail":
            starts = hits[first]
        lengths = stops - starts
        origins = np.repeat(hits[first], lengths)
        rows = (
            np.arange(lengths.sum())
            - np.repeat(np.cumsum(lengths) - lengths, lengths)
            + np.repeat(starts, lengths)
        )
        own = np.isin(rows, hits, assume_unique=True)
        origins[own] = rows[own]
        return rows, origins
