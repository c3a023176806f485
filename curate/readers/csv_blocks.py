"""A CSV file of any size in blocks of whole rows, with where in the file each row and each fault stands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from curate.readers.csv_file import Dialect, Rows, bytes_of, parse, text_of
from curate.readers.types import Unreadable

BLOCK = 8 << 20
"""Bytes read at a time."""
LONGEST_RECORD = 64 << 20
"""A quoted cell that runs on for more bytes than this counts as unterminated."""


class Full:
    """A stream whose `read(n)` gives n bytes unless the end comes first, or a break."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.broken = ""  # why it ended before its end

    def read(self, size: int) -> bytes:
        """The next bytes, all that can be had before a break."""
        parts: list[bytes] = []
        while size > 0 and not self.broken:
            try:
                part = self._stream.read(size)
            except Unreadable as unreadable:
                self.broken = unreadable.reason
                break
            except OSError:
                self.broken = "file cannot be read to its end"
                break
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def blocks(
    stream: Full,
    dialect: Dialect,
    width: int,
    start: int,
    stop: int | None,
    first: int,
    size: int = BLOCK,
) -> Iterator[tuple[int, list[str], Rows]]:
    """(byte offset of the block, its lines, its rows) from byte `start` up to byte `stop` (None: the end).

    Bad rows come with their byte range and bytes. `stream` stands at byte `start`.
    """
    offset, rest, ended, grow = start, b"", False, size
    while not ended:
        room = grow if stop is None else min(grow, stop - offset - len(rest))
        read = stream.read(room) if room > 0 else b""
        ended = len(read) < room or (stop is not None and offset + len(rest) + len(read) >= stop)
        raw = rest + read
        cut = len(raw) if ended and not stream.broken else last_newline(raw, dialect)
        if cut == 0 and not ended and len(raw) < LONGEST_RECORD:
            rest, grow = raw, grow * 2
            continue
        text, clean = text_of(raw[:cut], dialect.encoding)
        lines = dialect.split(text)
        too_long = len(raw) >= LONGEST_RECORD
        final = (ended and not stream.broken) or too_long
        rows = parse(lines, width, dialect, first, final=final, clean=clean)
        if rows.bad:
            _locate(rows, lines, offset, dialect)
        first = rows.next_number
        used = (
            cut if rows.used == len(lines) else len(bytes_of("".join(lines[: rows.used]), dialect.encoding))
        )
        grow = size if used else grow * 2
        if stream.broken:  # the torn rest is one row of the quarantine
            torn = (rows.next_number, offset + used, offset + len(raw), stream.broken, raw[used:])
            rows.bad.append(torn)
        yield offset, lines, rows
        rest = raw[used:]
        offset += used


def without_empty(rows: Rows, dialect: Dialect) -> Rows:
    """The rows that hold anything: spreadsheets save rows of nothing but delimiters below a table."""
    if all(map(any, rows.cells)):
        return rows
    kept = [at for at, row in enumerate(rows.cells) if any(row)]
    lines = _lines(rows, dialect)
    return replace(
        rows,
        cells=[rows.cells[at] for at in kept],
        numbers=[rows.numbers[at] for at in kept],
        lines=[lines[at] for at in kept],
    )


def row_bytes(rows: Rows, lines: Sequence[str], offset: int, dialect: Dialect) -> list[int]:
    """The byte of the file at which each row of a block begins; `offset` is that of its first line."""
    begins = list(
        itertools.accumulate((len(bytes_of(line, dialect.encoding)) for line in lines), initial=offset)
    )
    return [begins[line] for line in _lines(rows, dialect)]


def _lines(rows: Rows, dialect: Dialect) -> Sequence[int]:
    """The line of the block at which each row begins."""
    heights = (_height(row, dialect) for row in rows.cells[:-1])
    return rows.lines or list(itertools.accumulate(heights, initial=0))[: len(rows.cells)]


def _height(cells: list[str], dialect: Dialect) -> int:
    """How many lines a row takes: one, and one more for every line break inside its cells."""
    return 1 + sum(cell.count(dialect.newline) for cell in cells)


def _locate(rows: Rows, lines: list[str], offset: int, dialect: Dialect) -> None:
    """Turn the line numbers of bad rows into byte ranges."""
    sizes = [len(bytes_of(line, dialect.encoding)) for line in lines]
    begins = list(itertools.accumulate(sizes, initial=offset))
    rows.bad = [
        (number, begins[line], begins[after], reason, bytes_of("".join(lines[line:after]), dialect.encoding))
        for number, line, after, reason, _ in rows.bad
    ]


def last_newline(raw: bytes, dialect: Dialect) -> int:
    """The offset after the last newline, 0 without one; in UTF-16 only where it is aligned.

    >>> last_newline(b"ab\\nc", Dialect())
    3
    """
    sign = dialect.newline.encode(dialect.encoding if "8-sig" not in dialect.encoding else "utf-8")
    at = raw.rfind(sign)
    while at >= 0 and at % len(sign):
        at = raw.rfind(sign, 0, at + len(sign) - 1)
    return at + len(sign) if at >= 0 else 0
