"""Where the elements of a big JSON array begin and end, found in chunks without parsing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_DEPTH = np.zeros(256, dtype=np.int8)
_DEPTH[[ord("["), ord("{")]] = 1
_DEPTH[[ord("]"), ord("}")]] = -1
_MARKS = np.zeros(256, dtype=bool)
_MARKS[[ord(mark) for mark in '[]{},"']] = True


class Separators:
    """Finds, chunk after chunk, the commas between elements and the bracket that closes the array.

    `depth` is how many brackets are open before the first byte fed.

    >>> found = Separators(depth=1).feed(b'{"a": "x,]"}, [1, 2], 3]')
    >>> [(place, chr(mark)) for place, mark in found]
    [(12, ','), (20, ','), (23, ']')]
    """

    def __init__(self, depth: int) -> None:
        self._level = depth
        self._depth = depth
        self._quoted = False
        self._place = 0
        self._held = b""
        self.closed = False  # whether the closing bracket was met

    def feed(self, chunk: bytes) -> list[tuple[int, int]]:
        """Places, counted from the first byte ever fed, of separators, each with its byte.

        Ends with the closing bracket; what comes after it is not looked at.
        """
        data = self._held + chunk
        whole = data.rstrip(b"\\") if data.endswith(b"\\") else data  # an escape may go on in the next chunk
        self._held = data[len(whole) :]
        codes = np.frombuffer(whole, dtype=np.uint8)
        marks = np.flatnonzero(_MARKS[codes])
        kinds = codes[marks]
        quotes = _real(codes, marks[kinds == ord('"')])
        others = kinds != ord('"')
        marks, kinds = marks[others], kinds[others]
        outside = (np.searchsorted(quotes, marks) + self._quoted) % 2 == 0
        marks, kinds = marks[outside], kinds[outside]
        depths = self._depth + np.cumsum(_DEPTH[kinds], dtype=np.int64)
        found = ((kinds == ord(",")) & (depths == self._level)) | (depths == self._level - 1)
        at = marks[found]
        result = list(zip((at + self._place).tolist(), kinds[found].tolist(), strict=True))
        self._quoted = bool((len(quotes) + self._quoted) % 2)
        self._depth = int(depths[-1]) if len(depths) else self._depth
        self._place += len(whole)
        for count, (_, kind) in enumerate(result):
            if kind != ord(","):
                self.closed = True
                return result[: count + 1]
        return result


def _real(codes: NDArray[np.uint8], quotes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The quotes that are not escaped: an even number of backslashes before them."""
    maybe = quotes[(quotes > 0) & (codes[np.maximum(quotes - 1, 0)] == ord("\\"))]
    if not len(maybe):
        return quotes
    slashes = np.flatnonzero(codes == ord("\\"))
    runs = slashes - np.arange(len(slashes))  # equal within a run of neighbours
    last = np.searchsorted(slashes, maybe - 1)
    lengths = last - np.searchsorted(runs, runs[last]) + 1
    return np.setdiff1d(quotes, maybe[lengths % 2 == 1], assume_unique=True)


def split(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Elements of the inside of an array, with their places; white space and closing bracket are left out.

    >>> list(split(b' {"a": 1}, {"b": [2, 3]} '))
    [(1, b'{"a": 1}'), (11, b'{"b": [2, 3]}')]
    """
    start = 0
    for place, _ in [*Separators(depth=1).feed(data), (len(data), 0)]:
        raw = data[start:place]
        element = raw.strip()
        if element:
            yield start + raw.find(element[:1]), element
        start = place + 1
