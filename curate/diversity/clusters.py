"""How many topics there are and which conversations belong to them, from a matrix of words.

Words are weighted by TF-IDF and projected on as many singular vectors as tell more than chance (Horn's
parallel analysis, 1965); spherical k-means (Dhillon and Modha 2001) finds more groups than needed; these are
joined by Ward's rule into a tree. A division of the tree stays where two halves of the vocabulary, each
alone, agree about it (Cohen's kappa) on conversations that took no part in making it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse.linalg import svds  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

MARGIN = 1.05
"""A singular value counts when it is so many times the largest one of chance."""
AGREE = 0.5
"""Kappa from which a division stays."""
HALVES = 2
"""Pairs of halves of the sample on which topics are found again, to tell how sure their number is."""
FIRST = 20
"""Directions that are looked at first; more where all of them tell something."""
DENSE = 500
"""Matrices with no more rows or columns are decomposed whole."""


@dataclass(frozen=True)
class Found:
    """Topics: `axes` [word, d] project words, `centres` [topic, d] have length 1, `labels` [row]."""

    axes: Floats
    centres: Floats
    labels: Longs


@dataclass(eq=False)
class Node:
    """A group of conversations: those that made it, those that judge it, the topics it falls into."""

    total: Floats
    made: Longs
    judging: Longs
    topics: list[Node] = field(default_factory=list)


def weighted(counts: sparse.csr_array) -> tuple[sparse.csr_array, Floats]:
    """Rows of length 1 with (1 + log n) idf for each word, and the words' idf = log((N + 1) / (df + 1/2))."""
    idf = np.log((counts.shape[0] + 1) / (np.diff(counts.tocsc().indptr) + 0.5))
    rows = counts.astype(np.float64)
    rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
    lengths = np.sqrt(np.add.reduceat(np.append(rows.data**2, 0.0), rows.indptr[:-1]))
    lengths[np.diff(rows.indptr) == 0] = 1.0
    rows.data /= np.repeat(lengths, np.diff(rows.indptr))
    return rows, idf


