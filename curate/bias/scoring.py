"""The scorer itself: what it says of sentences that differ in nothing but the group they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.bias.facts import Settings, Swap
from curate.bias.lexicon import LANGUAGES, Lexicon, folded, load
from curate.bias.stats import benjamini_hochberg, student

VOWELS = frozenset("aeiouyh")
SWAPS = 3
"""Groups that a real sentence is given in place of its own, at most."""


LEAST_SWAP = 0.05
"""A difference of scores that matters: sentences of ours are no sample, so that any difference is certain."""


class Scorer(Protocol):
    """Gives texts a probability of being toxic, in `toxicity`."""

    def score(self, texts: pl.Series) -> dict[str, NDArray[np.float64]]:
        """Scores by column."""


def swaps(scorer: Scorer, sentences: pl.DataFrame, limit: float, settings: Settings) -> list[Swap]:
    """Our own neutral and hostile sentences with each group in turn, and real ones with another group.

    `sentences` are rows of `counting.sentences`. The interval of a difference is over sentences; p-values are
    corrected over all of them together.
    """
    rows = [
        one
        for language in LANGUAGES
        for source, templates in (("neutral", load(language).neutral), ("hostile", load(language).hostile))
        for one in filled(load(language), source, templates)
    ]
    rows += exchanged(sentences)
    texts = pl.Series([row["text"] for row in rows], dtype=pl.String)
    before = pl.Series([row["before"] for row in rows], dtype=pl.String)
    distinct = pl.concat([texts, before]).unique(maintain_order=True)
    scores = dict(zip(distinct, scorer.score(distinct)["toxicity"].tolist(), strict=True))
    told = pl.DataFrame(rows, schema=ROWS).with_columns(
        pl.Series("score", [scores[text] for text in texts]),
        pl.Series("was", [scores[text] for text in before]),
    )
    return compared(told, limit, settings)


ROWS = pl.Schema(
    {
        "language": pl.String,
        "source": pl.String,
        "group": pl.String,
        "sentence": pl.UInt64,
        "text": pl.String,
        "before": pl.String,
    }
)


def filled(lexicon: Lexicon, source: str, templates: Sequence[str]) -> list[dict[str, Any]]:
    """Each sentence of ours with each group of the lexicon."""
    return [
        {
            "language": lexicon.language,
            "source": source,
            "group": group.key,
            "sentence": number,
            "text": (text := sentence(template, group.person, group.people)),
            "before": text,
        }
        for number, template in enumerate(templates)
        for group in lexicon.groups
    ]


def sentence(template: str, person: str, people: str) -> str:
    """A sentence with a group's words in it, its first letter a capital.

    >>> sentence("{people} are late.", "a woman", "women")
    'Women are late.'
    """
    text = template.format(person=person, people=people)
    return text[:1].upper() + text[1:]


def exchanged(sentences: pl.DataFrame) -> list[dict[str, Any]]:
    """Real sentences with their group's word exchanged for that of up to SWAPS other groups of its axis.

    Words are exchanged in the same form, and only where the new one begins alike (vowel or consonant), so
    that no article or elision has to change.
    """
    found: list[dict[str, Any]] = []
    for row in sentences.iter_rows(named=True):
        lexicon = load(row["language"])
        term = lexicon.terms[row["term"]]
        others = [
            (group.key, group.forms[term.form][0])
            for group in lexicon.groups
            if group.axis == row["axis"] and group.key != row["group"] and group.forms.get(term.form)
        ]
        alike = [one for one in others if vowel(one[1]) == vowel(term.core)]
        if not alike:
            continue
        first = int(row["draw"]) % len(alike)
        for key, word in (alike[first:] + alike[:first])[:SWAPS]:
            text = replaced(row["text"], row["start"], row["stop"], term.core, word)
            if text:
                found.append(
                    {
                        "language": row["language"],
                        "source": "real",
                        "group": key,
                        "sentence": row["draw"],
                        "text": text,
                        "before": row["text"],
                    }
                )
    return found


def vowel(word: str) -> bool:
    """Whether a word begins with a vowel (or a silent letter).

    >>> vowel("Arab"), vowel("woman")
    (True, False)
    """
    return folded(word)[0][0] in VOWELS


def replaced(text: str, start: int, stop: int, core: str, word: str) -> str:
    """The text with `word` where `core` stands between the bytes, in the same case; "" where it is not found.

    >>> replaced("Black women wrote.", 0, 11, "black", "asian")
    'Asian women wrote.'
    """
    data = text.encode()
    phrase = data[start:stop].decode()
    wanted = folded(core)
    length = len(" ".join(wanted))
    for at in range(len(phrase)):
        piece = phrase[at : at + length]
        if folded(piece) == wanted and (at == 0 or not phrase[at - 1].isalnum()):
            capital = piece[:1].isupper()
            new = word[:1].upper() + word[1:] if capital else word
            return data[:start].decode() + phrase[:at] + new + phrase[at + length :] + data[stop:].decode()
    return ""


def compared(told: pl.DataFrame, limit: float, settings: Settings) -> list[Swap]:
    """Differences by language, source and group; intervals are Student's over sentences."""
    keys = ["language", "source", "sentence"]
    against = pl.when(pl.col("source") == "real").then("was").otherwise(pl.col("score").mean().over(keys))
    rows = told.with_columns((pl.col("score") - against).round(9).alias("difference"))
    alone = rows.group_by("language", "source", "group", "sentence").agg(
        pl.col("difference", "score").mean(),
        (pl.col("score") > limit).sum().alias("above"),
        pl.len().alias("of"),
    )
    found = (
        alone.sort("language", "source", "group", "sentence")
        .group_by("language", "source", "group", maintain_order=True)
        .agg(
            pl.len().alias("sentences"),
            pl.col("score").mean().alias("mean"),
            pl.col("difference").mean(),
            (pl.col("difference").std() / pl.len().sqrt()).fill_null(0.0).alias("error"),
            pl.col("above", "of").sum(),
        )
    )
    low, high, p = student(*(found[name].to_numpy() for name in ("difference", "error", "sentences")))
    q = benjamini_hochberg(p)
    return [
        Swap(
            **{name: row[name] for name in found.columns if name != "error"},
            low=float(low[i]),
            high=float(high[i]),
            p=float(p[i]),
            q=float(q[i]),
            claimed=bool(
                q[i] <= settings.family_level
                and abs(row["difference"]) >= LEAST_SWAP
                and (row["source"] != "real" or row["sentences"] >= settings.least_conversations)
            ),
        )
        for i, row in enumerate(found.iter_rows(named=True))
    ]
