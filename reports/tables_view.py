"""Tables of a page: cells with what is shown and what is copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reports.words import Words


class Cell(NamedTuple):
    """What a reader sees, and the plain number that a copied table holds (null: the same text)."""

    shown: str
    plain: str | None = None
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its name; the first `names` columns hold text, the others numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    names: int = 1


def table(
    words: Words, title: str, head: Sequence[str], rows: Iterable[Sequence[object]], names: int = 1
) -> Table:
    """A table of the values given: integers and shares written as the language does.

    >>> from reports.words import load
    >>> table(load("en"), "Sources", ["name", "messages"], [["a.jsonl", 1200]]).rows[0][1]
    Cell(shown='1,200', plain='1200', number=True)
    """
    return Table(title, tuple(head), tuple(tuple(cell(words, v) for v in row) for row in rows), names)


def difference(words: Words, value: int) -> Cell:
    """A difference with its sign.

    >>> from reports.words import load
    >>> difference(load("en"), -3)
    Cell(shown='−3', plain='-3', number=True)
    """
    return Cell(words.signed(value), str(value), number=True)


def cell(words: Words, value: object) -> Cell:
    """One value as a cell; a pair (part, whole) becomes a share in percent; a cell stays."""
    if isinstance(value, Cell):
        return value
    if isinstance(value, tuple):
        part, whole = value
        plain = f"{part / whole:.4f}" if whole else "0"
        return Cell(words.percent(part, whole), plain, number=True)
    if isinstance(value, int):
        return Cell(words.number(value), str(value), number=True)
    return Cell("" if value is None else str(value))
