"""Are topics, effective numbers and shifts right? Corpora in which all of them are planted.

python benchmarks/diversity.py                       # 100 corpora of each kind
python benchmarks/diversity.py --corpora 10 --seed 5
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).parents[1]))

from curate import schema
from curate.diversity import dealing, reference, topics
from curate.diversity.facts import Reference, Settings
from curate.diversity.numbers import effective

CONSONANTS, VOWELS = "bcdfglmnprstv", "aeiou"


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A corpus: how many topics, how large (none: all equal), how much of what is said is of the topic."""

    topics: int
    conversations: int = 1500
    words: int = 30
    own: float = 0.35
    topic_words: int = 80
    shared_words: int = 1200
    evenness: float = 3.0
    branching: float = 0.0  # share of conversations that are trees of two to nine branches of one question


def vocabulary(count: int, random: np.random.Generator) -> NDArray[np.str_]:
    """Invented words of three syllables, all different."""
    made: set[str] = set()
    while len(made) < count:
        letters = [random.choice(list(part)) for part in (CONSONANTS, VOWELS) * 3]
        made.add("".join(letters))
    words = np.array(sorted(made))
    random.shuffle(words)
    return words


def shares_of(planted: Planted, random: np.random.Generator) -> NDArray[np.float64]:
    """The planted shares of topics."""
    if not planted.evenness:
        return np.full(planted.topics, 1 / planted.topics)
    return random.dirichlet(np.full(planted.topics, planted.evenness))


