"""The Vendi score: how many conversations there are in effect when similar ones count as one."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse, special  # type: ignore[import-untyped]

from curate import schema
from curate.diversity import sample
from curate.diversity.clusters import weighted
from curate.diversity.facts import Settings, Vendi
from curate.diversity.words import bags
from curate.kernels.hashing import hash_columns
from curate.runs import Run

LEAST_SIZE = 16
"""With fewer conversations in each draw nothing is told."""
MOST_WORDS = 20_000


def score(similarity: NDArray[np.float64]) -> float:
    """exp of the entropy of the eigenvalues of a similarity matrix over its size (Friedman and Dieng 2023).

    >>> round(score(np.eye(4)), 6), round(score(np.ones((4, 4))), 6)
    (4.0, 1.0)
    """
    values = np.linalg.eigvalsh(similarity / len(similarity))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


def vendi(run: Run, kept: NDArray[np.bool_], settings: Settings) -> tuple[Vendi, ...]:
    """The scores as read and kept: of equally many conversations, so that they can be compared.

    `kept` has an entry for each conversation of the run. Each score is exact on its draw; draws are disjoint,
    so their spread gives Student's interval of the mean. Similarity is the cosine of TF-IDF words.
    """
    places = drawn(run, settings)
    rows = sample.fetched(run, places)
    if not rows.height:
        return ()
    said = bags(rows, 2, MOST_WORDS)
    shape = (said.conversations, max(1, len(said.vocabulary)))
    where = (said.counts[schema.CONVERSATION].to_numpy(), said.counts["place"].to_numpy())
    counts = sparse.csr_array((said.counts["n"].to_numpy().astype(np.float64), where), shape=shape)
    told = np.flatnonzero(np.diff(counts.indptr))
    points, _ = weighted(counts)
    stays = told[kept[places["index"].to_numpy()][told]]
    size = min(settings.vendi_size, len(stays) // 4)
    if size < LEAST_SIZE:
        return ()
    return tuple(
        interval(stage, [score((points[part] @ points[part].T).toarray()) for part in parts], size)
        for stage, parts in (("read", draws(told, size)), ("kept", draws(stays, size)))
    )


def drawn(run: Run, settings: Settings) -> pl.DataFrame:
    """`id`, `rank`, `index` (place among all) of conversations by seeded hash, copies and all."""
    parts = [
        pl.read_parquet(run.storage.path(name.replace(sample.PARTS, "pairs/conversations", 1)))
        for name in sample.parts_of(run)
    ]
    rows = pl.concat([one.select("id", "conversation_id", "content") for one in parts])
    order = sample.mixed(hash_columns(rows, ["content", "conversation_id"]), settings.seed)
    rows = rows.select("id", pl.Series("order", order), pl.int_range(pl.len()).alias("index"))
    rows = rows.sort("order", "id").head(settings.vendi_size * settings.vendi_draws)
    return rows.select("id", pl.int_range(pl.len(), dtype=pl.UInt32).alias("rank"), "index")


def draws(rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Disjoint runs of `size` rows."""
    return [rows[first : first + size] for first in range(0, len(rows) - size + 1, size)]


def interval(stage: str, scores: list[float], size: int) -> Vendi:
    """Mean and Student's interval of scores of independent draws."""
    values = np.array(scores)
    error = values.std(ddof=1) / np.sqrt(len(values))
    half = float(special.stdtrit(len(values) - 1, 0.975) * error)
    mean = float(values.mean())
    return Vendi(
        stage=stage, size=size, draws=len(values), value=mean, low=max(1.0, mean - half), high=mean + half
    )
