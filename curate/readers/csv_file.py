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
from dataclasses import dataclass, field
from typing import Any

from curate.readers.text_encoding import decode_strict
from curate.readers.types import Unreadable

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SURROGATE = re.compile("[\ud800-\udfff]")


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


def find_dialect(text: str, encoding: str, told: str = "auto") -> Dialect:
    """Delimiter, escape and newline from the first part of a file (whole lines).

    The delimiter is the one that gives most rows of the same width as the first row, two cells at least.
    Raises Unreadable where none does.

    >>> find_dialect('id;texte\\n1;"a, b"\\n2;c\\n', "cp1252").delimiter
    ';'
    """
    newline = "\n" if "\n" in text or "\r" not in text else "\r"
    tried: list[tuple[float, int, Dialect]] = []
    chosen = DELIMITERS if told == "auto" else (DELIMITER_NAMES.get(told, told),)
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