def corpus(
    planted: Planted, seed: int, shares: NDArray[np.float64] | None = None, draw: int = 0
) -> tuple[pl.DataFrame, NDArray[np.int64], NDArray[np.float64]]:
    """Messages, the topic of each conversation, and the shares of topics; `draw` tells two of one seed apart.

    Words of all and of each topic follow Zipf's law; a conversation is a question and an answer.
    """
    random = np.random.default_rng(seed)
    words = vocabulary(planted.shared_words, random)
    rank = 1 / np.arange(1, len(words) + 1)
    common = rank / rank.sum()
    law = np.tile(common * (1 - planted.own), (planted.topics, 1))
    for topic in range(planted.topics):
        own = random.choice(len(words), planted.topic_words, replace=False)
        weights = 1 / np.arange(1, planted.topic_words + 1)
        law[topic, own] += planted.own * weights / weights.sum()
    told = shares_of(planted, random) if shares is None else shares
    random = np.random.default_rng([seed, draw])
    labels = random.choice(planted.topics, planted.conversations, p=told)
    lengths = np.maximum(4, random.poisson(planted.words * random.gamma(4, 0.25, planted.conversations)))
    branches = np.ones(planted.conversations, np.int64)
    if planted.branching:
        grown = random.random(planted.conversations) < planted.branching
        branches[grown] = random.integers(2, 10, int(grown.sum()))
    texts, ids, trees = [], [], []
    for number, (topic, length) in enumerate(zip(labels, lengths, strict=True)):
        said = random.choice(words, length, p=law[topic])
        cut = max(1, length // 3)
        for branch in range(branches[number]):
            answer = random.choice(words, length - cut, p=law[topic]) if branch else said[cut:]
            texts += [" ".join(said[:cut]), " ".join(answer)]
            ids += [f"c{draw}-{number:06d}" + f".{branch}" * bool(branch)] * 2
            trees += [f"t{draw}-{number:06d}" if branches[number] > 1 else None] * 2
    told_by = {"role": ["user", "assistant"] * (len(ids) // 2), "tree": trees}
    rows = schema.messages({"conversation_id": ids, "text": texts, **told_by})
    return rows, np.repeat(labels, branches).astype(np.int64), told


def adjusted_mutual_information(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """1 where two labellings are one, 0 where they agree as by chance (Vinh, Epps and Bailey 2010).

    >>> adjusted_mutual_information(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    n = len(a)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    rows, columns = table.sum(1), table.sum(0)
    met = table > 0
    mutual = float((table[met] / n * np.log(n * table[met] / np.outer(rows, columns)[met])).sum())
    expected = sum(_expected(int(i), int(j), n) for i in rows for j in columns)
    most = (entropy(rows / n) + entropy(columns / n)) / 2
    return (mutual - expected) / (most - expected) if most > expected else 1.0


def _expected(i: int, j: int, n: int) -> float:
    k = np.arange(max(1, i + j - n), min(i, j) + 1)
    log = special.gammaln
    ways = (
        log(i + 1) + log(j + 1) + log(n - i + 1) + log(n - j + 1) - log(n + 1)
        - log(k + 1) - log(i - k + 1) - log(j - k + 1) - log(n - i - j + k + 1)
    )  # fmt: skip
    return float((k / n * np.log(n * k / (i * j)) * np.exp(ways)).sum())


def entropy(shares: NDArray[np.float64]) -> float:
    """Shannon's entropy in nats."""
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())


KINDS = (
    Planted(topics=1),
    Planted(topics=4),
    Planted(topics=8),
    Planted(topics=12),
    Planted(topics=8, evenness=0.0),
    Planted(topics=20, conversations=3000),
)


@dataclass(frozen=True)
class Told:
    """What became of one corpus: topics found, agreement with the planted, whether the interval holds."""

    found: int
    agreement: float
    held: bool
    ratio: float


def recovered(planted: Planted, seed: int) -> Told:
    """Topics of one corpus, beside those planted in it."""
    rows, labels, shares = corpus(planted, seed)
    model = topics.find(schema.number_conversations(rows))
    told = topics.assign(rows, model)["topic"].fill_null(-1).to_numpy().astype(np.int64)
    number = effective(told, np.arange(len(told)), spread=model.spread)
    truth = float(np.exp(entropy(shares)))
    agreed = adjusted_mutual_information(told, labels) if planted.topics > 1 else 1.0
    held = number is not None and number.low <= truth + 1e-9 and truth <= number.high + 1e-9
    return Told(len(model.topics), agreed, held, number.value / truth if number else 0.0)


def beside(planted: Planted, seed: int, shift: float) -> tuple[Reference, float]:
    """Two corpora of the same topics; in the second, `shift` of the first topic's share went to the second.

    The comparison, and the true divergence in bits.
    """
    _, _, shares = corpus(planted, seed)
    moved = shares.copy()
    moved[0], moved[1] = shares[0] * (1 - shift), shares[1] + shares[0] * shift
    sides = []
    for draw, told in ((1, shares), (2, moved)):
        rows, _, _ = corpus(planted, seed, told, draw)
        ranked = reference.whole(rows.with_columns(part=0), pl.lit(value=True))
        sides.append(reference.different(ranked, Settings()))
    truth = float(dealing.bits(np.stack([shares, moved]))[0])
    return reference.compared(sides[0], sides[1], Settings()), truth


def tell_topics(seeds: range) -> None:
    """Topics found in each kind of corpus, beside those planted."""
    print("planted topics | n | found: exactly, within 1 | AMI | truth in 95% interval | estimate/truth")
    for planted in KINDS:
        told = [recovered(planted, seed) for seed in seeds]
        found = np.array([one.found for one in told])
        name = f"{planted.topics}{'' if planted.evenness else ' equal'}"
        exact, near = (found == planted.topics).mean(), (abs(found - planted.topics) <= 1).mean()
        low, high = np.percentile([one.ratio for one in told], [5, 95])
        agreed, held = np.mean([one.agreement for one in told]), np.mean([one.held for one in told])
        print(
            f"{name} | {planted.conversations} | {exact:.0%}, {near:.0%} | {agreed:.3f} | {held:.1%} | "
            f"{low:.2f}-{high:.2f}",
            flush=True,
        )


def tell_shifts(seeds: range) -> None:
    """What is claimed of two corpora whose topics are the same, or are not."""
    print("shift of the first topic | topics claimed | any claim | truth in 95% interval")
    for shift in (0.0, 0.3, 0.6):
        claimed, anything, held = [], [], []
        for seed in seeds:
            made, truth = beside(Planted(topics=8, conversations=1000), seed, shift)
            one = next(far for far in made.divergences if far.kind == "topic")
            claimed.append(one.claimed)
            anything.append(any(part.claimed for part in (*made.divergences, *made.slices)))
            held.append(one.low <= truth <= one.high)
        told = (np.mean(claimed), np.mean(anything), np.mean(held))
        print(f"{shift:.0%} | " + " | ".join(f"{share:.1%}" for share in told), flush=True)


def tell_chance(seeds: range) -> None:
    """What is claimed of two halves of one corpus, dealt by conversations or by whole trees."""
    print("two halves of one corpus | any claim | kinds over their chance range")
    for name, planted in (
        ("conversations", Planted(topics=8, conversations=2000)),
        ("trees, three in ten of 2 to 9 branches", Planted(topics=8, conversations=800, branching=0.3)),
    ):
        claimed, over = [], []
        for seed in seeds:
            made = halves(planted, seed)
            claimed.append(any(one.claimed for one in (*made.divergences, *made.slices)))
            over += [one.p <= Settings().level for one in made.divergences]
        print(f"{name} | {np.mean(claimed):.1%} | {np.mean(over):.1%}", flush=True)


def halves(planted: Planted, seed: int) -> Reference:
    """A corpus dealt at random into two halves, trees whole, and the halves compared."""
    rows, _, _ = corpus(planted, seed)
    cluster = pl.coalesce("tree", "conversation_id")
    names = rows.select(cluster).to_series().unique(maintain_order=True)
    sides = np.random.default_rng([seed, 9]).permutation(len(names)) % 2
    told = []
    for side in (0, 1):
        some = rows.filter(cluster.is_in(names.filter(pl.Series(sides == side)).implode()))
        ranked = reference.whole(some.with_columns(part=0), pl.lit(value=True))
        told.append(reference.different(ranked, Settings()))
    return reference.compared(told[0], told[1], Settings())


def main() -> None:
    """Every kind of corpus in turn; prints a table."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    asked.add_argument("--corpora", type=int, default=100)
    asked.add_argument("--seed", type=int, default=1000)
    asked.add_argument("--part", choices=("topics", "shifts", "chance", "all"), default="all")
    given = asked.parse_args()
    seeds = range(given.seed, given.seed + given.corpora)
    started = time.time()
    for name, tell in (("topics", tell_topics), ("shifts", tell_shifts), ("chance", tell_chance)):
        if given.part in (name, "all"):
            tell(seeds)
    print(f"{given.corpora} corpora of each kind, seeds from {given.seed}, {time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
