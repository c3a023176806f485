"""To which conversation a row belongs that cannot be read, so that none is kept with a hole in it.

The row's own cells or keys say it where an id can be made out in what is left of it; else the rows around it
do, where they are of one conversation. Of a file that breaks off, the last conversation is taken to go on
behind the break. A row of which nothing tells is put aside alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

import polars as pl

from curate.readers.build import dumps
from curate.readers.csv_file import Dialect, text_of
from curate.readers.table_columns import WHOLE_FILE
from curate.schema import QUARANTINE

Suspect = tuple[int, tuple[str, ...]]
"""Number of a record that cannot be read, and the ids it may have, likeliest first."""
REASON = "another message of its conversation cannot be read"


def ids_in_cells(cells: Sequence[str], place: int, width: int) -> tuple[str, ...]:
    """What may be the id in a row of the wrong length: its cell counted from the left, and from the right.

    >>> ids_in_cells(["c1", "user", "a", "b"], 0, 3), ids_in_cells(["a", "b", "user", "c1"], 2, 3)
    (('c1', 'user'), ('user', 'c1'))
    """
    places = (place, len(cells) - width + place)
    told = [cells[at].strip() for at in places if 0 <= at < len(cells)]
    return tuple(dict.fromkeys(id for id in told if id))


def ids_in_line(raw: bytes, place: int, width: int, dialect: Dialect) -> tuple[str, ...]:
    """The same for a line that is no row: it is cut into cells as well as can be."""
    text, _ = text_of(raw, dialect.encoding)
    lines = csv.reader(dialect.split(text)[:1], delimiter=dialect.delimiter)
    try:
        cells = next(lines, [])
    except csv.Error:
        return ()
    return ids_in_cells(cells, place, width) if len(cells) > 1 else ()


def ids_in_json(raw: bytes, names: Sequence[str]) -> tuple[str, ...]:
    """What may be ids in bytes that are no JSON: values behind the surest of these keys that stands there.

    >>> ids_in_json(b'{"id": 7, "ticket": "c1", "text": oops', ("ticket", "id"))
    ('c1',)
    """
    text = raw.decode("utf-8", "replace")
    for name in names:
        value = rf'"{re.escape(name)}"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d+)\s*[,}}])'
        found = [told or number for told, number in re.findall(value, text)]
        if found:
            return tuple(dict.fromkeys(filter(None, found)))
    return ()


class BrokenRows:
    """Collects the suspects of a file block by block; `alternatives` has the ids each may have.

    >>> broken = BrokenRows()
    >>> broken.feed(pl.Series(["c1", None]), pl.Series([1, 2]), [])
    >>> broken.feed(pl.Series(["c1"]), pl.Series([4]), [(3, ("c9",))])
    >>> broken.alternatives
    [('c1',), ('c9', 'c1')]
    """

    def __init__(self) -> None:
        self.alternatives: list[tuple[str, ...]] = []
        self._last: str | None = None
        self._waiting: list[tuple[str, ...]] = []  # behind `_last`; what follows is not known yet

    def feed(self, ids: pl.Series, numbers: pl.Series, suspects: Sequence[Suspect]) -> None:
        """The ids and numbers of a block's rows (null: a row that names none), and its suspects."""
        named = ids.is_not_null()
        nameless: list[Suspect] = [(number, ()) for number in numbers.filter(~named)]
        ids, numbers = ids.filter(named), numbers.filter(named)
        if ids.len():
            self.alternatives += [self._around(told, self._last, ids[0]) for told in self._waiting]
            self._waiting = []
        for number, told in [*suspects, *nameless]:
            at = int(numbers.search_sorted(number)) if numbers.len() else 0
            if at == ids.len():
                self._waiting.append(told)
            else:
                self.alternatives.append(self._around(told, ids[at - 1] if at else self._last, ids[at]))
        if ids.len():
            self._last = ids[-1]

    def tear(self, told: tuple[str, ...]) -> None:
        """The file breaks off: in a row that may have these ids, or behind the last one."""
        self.alternatives.append(told or ((self._last,) if self._last is not None else ()))

    def close(self) -> None:
        """Nothing follows."""
        self.alternatives += self._waiting
        self._waiting = []

    @staticmethod
    def _around(told: tuple[str, ...], before: str | None, after: str) -> tuple[str, ...]:
        return (*told, after) if before == after else told


def resolve(alternatives: Iterable[tuple[str, ...]], runs: pl.Series) -> list[str]:
    """The conversations that broken rows belong to: of each row's ids the first that other rows have too.

    `runs` has the hashes of the ids that there are.
    """
    told = pl.DataFrame(
        [(row, id) for row, ids in enumerate(alternatives) for id in ids],
        schema={"row": pl.UInt32, "id": pl.String},
        orient="row",
    )
    known = told.filter(pl.col("id").hash(seed=0).is_in(runs.implode()))
    return known.unique("row", keep="first", maintain_order=True)["id"].unique().sort().to_list()


def without_broken(rows: pl.DataFrame, broken: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows (row_messages.ROWS) of whole conversations, and the others as rows of the quarantine."""
    if not len(broken):
        return rows, pl.DataFrame(schema=QUARANTINE)
    if WHOLE_FILE in broken:
        torn = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    else:
        torn = rows["conversation_id"].is_in(pl.Series(broken, dtype=pl.String).implode())
    kept = ("conversation_id", "role", "author", "text", "parts", "extra")
    held = [
        (
            row["source"],
            row["record"],
            None,
            None,
            REASON,
            dumps({k: row[k] for k in kept if row[k]}).encode(),
        )
        for row in rows.filter(torn).iter_rows(named=True)
    ]
    return rows.filter(~torn), pl.DataFrame(held, schema=QUARANTINE, orient="row")
