"""What is evidence that two conversations are the same: what user, assistant and tools said, nothing else.

System messages are none: thousands of different chats stand under one of them. What a tool answered is a
side of its own, apart from the assistant: a long table that both read must not outweigh what was said.
A message's `parts` (tool calls, attachments) count as said by its role; the random ids by which calls and
their answers find each other do not.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.kernels.buffers import Texts, join_texts
from curate.kernels.folding import composed_buffers
from curate.kernels.shingles import Evidence
from curate.schema import ROLES

_CALL_ID = r'("(?:id|tool_call_id|call_id)"\s*:\s*")(?:call|toolu|chatcmpl-tool|fc)[-_][^"\\]*"'
_SYSTEM = ROLES.index("system")
_PARTS = 4  # added to the side of a piece that is not text


def gather_evidence(messages: pl.DataFrame, numbers: NDArray[np.int64], conversations: int) -> Evidence:
    """The evidence of messages (columns role, text, parts; rows of a conversation together, in order).

    `numbers` gives each row's conversation, ascending, below `conversations`; a conversation may have none.
    """
    sides = messages["role"].to_physical().to_numpy()
    heard = np.flatnonzero(sides != _SYSTEM)
    pieces = [composed_buffers(messages["text"])]
    rows, kinds = [heard], [sides[heard].astype(np.uint8)]
    parts = messages["parts"]
    if parts.null_count() < len(parts):
        with_parts = np.flatnonzero(parts.is_not_null().to_numpy() & (sides != _SYSTEM))
        pieces.append(composed_buffers(_without_call_ids(parts.gather(with_parts))))
        rows.append(with_parts)
        kinds.append(sides[with_parts].astype(np.uint8) + np.uint8(_PARTS))
    return _in_order(pieces, rows, kinds, numbers, conversations)


def _without_call_ids(parts: pl.Series) -> pl.Series:
    """The parts with the ids that a service drew for its calls blanked; arguments stay as they are.

    >>> _without_call_ids(pl.Series(['{"id":"call_9f", "arguments":{"id":"A17"}}']))[0]
    '{"id":"", "arguments":{"id":"A17"}}'
    """
    return parts.str.replace_all(_CALL_ID, '${1}"')


def _in_order(
    pieces: list[Texts],
    rows: list[NDArray[np.int64]],
    kinds: list[NDArray[np.uint8]],
    numbers: NDArray[np.int64],
    conversations: int,
) -> Evidence:
    """Pieces in message order, a message's text before its parts."""
    text = Texts(pieces[0].data, pieces[0].starts[rows[0]], pieces[0].stops[rows[0]])
    joined = join_texts([text, *pieces[1:]])
    row, kind = np.concatenate(rows), np.concatenate(kinds)
    if len(rows) > 1:
        order = np.argsort(row, kind="stable")
        row, kind = row[order], kind[order]
        joined = Texts(joined.data, joined.starts[order], joined.stops[order])
    first = np.searchsorted(numbers[row], np.arange(conversations + 1))
    return Evidence(joined.data, joined.starts, joined.stops, kind, first.astype(np.int64))