def directions(rows: sparse.csr_array, number: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """The largest singular values, falling, and their vectors over words [word, number]; signs are fixed."""
    number = min(number, min(rows.shape))
    if min(rows.shape) <= DENSE:
        _, values, vectors = np.linalg.svd(rows.toarray(), full_matrices=False)
    else:
        _, values, vectors = svds(rows, k=number, tol=1e-4, v0=random.normal(size=min(rows.shape)))
    order = np.argsort(-values, kind="stable")[:number]
    axes = vectors[order].T
    signs = np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    return values[order], axes * np.where(signs == 0, 1.0, signs)


def strengths(rows: sparse.csr_array, number: int, random: np.random.Generator) -> Floats:
    """The largest singular values, falling: what `directions` gives without the vectors, for less."""
    number = min(number, min(rows.shape))
    if min(rows.shape) <= DENSE:
        values: Floats = np.linalg.svd(rows.toarray(), compute_uv=False)
    else:
        start = random.normal(size=min(rows.shape))
        values = svds(rows, k=number, tol=1e-4, v0=start, return_singular_vectors=False)
    return np.sort(values)[::-1][:number]


def by_chance(counts: sparse.csr_array, random: np.random.Generator) -> sparse.csr_array:
    """As many words said in each row and as often each word, dealt anew: what is left without topics."""
    entries = counts.tocoo()
    times = entries.data.astype(np.int64)
    rows, words = np.repeat(entries.row, times), np.repeat(entries.col, times)
    dealt = sparse.coo_array((np.ones(len(rows)), (random.permutation(rows), words)), shape=counts.shape)
    return dealt.tocsr()


def dimensions(
    counts: sparse.csr_array, rows: sparse.csr_array, most: int, random: np.random.Generator
) -> int:
    """How many directions tell more than chance: 1 (what all have in common) where there are no topics."""
    chance = strengths(weighted(by_chance(counts, random))[0], 2, random)
    asked = min(most, FIRST)
    while True:
        values = strengths(rows, asked + 1, random)
        wide = 1 + int((values[1:] > MARGIN * chance[-1]).sum())
        if wide <= asked or asked == most:
            return wide
        asked = min(most, 3 * asked)


def unit(points: Floats) -> Floats:
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: Floats = points / np.where(lengths > 1e-12, lengths, 1.0)
    return scaled


def spherical_kmeans(
    points: Floats, number: int, random: np.random.Generator, tries: int = 8
) -> tuple[Longs, Floats]:
    """Labels and centres of the best of several begins (k-means++, Arthur and Vassilvitskii 2007)."""
    best: tuple[float, Longs, Floats] | None = None
    for _ in range(tries):
        labels, centres = settled(points, spread(points, number, random))
        worth = float((points * centres[labels]).sum())
        if best is None or worth > best[0]:
            best = worth, labels, centres
    assert best is not None
    return best[1], best[2]


def spread(points: Floats, number: int, random: np.random.Generator) -> Floats:
    """Begins that lie apart: each drawn by its distance from those before."""
    chosen = [int(random.integers(len(points)))]
    far = np.maximum(1 - points @ points[chosen[0]], 0)
    for _ in range(number - 1):
        total = far.sum()
        place = (
            int(random.choice(len(points), p=far / total)) if total > 0 else int(random.integers(len(far)))
        )
        chosen.append(place)
        far = np.minimum(far, np.maximum(1 - points @ points[place], 0))
    return points[chosen]


def settled(points: Floats, centres: Floats, rounds: int = 60) -> tuple[Longs, Floats]:
    """Labels and centres once neither moves; a centre without points takes the point that fits worst."""
    labels = np.full(len(points), -1)
    ones, places = np.ones(len(points)), np.arange(len(points))
    for _ in range(rounds):
        near = points @ centres.T
        new = near.argmax(1)
        if (new == labels).all():
            break
        labels = new
        member = sparse.csr_array((ones, (labels, places)), shape=(len(centres), len(points)))
        sums = member @ points
        empty = np.flatnonzero(np.bincount(labels, minlength=len(centres)) == 0)
        sums[empty] = points[np.argsort(near.max(1), kind="stable")[: len(empty)]]
        centres = unit(sums)
    return labels.astype(np.int64), centres


def find_topics(counts: sparse.csr_array, seed: int, least: int, most: int) -> Found:
    """The topics of a sample, at most `most` of `least` conversations each; rows are conversations.

    The same rows in the same order give the same topics. One topic is the answer where words go together no
    more than by chance.
    """
    random = np.random.default_rng(seed)
    rows, _ = weighted(counts)
    number = rows.shape[0]
    wide = dimensions(counts, rows, 2 * most, random)
    if wide < 2 or number < 4 * least:
        _, axes = directions(rows, 1, random)
        return Found(axes, np.ones((1, 1)), np.zeros(number, np.int64))
    half = random.permutation(number) % 2
    view = random.permutation(rows.shape[1]) % 2
    made, judging = np.flatnonzero(half == 0), np.flatnonzero(half == 1)
    _, axes = directions(rows[made], wide, random)
    points = unit(rows @ axes)
    groups = max(2, min(1 + wide + wide // 2, number // (2 * least)))
    labels, centres = spherical_kmeans(points[made], groups, random)
    judged = (points[judging] @ centres.T).argmax(1)
    leaves = [
        Node(points[made[labels == one]].sum(0), made[labels == one], judging[judged == one])
        for one in range(len(centres))
        if (labels == one).any()
    ]
    views = [rows @ sparse.diags_array((view == one).astype(np.float64)) for one in (0, 1)]
    topics = pruned(leaves, views, least, most)
    labels, centres = settled(points, unit(np.stack([one.total for one in topics])))
    return Found(axes, *ordered(labels, centres))


def spread_of(counts: sparse.csr_array, whole: Found, seed: int, least: int, most: int) -> float:
    """The standard error of the logarithm of the effective number of topics that finding them brings.

    Topics are found again on complementary halves of the sample, and all of it is given to them: by how much
    the entropies differ from that of the whole is the half-sample estimate (McCarthy 1969).
    """
    rows, _ = weighted(counts)
    usual = entropy(whole.labels)
    squares = []
    for pair in range(HALVES):
        side = np.random.default_rng([seed, pair]).permutation(rows.shape[0]) % 2
        for half in (0, 1):
            found = find_topics(counts[np.flatnonzero(side == half)], seed + pair, least, most)
            labels = (unit(rows @ found.axes) @ found.centres.T).argmax(1)
            squares.append((entropy(labels) - usual) ** 2)
    return float(np.sqrt(np.mean(squares)))


def entropy(labels: Longs) -> float:
    """Shannon's entropy of labels, in nats."""
    shares = np.bincount(labels) / max(1, len(labels))
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def ordered(labels: Longs, centres: Floats) -> tuple[Floats, Longs]:
    """The centres by falling number of conversations, and the labels as places among them."""
    order = np.argsort(-np.bincount(labels, minlength=len(centres)), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return centres[order], place[labels]


def pruned(leaves: Sequence[Node], views: Sequence[sparse.csr_array], least: int, most: int) -> list[Node]:
    """The topics: leaves joined two by two, the nearest first (Ward 1963), where no division stays."""
    nodes = list(leaves)
    for node in nodes:
        node.topics = [node]
    joined: list[Node] = []
    while len(nodes) > 1:
        one, other = nearest_two(nodes)
        whole = Node(
            one.total + other.total,
            np.concatenate([one.made, other.made]),
            np.concatenate([one.judging, other.judging]),
        )
        whole.topics = [*one.topics, *other.topics]
        if len(whole.topics) == 2:
            small = min(len(part.made) + len(part.judging) for part in (one, other)) < least
            if small or agreement(one, other, views) < AGREE:
                whole.topics = [whole]
        if len(whole.topics) > 1:
            joined.append(whole)
        nodes = [node for node in nodes if node is not one and node is not other] + [whole]
    return at_most(nodes[0].topics, joined, most)


def at_most(topics: Sequence[Node], joined: Sequence[Node], most: int) -> list[Node]:
    """No more topics than `most`: divisions are given up in the order in which the tree joined them."""
    kept = {id(topic): topic for topic in topics}
    for whole in joined:
        if len(set(map(id, kept.values()))) <= most:
            break
        kept |= {id(topic): whole for topic in whole.topics}
    return list({id(topic): topic for topic in kept.values()}.values())


def nearest_two(nodes: Sequence[Node]) -> tuple[Node, Node]:
    """The two whose union raises the sum of squares least."""
    sizes = np.array([len(node.made) for node in nodes], np.float64)
    means = np.stack([node.total for node in nodes]) / sizes[:, None]
    apart = ((means[:, None] - means[None]) ** 2).sum(-1)
    rise = apart * sizes[:, None] * sizes[None] / (sizes[:, None] + sizes[None])
    np.fill_diagonal(rise, np.inf)
    one, other = np.unravel_index(rise.argmin(), rise.shape)
    return nodes[int(one)], nodes[int(other)]


def agreement(one: Node, other: Node, views: Sequence[sparse.csr_array]) -> float:
    """Cohen's kappa (1960) of what both views say of the judging conversations: one group or the other."""
    rows = np.concatenate([one.judging, other.judging])
    sides = []
    for view in views:
        means = [np.asarray(view[node.made].mean(0)).ravel() for node in (one, other)]
        ends = [mean / (np.linalg.norm(mean) or 1.0) for mean in means]
        sides.append(view[rows] @ (ends[0] - ends[1]))
    told = np.stack(sides)
    told = told[:, (told != 0).all(0)] > 0
    return kappa(told[0], told[1])


def kappa(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Agreement of two answers above that of chance; 0 where fewer than four are compared.

    >>> kappa(np.array([True, True, False, False]), np.array([True, True, False, False]))
    1.0
    """
    if len(one) < 4:
        return 0.0
    expected = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return float(((one == other).mean() - expected) / (1 - expected)) if expected < 1 else 0.0
