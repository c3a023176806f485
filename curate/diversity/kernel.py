"""Conversations as points: their words, weighted and projected, and the topic each lies nearest to."""

from __future__ import annotations

from typing import Any

import numpy as np

from curate.bias.kernel import lookup, next_word
from curate.kernels.jit import compiled


@compiled
def nearest(
    data: Any,
    starts: Any,
    stops: Any,
    first: Any,
    fold: Any,
    keys: Any,
    places: Any,
    idf: Any,
    axes: Any,
    centres: Any,
    topics: Any,
    similarity: Any,
) -> None:
    """Write each conversation's topic (-1 for none) and its cosine with the topic's centre.

    Conversation c says the texts `first[c]:first[c + 1]`. Word v, said n times, weighs (1 + log n) idf[v];
    `axes` [v, d] projects words, `centres` [topic, d] are of length 1.
    """
    counts = np.zeros(len(idf), np.int64)
    met = np.zeros(len(idf), np.int64)
    point = np.zeros(axes.shape[1], np.float64)
    for conversation in range(len(first) - 1):
        held = 0
        for text in range(first[conversation], first[conversation + 1]):
            at, stop = starts[text], stops[text]
            while at < stop:
                word, _, _, at, _ = next_word(data, at, stop, fold)
                if word == np.uint64(0):
                    break
                place = lookup(keys, places, word)
                if place >= 0:
                    if counts[place] == 0:
                        met[held] = place
                        held += 1
                    counts[place] += 1
        point[:] = 0.0
        for one in range(held):
            place = met[one]
            weight = (1.0 + np.log(np.float64(counts[place]))) * idf[place]
            for axis in range(len(point)):
                point[axis] += weight * axes[place, axis]
            counts[place] = 0
        length = np.sqrt((point * point).sum())
        topics[conversation] = -1
        similarity[conversation] = np.nan
        if length < 1e-9:
            continue
        best = -2.0
        for topic in range(len(centres)):
            cosine = 0.0
            for axis in range(len(point)):
                cosine += point[axis] * centres[topic, axis]
            if cosine / length > best:
                best = cosine / length
                topics[conversation] = topic
        similarity[conversation] = best
