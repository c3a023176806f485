"""What many conversations share (greetings, signatures, canned answers) is no evidence that two are the same.

A message is shared where more different conversations than a limit say it: the same role, the same folded
text. Conversations of equal content count once, so that a thousand copies of one chat make nothing shared.
Two conversations that are alike with all they say must be alike in what is left without the shared messages
too, if less: a number that differs in a line of its own weighs more there than in the whole.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.dedup.conversations import CONTENT_SEEDS, batch_evidence
from curate.dedup.evidence import gather_evidence
from curate.kernels.folding import fold_table
from curate.kernels.jaccard import verify_pairs
from curate.kernels.shingles import contents, shingle_sets
from curate.passes.base import Texts
from curate.schema import CONVERSATION, ROLE

REST = 0.5
"""Least Jaccard, side by side, of what is left of two conversations without the shared messages."""
PAIRS_AT_ONCE = 5_000
TALLY = pl.Schema({"key": pl.UInt64, "content": pl.UInt64})
"""Columns of a tally: hash of a message, hash of what its conversation says."""


def tally_messages(batch: pl.DataFrame) -> pl.DataFrame:
    """A row (columns of `TALLY`) for each message of each conversation of the batch, each once.

    `batch` carries the `conversation` column. System messages and those with parts are never shared.
    """
    content, _ = contents(*batch_evidence(batch), fold_table(), np.uint64(CONTENT_SEEDS[0]))
    said = pl.DataFrame(
        {"key": message_keys(batch), "content": content[batch[CONVERSATION].to_numpy()]}, schema=TALLY
    )
    return said.filter(pl.col("key") != 0).unique().sort("key", "content")


def message_keys(messages: pl.DataFrame) -> NDArray[np.uint64]:
    """A hash of role and folded text of each row; 0 where a message can never be shared.

    >>> from curate.schema import messages
    >>> rows = {"conversation_id": ["a"] * 3, "role": ["user", "user", "system"], "text": ["Hi", "hi ", "hi"]}
    >>> keys = message_keys(messages(rows))
    >>> bool(keys[0] == keys[1]), int(keys[2])
    (True, 0)
    """
    plain = messages["parts"].is_null().to_numpy()
    keys = np.zeros(messages.height, np.uint64)
    rows = messages.filter(plain)
    evidence = gather_evidence(rows, np.arange(rows.height, dtype=np.int64), rows.height)
    keys[plain], _ = contents(*evidence, fold_table(), np.uint64(CONTENT_SEEDS[1]))
    return keys


def alike_without_shared(pairs: pl.DataFrame, texts: Texts, shared: pl.Series) -> pl.DataFrame:
    """The pairs (columns of `pairs.PAIRS`) that are alike in what is not shared too.

    `shared` has the keys of the shared messages.
    """
    if pairs.is_empty() or not len(shared):
        return pairs
    return pl.concat(_alike(part, texts, shared) for part in pairs.iter_slices(PAIRS_AT_ONCE))


def _alike(pairs: pl.DataFrame, texts: Texts, shared: pl.Series) -> pl.DataFrame:
    ids = pl.concat([pairs["a"], pairs["b"]]).unique().sort()
    messages = texts(ids).with_columns(pl.col("role").cast(ROLE))
    left = messages.filter(~pl.Series(message_keys(messages)).is_in(shared.implode()))
    if left.height == messages.height:
        return pairs
    numbers = ids.search_sorted(left["id"]).to_numpy().astype(np.int64)
    sets = shingle_sets(*gather_evidence(left, numbers, len(ids)), fold_table())
    ones, twos = (ids.search_sorted(pairs[side]).to_numpy().astype(np.int64) for side in ("a", "b"))
    untouched = pl.Series(np.bincount(numbers, minlength=len(ids))) == _counts(messages["id"], ids)
    whole = (untouched.gather(ones) & untouched.gather(twos)).to_numpy()
    return pairs.filter(whole | (verify_pairs(*sets, ones, twos, REST) > 0.0))


def _counts(owners: pl.Series, ids: pl.Series) -> pl.Series:
    places = ids.search_sorted(owners).to_numpy().astype(np.int64)
    return pl.Series(np.bincount(places, minlength=len(ids)))
