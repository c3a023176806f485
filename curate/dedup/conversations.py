"""The table of conversations: one row for each of a batch, with the hashes of what was said in it."""

from __future__ import annotations

import numpy as np
import polars as pl

from curate.dedup.evidence import gather_evidence
from curate.kernels.folding import fold_table
from curate.kernels.hashing import hash_texts
from curate.kernels.shingles import Evidence, contents
from curate.schema import CONVERSATION

CONVERSATIONS = pl.Schema(
    {
        CONVERSATION: pl.UInt32,
        "tree": pl.UInt64,
        "content": pl.UInt64,
        "content_check": pl.UInt64,
        "characters": pl.UInt32,
    }
)
"""Columns of the table: number in the batch; hash of the tree's name, 0 for none; two independent hashes of
the folded texts and parts by role and in order, system messages apart, both 0 where nothing is said; how
many code points those have."""

CONTENT_SEEDS = (0x7A31, 0xC0DE)
"""What the two hashes of a content start from."""


def batch_evidence(batch: pl.DataFrame) -> Evidence:
    """The evidence of a batch that carries the `conversation` column (0-based, ascending, none missing)."""
    numbers = batch[CONVERSATION].to_numpy().astype(np.int64)
    return gather_evidence(batch, numbers, int(numbers[-1]) + 1 if len(numbers) else 0)


def conversation_table(batch: pl.DataFrame, evidence: Evidence | None = None) -> pl.DataFrame:
    """One row per conversation of the batch, by number: the columns of `CONVERSATIONS`.

    Two conversations with equal `content` and `content_check` say the same: the same roles say the same
    folded texts in the same order, with the same tool calls. `evidence` spares gathering it twice.

    >>> from curate.schema import messages, number_conversations
    >>> chats = messages(
    ...     {
    ...         "conversation_id": ["a", "b", "b"],
    ...         "role": ["user", "system", "user"],
    ...         "text": ["Hi  there", "Be kind.", "hi there"],
    ...     }
    ... )
    >>> table = conversation_table(number_conversations(chats))
    >>> table["content"].n_unique(), table["characters"].to_list()
    (1, [8, 8])
    """
    evidence = batch_evidence(batch) if evidence is None else evidence
    number = len(evidence.first) - 1
    content, characters = contents(*evidence, fold_table(), np.uint64(CONTENT_SEEDS[0]))
    check, _ = contents(*evidence, fold_table(), np.uint64(CONTENT_SEEDS[1]))
    return pl.DataFrame(
        {
            CONVERSATION: np.arange(number, dtype=np.uint32),
            "tree": _trees(batch, number),
            "content": content,
            "content_check": check,
            "characters": characters,
        },
        schema=CONVERSATIONS,
    )


def _trees(batch: pl.DataFrame, number: int) -> pl.Series:
    """The hash of each conversation's tree; 0 where there is none."""
    if batch["tree"].null_count() == batch.height:
        return pl.repeat(0, number, dtype=pl.UInt64, eager=True)
    firsts = batch[CONVERSATION].rle_id()
    names = batch["tree"].filter(firsts.ne_missing(firsts.shift()))
    hashes = hash_texts(names).to_numpy().copy()
    hashes[hashes == 0] = 1
    hashes[names.is_null().to_numpy()] = 0
    return pl.Series(hashes, dtype=pl.UInt64)
