"""Readable names of topics: the words that tell each from the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from curate.bias.association import weighted_log_odds

TOLD = 10
"""Words that are kept for each topic; the first of them make its name."""
IN_NAME = 3
TYPICAL = 0.05
"""A word that stands in a smaller share of the topic's conversations is not typical of it."""
SEPARATOR = " · "


def telling_words(
    counts: sparse.csr_array, labels: NDArray[np.int64], topics: int, forms: Sequence[str], least: int
) -> list[tuple[str, ...]]:
    """For each topic its most telling words, the most telling first; none that `least` conversations lack.

    Conversations that hold a word are compared with those of all other topics: weighted log-odds with an
    informative Dirichlet prior (Monroe et al. 2008), over classes as in c-TF-IDF. Of words with one stem only
    the first is told.
    """
    if not len(forms):
        return [() for _ in range(topics)]
    member = sparse.csr_array(
        (np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(topics, len(labels))
    )
    held = (member @ (counts > 0).astype(np.float64)).toarray()
    sizes = np.bincount(labels, minlength=topics)
    whole = held.sum(0)
    found = []
    for topic in range(topics):
        _, scores = weighted_log_odds(held[topic], whole - held[topic], whole)
        if topics == 1:
            scores = held[topic]
        enough = held[topic] >= max(least, TYPICAL * sizes[topic])
        order = [place for place in np.argsort(-scores, kind="stable") if enough[place] and scores[place] > 0]
        found.append(distinct([forms[place] for place in order[: 4 * TOLD]])[:TOLD])
    return found


def distinct(words: Sequence[str]) -> tuple[str, ...]:
    """The words without those that share their beginning with an earlier one (plurals, endings).

    >>> distinct(["refund", "refunds", "parcel", "refunded"])
    ('refund', 'parcel')
    """
    kept: list[str] = []
    for word in words:
        if not any(kin(word, other) for other in kept):
            kept.append(word)
    return tuple(kept)


def kin(one: str, other: str) -> bool:
    """Whether two words share all but their endings."""
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return shared >= max(4, min(len(one), len(other)) - 2)


def names(telling: Sequence[tuple[str, ...]]) -> list[str]:
    """A name for each topic from its words; further words where two would be called the same.

    >>> names([("bus", "ticket", "seat", "fare"), ("bus", "ticket", "seat", "stop"), ()])
    ['bus · ticket · seat · fare', 'bus · ticket · seat · stop', '?']
    """
    made = [SEPARATOR.join(words[:IN_NAME]) or "?" for words in telling]
    for length in range(IN_NAME + 1, TOLD + 1):
        twice = {name for name in made if name != "?" and made.count(name) > 1}
        made = [
            SEPARATOR.join(words[:length]) if name in twice else name
            for name, words in zip(made, telling, strict=True)
        ]
    return made
