"""The first look at everything: exact counts, and what duplicates go by of each conversation. No text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate import schema, sieve
from curate.dedup.bands import choose_bands
from curate.dedup.conversations import CONTENT_SEEDS, batch_evidence
from curate.dedup.shared import TALLY, tally_messages
from curate.kernels.folding import fold_table
from curate.kernels.hashing import hash_columns
from curate.kernels.minhash import band_keys, signatures
from curate.kernels.shingles import contents
from curate.passes.near_duplicates import NearDuplicates
from curate.preview.memory import peak_bytes
from curate.recipe import Recipe
from curate.sieve import Shard

SLACK = 0.3
"""How far under its limit near-duplicates are looked for: rewrites may bring two texts nearer."""


@dataclass(frozen=True)
class Overview:
    """What is known of every conversation, by its place in the run (0-based, in input order).

    About 40 bytes a conversation and 4 for each band (42 of them at the usual limit).
    """

    first: NDArray[np.int64]  # of each shard the place of its first conversation; one more at the end
    records: int
    quarantined: int
    names: NDArray[np.uint64]  # hash of source, record and id: what the draw goes by, whatever the cut
    messages: NDArray[np.uint32]
    size: NDArray[np.uint32]  # bytes of text
    content: NDArray[np.uint64]  # hash of what was said, as read; 0 where nothing is
    characters: NDArray[np.uint32]
    keys: NDArray[np.uint32]  # (bands, conversations), as read; 0 where nothing is said
    rows: NDArray[np.int64]  # bytes of text in each shard
    read_seconds: NDArray[np.float64]  # CPU seconds that reading each shard took
    said: (
        pl.DataFrame
    )  # columns of `shared.TALLY`; of several shards what each has in two conversations or more
    peak: int  # most memory a process had while reading, in bytes; 0 where the system does not tell

    @property
    def conversations(self) -> int:
        """How many there are."""
        return len(self.names)


def bands_of(recipe: Recipe) -> tuple[int, int, int]:
    """Permutations, bands and rows a band for the first look; no bands where nothing asks for them."""
    near = [one for one in recipe.globals if isinstance(one, NearDuplicates)]
    if not near:
        return 0, 0, 0
    limit = max(0.5, round(min(one.limit for one in near) - SLACK, 6))
    permutations = near[0].permutations
    bands = choose_bands(limit, permutations)
    return permutations, bands.bands, bands.rows


def look_over(task: tuple[Shard, tuple[int, int, int], bool]) -> Overview:
    """The overview of one shard; the last of `task` is whether what many conversations say is asked for."""
    shard, bands, shares = task
    begun = time.process_time()
    batch = sieve.read(shard)
    spent = time.process_time() - begun
    numbered = schema.number_conversations(batch.messages)
    counts = numbered.group_by(schema.CONVERSATION, maintain_order=True).agg(
        pl.col("conversation_id", "source", "record").first(),
        pl.len().alias("messages"),
        pl.col("text").str.len_bytes().sum().cast(pl.UInt32).alias("size"),
    )
    content, characters, keys = signed(numbered, bands)
    return Overview(
        first=np.array([0, counts.height]),
        records=batch.records,
        quarantined=batch.quarantined.height,
        names=hash_columns(counts, ["source", "record", "conversation_id"]),
        messages=counts["messages"].to_numpy().astype(np.uint32),
        size=counts["size"].to_numpy(),
        content=content,
        characters=characters,
        keys=keys,
        rows=np.array([int(counts["size"].sum())]),
        read_seconds=np.array([spent]),
        said=tally_messages(numbered) if shares else pl.DataFrame(schema=TALLY),
        peak=peak_bytes(),
    )


def signed(
    numbered: pl.DataFrame, bands: tuple[int, int, int]
) -> tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint32]]:
    """Content hash, characters and band keys (bands, conversations) of a batch."""
    permutations, count, rows = bands
    evidence = batch_evidence(numbered)
    content, characters = contents(*evidence, fold_table(), np.uint64(CONTENT_SEEDS[0]))
    if not count:
        return content, characters.astype(np.uint32), np.empty((0, len(content)), np.uint32)
    words, shingles = signatures(evidence, permutations)
    keys = band_keys(words, count, rows).astype(np.uint32)
    keys[shingles == 0] = 0
    return content, characters.astype(np.uint32), np.ascontiguousarray(keys.T)


def repeated(said: pl.DataFrame) -> pl.DataFrame:
    """The rows of messages that two conversations of a shard have: few, so that memory stays small."""
    return said.filter(pl.len().over("key") > 1)


def shared_above(said: pl.DataFrame, limit: int) -> pl.Series:
    """The keys of messages that more different conversations than `limit` have; none where it is 0."""
    counts = said.group_by("key").agg(pl.col("content").n_unique())
    return counts.filter(pl.lit(limit > 0) & (pl.col("content") > limit))["key"].sort()


def together(parts: Sequence[Overview]) -> Overview:
    """The overviews of consecutive shards as one."""
    return Overview(
        first=np.append(0, np.cumsum([one.conversations for one in parts])),
        records=sum(one.records for one in parts),
        quarantined=sum(one.quarantined for one in parts),
        names=np.concatenate([one.names for one in parts]),
        messages=np.concatenate([one.messages for one in parts]),
        size=np.concatenate([one.size for one in parts]),
        content=np.concatenate([one.content for one in parts]),
        characters=np.concatenate([one.characters for one in parts]),
        keys=np.concatenate([one.keys for one in parts], axis=1),
        rows=np.concatenate([one.rows for one in parts]),
        read_seconds=np.concatenate([one.read_seconds for one in parts]),
        said=pl.concat([repeated(one.said) if len(parts) > 1 else one.said for one in parts]),
        peak=max(one.peak for one in parts),
    )
