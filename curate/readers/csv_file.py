"""Delimited text (CSV, TSV, `;`, `|`): strict rows, every bad line to quarantine, in blocks of bounded size.

Rules of the format: RFC 4180 with any delimiter; a quote inside an unquoted cell is a plain character; a
backslash escapes only where the sample shows that the file was written so. A row with too few or too many
cells, text after a closing quote, an unterminated quote or a byte that does not decode puts its *first line*
aside, and reading goes on at the next line: one bad quote does not swallow the rest of a file.
"""

from __future__ import annotations

import csv
import gc
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from curate.readers.text_encoding import decode_strict
from curate.readers.types import Unreadable

BLOCK = 8 << 20
"""Bytes read at a time."""
LONGEST_RECORD = 64 << 20
"""A quoted cell that runs on for more bytes than this counts as unterminated."""
DELIMITERS = (",", ";", "\t", "|")
_SURROGATE = re.compile("[\ud800-\udfff]")


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


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How the text of one file is cut into rows and cells."""

    encoding: str = "utf-8"
    delimiter: str = ","
    escape: str = ""  # a backslash, where the file uses it
    newline: str = "\n"  # "\r" for files of old Macs

    def split(self, text: str) -> list[str]:
        """The lines, with their ends; only the file's own newline ends one."""
        return io.StringIO(text, newline=self.newline).readlines()

    def reader(self, lines: Iterator[str]) -> Any:
        """The strict parser of the standard library over these lines."""
        csv.field_size_limit(2**31 - 1)  # the default of 128 KiB would refuse a long message
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            strict=True,
            escapechar=self.escape or None,
            doublequote=not self.escape,
        )


@dataclass
class Rows:
    """Rows of one block: cells, the row number of each, and what could not be read."""

    cells: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # row of the file, as a spreadsheet counts: header = 1
    bad: list[tuple[int, int, int, str, bytes]] = field(
        default_factory=list
    )  # row, start, stop, reason, bytes
    lines: list[int] = field(default_factory=list)  # first line of each row, where asked for
    used: int = 0  # lines that these rows take
    next_number: int = 1


def text_of(raw: bytes, encoding: str) -> tuple[str, bool]:
    """The text, and whether every byte decoded; what did not stands as a lone surrogate, to be found."""
    text = decode_strict(raw, encoding)
    if text is not None:
        return text, True
    if "16" in encoding or "32" in encoding:
        width = 2 if "16" in encoding else 4
        whole = raw[: len(raw) - len(raw) % width]
        tail = "" if len(whole) == len(raw) else "\udcff"
        return whole.decode(encoding, errors="surrogatepass") + tail, False
    try:
        return raw.decode("utf-8" if encoding == "utf-8-sig" else encoding, errors="surrogateescape"), False
    except UnicodeDecodeError as error:  # an encoding whose decoder knows no such escape
        return raw[: error.start].decode(encoding, errors="ignore") + "\udcff", False


def bytes_of(text: str, encoding: str) -> bytes:
    """The bytes a text from `text_of` was read from."""
    errors = "surrogatepass" if "16" in encoding or "32" in encoding else "surrogateescape"
    return text.encode("utf-8" if encoding == "utf-8-sig" else encoding, errors=errors)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles: looking through a growing list of rows again and again takes as long
    as parsing it, and rows have no cycles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def parse(lines: list[str], width: int, dialect: Dialect, first: int, *, final: bool, clean: bool) -> Rows:
    """Rows of `width` cells from whole lines.

    `first` is the number of the first row; `final` says that no more lines follow (else an incomplete last
    record is left for the next block); `clean` that every byte decoded. Blank lines count as rows and hold
    none. `width` 0 takes any number of cells.
    """
    rows = Rows()
    if clean:
        try:
            with uncollected():
                cells = list(dialect.reader(iter(lines)))
        except csv.Error:
            cells = []
        if len(cells) and (not width or all(len(row) == width for row in cells)):
            numbers = list(range(first, first + len(cells)))
            return Rows(cells, numbers, used=len(lines), next_number=first + len(cells))
    return _parse_carefully(lines, width, dialect, first, final, rows)


def _parse_carefully(
    lines: list[str], width: int, dialect: Dialect, first: int, final: bool, rows: Rows
) -> Rows:
    """The same row by row, each problem met on its own."""
    begin, number, total = 0, first, len(lines)
    while begin < total:
        reader = dialect.reader(itertools.islice(lines, begin, None))
        base = begin
        restart = False
        try:
            for row in reader:
                end = base + reader.line_num
                reason = _fault(row, width)
                if reason:
                    rows.bad.append((number, begin, begin + 1, reason, b""))
                    restart = end > begin + 1
                    end = begin + 1
                elif row:
                    rows.cells.append(row[:width] if width else row)
                    rows.numbers.append(number)
                    rows.lines.append(begin)
                number += 1
                begin = end
                if restart:
                    break
            if not restart:
                begin = total
        except csv.Error:
            ran_out = base + reader.line_num >= total
            if ran_out and not final:
                break
            reason = "a quote is not closed" if ran_out else "text after a closing quote"
            if not ran_out and "\r" in lines[begin].rstrip("\r\n"):
                reason = "a carriage return inside a row, or text after a closing quote"
            rows.bad.append((number, begin, begin + 1, reason, b""))
            number += 1
            begin += 1
    rows.used, rows.next_number = begin, number
    return rows


def _fault(row: Sequence[str], width: int) -> str:
    """What is wrong with a row's cells, or nothing. Empty cells beyond the header's are no fault."""
    if width and row and len(row) != width and (len(row) < width or any(row[width:])):
        return f"row has {len(row)} cells, the header {width}"
    if any(map(_SURROGATE.search, row)):
        return "bytes that do not decode in the file's encoding"
    return ""


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


def find_dialect(text: str, encoding: str, told: str = "auto") -> Dialect:
    """Delimiter, escape and newline from the first part of a file (whole lines).

    The delimiter is the one that gives most rows of the same width as the first row, two cells at least.
    Raises Unreadable where none does.

    >>> find_dialect('id;texte\\n1;"a, b"\\n2;c\\n', "cp1252").delimiter
    ';'
    """
    newline = "\n" if "\n" in text or "\r" not in text else "\r"
    tried: list[tuple[float, int, Dialect]] = []
    names = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
    chosen = DELIMITERS if told == "auto" else (names.get(told, told),)
    for delimiter, escape in itertools.product(chosen, ("", "\\")):
        if len(delimiter) != 1:
            raise Unreadable(f"delimiter is {len(delimiter)} characters long; it must be one, or auto")
        if escape and '\\"' not in text:
            continue
        dialect = Dialect(encoding=encoding, delimiter=delimiter, escape=escape, newline=newline)
        lines = dialect.split(text)
        rows = parse(lines, 0, dialect, 1, final=False, clean=False)
        cut_off = rows.used < len(lines)
        found = [row for row in rows.cells if any(row)]
        if not found:
            continue
        width = len(found[0])
        fitting = sum(len(row) == width for row in found) / (len(found) + len(rows.bad) + cut_off)
        if width >= 2 or told != "auto":
            tried.append((fitting, width, dialect))
    if not tried:
        raise Unreadable("no delimiter gives two columns: tried , ; tab |; set delimiter in [[input]]")
    return max(tried, key=lambda one: (round(one[0], 2), one[1]))[2]
