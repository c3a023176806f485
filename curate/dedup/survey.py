"""The keys under which the conversations of a shard may meet those of others."""

from __future__ import annotations

import numpy as np
import polars as pl

from curate.dedup.bands import choose_bands
from curate.dedup.conversations import CONTENT_SEEDS, batch_evidence
from curate.kernels.folding import fold_table
from curate.kernels.minhash import band_keys, signatures
from curate.kernels.shingles import contents

SURVEYED = pl.Schema(
    {"conversation": pl.UInt32, "key": pl.UInt64, "content": pl.UInt64, "characters": pl.UInt32}
)
"""Columns of a survey: number in the batch, a band's key, and as in the table of conversations."""


def survey_bands(batch: pl.DataFrame, limit: float, permutations: int) -> pl.DataFrame:
    """A row per conversation and band of its signature (columns of `SURVEYED`), by conversation.

    `batch` carries the `conversation` column. Conversations without a shingle have no row.
    """
    evidence = batch_evidence(batch)
    signed, shingles = signatures(evidence, permutations)
    content, characters = contents(*evidence, fold_table(), np.uint64(CONTENT_SEEDS[0]))
    spoken = np.flatnonzero(shingles)
    bands = choose_bands(limit, permutations)
    keys = band_keys(signed[spoken], bands.bands, bands.rows)
    columns = {
        "conversation": np.repeat(spoken.astype(np.uint32), bands.bands),
        "key": keys.ravel(),
        "content": np.repeat(content[spoken], bands.bands),
        "characters": np.repeat(characters[spoken], bands.bands),
    }
    return pl.DataFrame(columns, schema=SURVEYED)
