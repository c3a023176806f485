"""Where texts mention groups of people: a row for each mention, and the words of texts."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.bias import kernel
from curate.bias.lexicon import LANGUAGES, Lexicon, Term, load
from curate.kernels.buffers import Texts, text_buffers

Longs = NDArray[np.uint64]


@dataclass(frozen=True)
class Matcher:
    """A lexicon, compiled for the kernel."""

    lexicon: Lexicon
    word_keys: Longs
    word_lengths: NDArray[np.int64]
    phrase_keys: Longs
    phrase_terms: NDArray[np.int64]
    layers: NDArray[np.int64]
    """For each term a number: its axis or its kind; a phrase hides shorter ones of its layer."""
    loose: Longs
    loose_values: NDArray[np.int64]

    def found(self, buffers: Texts) -> NDArray[np.int64]:
        """(text, term, first byte, byte after) of what is found, by text and place; bytes count in a text."""
        room = np.empty((max(1024, len(buffers.starts) // 2), 4), np.int64)
        tables = (self.word_keys, self.word_lengths, self.phrase_keys, self.phrase_terms)
        count = kernel.find(*buffers, kernel.fold_table(), *tables, room)
        if count > len(room):
            room = np.empty((count, 4), np.int64)
            kernel.find(*buffers, kernel.fold_table(), *tables, room)
        met = room[:count]
        stays = np.zeros(count, np.bool_)
        kernel.stand_alone(met, self.layers, stays)
        return met[stays]

    def templates(self, buffers: Texts, cuts: NDArray[np.int64]) -> Longs:
        """A key for each text: equal for texts that differ in the words between their two `cuts` only."""
        table = kernel.fold_table()
        keys: Longs = kernel.templates(*buffers, table, cuts[:, 0], cuts[:, 1], self.loose, self.loose_values)
        return keys


@functools.cache
def matcher(language: str) -> Matcher:
    """The compiled lexicon of a language, kept for the process."""
    return compile_lexicon(load(language))


def compile_lexicon(lexicon: Lexicon) -> Matcher:
    """Tables of the words that end a phrase, and of phrases."""
    ends: dict[int, int] = {}
    phrases: dict[int, int] = {}
    every = word_hashes(tuple(word for term in lexicon.terms for word in term.words))  # one call for all
    begin = 0
    for number, term in enumerate(lexicon.terms):
        length = len(term.words)
        hashes = every[begin : begin + length]
        begin += length
        ends[int(hashes[-1])] = ends.get(int(hashes[-1]), 0) | 1 << length
        phrases[int(kernel.joined(hashes, 0, length))] = number
    names = ["nothing", *sorted({layer_of(term) for term in lexicon.terms} - {"nothing"})]
    layers = np.array([names.index(layer_of(term)) for term in lexicon.terms], np.int64)
    loose = {int(one): 1 for one in word_hashes(tuple(lexicon.articles))}
    return Matcher(lexicon, *table(ends), *table(phrases), layers, *table(loose))


def layer_of(term: Term) -> str:
    """What a term competes with: others of its axis, or of its kind."""
    return term.means.partition(".")[0] if term.kind == "group" else term.kind


def table(entries: dict[int, int]) -> tuple[Longs, NDArray[np.int64]]:
    """Entries as an open table, at most a quarter full."""
    size = 1 << max(4, (4 * len(entries)).bit_length())
    keys, values = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    for key, value in entries.items():
        kernel.insert(keys, values, np.uint64(key), value)
    return keys, values


def word_hashes(words: tuple[str, ...]) -> Longs:
    """The kernel's hashes of words."""
    data, starts, stops = text_buffers(pl.Series(list(words), dtype=pl.String))
    hashes, places = np.zeros(len(words) + 8, np.uint64), np.zeros((len(words) + 8, 3), np.int64)
    count = kernel.words_of(data, starts, stops, kernel.fold_table(), hashes, places)
    if count != len(words):
        raise ValueError(f"{len(words)} words given, {count} read")
    return hashes[:count]


@functools.cache
def group_keys() -> tuple[str, ...]:
    """Keys of the groups of all languages, in the files' order: a group's place is its bit in a mask."""
    found: dict[str, None] = {}
    for language in LANGUAGES:
        found |= dict.fromkeys(group.key for group in load(language).groups)
    if len(found) > 64:
        raise ValueError(f"{len(found)} groups, room for 64")
    return tuple(found)


MATCHES = pl.Schema(
    {
        "row": pl.UInt32,
        "language": pl.String,
        "term": pl.Int64,
        "start": pl.Int64,
        "stop": pl.Int64,
        "kind": pl.String,
        "means": pl.String,
        "gender": pl.String,
    }
)
"""A row for each phrase found: the row of its text, place in bytes, what it means."""


def matches(texts: pl.Series, languages: pl.Series | None) -> pl.DataFrame:
    """What is found in texts, as MATCHES. A text is read with the terms of its language.

    Texts whose language is not known (no column, null, `und`) are read with the terms of all languages.

    >>> found = matches(pl.Series(["Is she a Black woman?", "in black ink"]), pl.Series(["en", "en"]))
    >>> found["means"].to_list(), found["kind"].to_list()
    (['', 'origin.black', 'gender.women'], ['she', 'group', 'group'])
    """
    parts = [pl.DataFrame(schema=MATCHES)]
    for language in LANGUAGES:
        rows = np.arange(len(texts), dtype=np.uint32)
        if languages is not None:
            known = languages.is_in([language, "und"]) | languages.is_null()
            rows = known.arg_true().to_numpy().astype(np.uint32)
        if not len(rows):
            continue
        chosen = texts if len(rows) == len(texts) else texts.gather(rows)
        met = matcher(language).found(text_buffers(chosen))
        terms = matcher(language).lexicon.terms
        told = pl.DataFrame(
            {
                "term": np.arange(len(terms)),
                "kind": [term.kind for term in terms],
                "means": [term.means for term in terms],
                "gender": [term.gender for term in terms],
            }
        )
        places = pl.DataFrame(
            {"row": rows[met[:, 0]], "term": met[:, 1], "start": met[:, 2], "stop": met[:, 3]}
        )
        parts.append(
            places.join(told, on="term", how="left", maintain_order="left")
            .with_columns(pl.lit(language).alias("language"))
            .select(list(MATCHES))
        )
    return pl.concat(parts)


def words(texts: pl.Series) -> pl.DataFrame:
    """Every word of texts: `row`, `word` (its hash), `start`, `stop` in bytes of the text."""
    buffers = text_buffers(texts)
    room = len(buffers.data) // 2 + len(texts) + 1
    hashes, places = np.empty(room, np.uint64), np.empty((room, 3), np.int64)
    count = kernel.words_of(*buffers, kernel.fold_table(), hashes, places)
    rows = places[:count, 0]
    return pl.DataFrame(
        {
            "row": rows.astype(np.uint32),
            "word": hashes[:count],
            "start": places[:count, 1] - buffers.starts[rows],
            "stop": places[:count, 2] - buffers.starts[rows],
        }
    )
