"""Which words go with which group, against conversations that mention other groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from curate.bias.facts import Association, Settings, finite
from curate.bias.lexicon import LANGUAGES, load
from curate.bias.matching import group_keys, word_hashes
from curate.bias.stats import Floats, benjamini_hochberg, fisher, normal_two_sided, ratio_interval

PRIOR = 500.0
"""Words that the prior is worth, spread as in all conversations that mention a group: it draws the log-odds
of rare words towards none, and those of common words hardly."""
SHOWN = 12
"""Words told of a group in each direction beyond those that are claimed."""


def associations(
    counted: pl.DataFrame,
    documents: pl.DataFrame,
    spelled: pl.DataFrame,
    settings: Settings,
    watch: frozenset[str] = frozenset(),
) -> list[Association]:
    """Words by group and language: all that are claimed, and the largest others.

    A word is looked at where it stands in at least `least_word` conversations of the group or of the others.
    The score is the log-odds-ratio with an informative Dirichlet prior, in its standard errors (Monroe,
    Colaresi and Quinn 2008), over conversations: a word counts once in each. It is claimed where both its z
    and Fisher's exact test on the conversations say so, after Benjamini and Hochberg over all words of all
    groups: z alone trusts rare words too much. `watch` names words to tell whatever was found.
    """
    candidates = [
        one
        for language in LANGUAGES
        for one in of_language(
            language,
            counted.filter(pl.col("language") == language),
            documents.filter(pl.col("language") == language),
            spelled.filter(pl.col("language") == language),
            settings,
        )
    ]
    q = benjamini_hochberg([one["p"] for one in candidates])
    told: list[Association] = []
    shown: dict[tuple[str, str, bool], int] = {}
    order = sorted(
        range(len(candidates)),
        key=lambda i: (candidates[i]["p"], -abs(candidates[i]["z"]), candidates[i]["word"]),
    )
    for i in order:
        one = candidates[i]
        place = (one["language"], one["group"], one["z"] > 0)
        claimed = bool(q[i] <= settings.family_level)
        shown[place] = shown.get(place, 0) + 1
        if claimed or shown[place] <= SHOWN or one["word"] in watch:
            told.append(Association(**one, q=float(q[i]), claimed=claimed))
    return told


def of_language(
    language: str, counted: pl.DataFrame, documents: pl.DataFrame, spelled: pl.DataFrame, settings: Settings
) -> list[dict[str, Any]]:
    """Every word and group of a language that is common enough, with its numbers."""
    if not counted.height:
        return []
    lexicon = load(language)
    own = word_hashes(tuple(sorted(lexicon.identity_words)))
    counted = counted.filter(~pl.col("word").is_in(pl.Series(own).implode()))
    totals = counted.group_by("word").agg(pl.col("n").sum()).sort("word")
    names = totals["word"]
    background = totals["n"].to_numpy().astype(np.float64)
    spelling = dict(spelled.select("word", "spelled").iter_rows())
    place = counted.join(totals.select("word").with_row_index("place"), on="word")
    masks = place["mask"].to_numpy()
    all_documents = documents["n"].to_numpy().astype(np.float64)
    found: list[dict[str, Any]] = []
    for bit, group in enumerate(group_keys()):
        held = (masks >> np.uint64(bit)) & np.uint64(1) == 1
        with_it = (documents["mask"].to_numpy() >> np.uint64(bit)) & np.uint64(1) == 1
        of, other_of = all_documents[with_it].sum(), all_documents[~with_it].sum()
        if min(of, other_of) < settings.least_conversations:
            continue
        numbers = place["n"].to_numpy().astype(np.float64)
        y = np.bincount(place["place"].to_numpy()[held], numbers[held], len(names)).astype(np.float64)
        x = background - y
        found += of_group(y, x, of, other_of, background, settings, language, group, names, spelling)
    return found


def of_group(
    y: Floats, x: Floats, of: float, other_of: float, background: Floats,
    settings: Settings, language: str, group: str, names: pl.Series, spelling: dict[int, str],
) -> list[dict[str, Any]]:  # fmt: skip
    """The words of one group: y in its conversations, x in the others'."""
    log_odds, z = weighted_log_odds(y, x, background)
    looked = np.flatnonzero(np.maximum(y, x) >= settings.least_word)
    p = normal_two_sided(z)[looked]
    near = p <= 0.05
    exact = fisher(y[looked][near], of, x[looked][near], other_of)
    p[near] = np.maximum(p[near], exact)
    ratio, low, high = ratio_interval(
        y[looked], np.full(len(looked), of), x[looked], np.full(len(looked), other_of)
    )
    return [
        {
            "language": language,
            "group": group,
            "word": spelling[names[int(at)]],
            "count": int(y[at]),
            "of": int(of),
            "other_count": int(x[at]),
            "other_of": int(other_of),
            "ratio": finite(ratio[i]),
            "low": float(low[i]),
            "high": finite(high[i]),
            "log_odds": float(log_odds[at]),
            "z": float(z[at]),
            "p": float(p[i]),
        }
        for i, at in enumerate(looked)
    ]


def weighted_log_odds(y: Floats, x: Floats, background: Floats) -> tuple[Floats, Floats]:
    """Log-odds-ratios of words with an informative Dirichlet prior, and their z-scores (Monroe et al. 2008).

    >>> import numpy as np
    >>> log_odds, z = weighted_log_odds(np.array([40.0, 60]), np.array([10.0, 90]), np.array([50.0, 150]))
    >>> z.round(1).tolist()
    [2.3, -4.0]
    """
    prior = PRIOR * background / background.sum()
    n, m, weight = y.sum(), x.sum(), prior.sum()
    one = np.log((y + prior) / np.maximum(n + weight - y - prior, 1e-9))
    other = np.log((x + prior) / np.maximum(m + weight - x - prior, 1e-9))
    error = np.sqrt(1 / (y + prior) + 1 / (x + prior))
    log_odds: Floats = one - other
    return log_odds, log_odds / error
