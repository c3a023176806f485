"""Decompressed byte streams that say honestly where they break: what came before the break is given first."""

from __future__ import annotations

import codecs
import io
import lzma
import struct
import zlib
from typing import Any, BinaryIO
from zipfile import BadZipFile

from curate.readers.types import Unreadable

_CHUNK = 1 << 16
BROKEN = "compressed data is damaged or ends early"


class Decompressed(io.RawIOBase):
    """The content of a gzip or zstd stream of any number of members or frames.

    `read` gives all that can be had before a break, then raises Unreadable: Python's own gzip and zstandard
    readers lose the last of it, or end without a word where a zstd file was cut off.
    """

    def __init__(self, raw: BinaryIO, compression: str) -> None:
        self._raw = raw
        self._begin = _gzip if compression == "gz" else _zstd
        self._decoder: Any = None  # of the member being read; None between members
        self._input = b""
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as one step goes; 0 at the end. Raises Unreadable at a break."""
        while not self._ready and not self._ended:
            self._step()
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _step(self) -> None:
        if not self._input:
            self._input = self._raw.read(_CHUNK)
        if not self._input:
            if self._decoder is not None:
                raise Unreadable(BROKEN)
            self._ended = True
            return
        if self._decoder is None:
            if not self._input.strip(
                b"\0"
            ):  # padding after the last member, as tape and some servers leave it
                self._input = b""
                return
            self._decoder = self._begin()
        try:
            self._ready = self._decoder.decompress(self._input)
        except Exception:  # zlib.error and ZstdError have no common base; the message is not passed on
            raise Unreadable(BROKEN) from None
        self._input = b""
        if self._decoder.eof:
            self._input = self._decoder.unused_data
            self._decoder = None

    def close(self) -> None:
        """Close the file below as well."""
        self._raw.close()
        super().close()


def _gzip() -> Any:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Any:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


DAMAGED_ZIP = (
    *(BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, OverflowError),
    *(zlib.error, lzma.LZMAError, struct.error),
)
"""What zipfile and its decompressors raise on damaged archives: they have no common base."""


class Guarded(io.RawIOBase):
    """A zip member's stream whose own errors become Unreadable."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; 0 at the end. Raises Unreadable where the archive is damaged."""
        try:
            part = self._raw.read(len(buffer))
        except DAMAGED_ZIP:
            raise Unreadable(BROKEN) from None
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Close the file below as well."""
        self._raw.close()
        super().close()


class Recoded(io.RawIOBase):
    """The same text in UTF-8. What the encoding has no character for becomes bytes that UTF-8 forbids.

    So that the reader finds it where it stands and quarantines that record alone.
    """

    def __init__(self, raw: BinaryIO, encoding: str) -> None:
        self._raw = raw
        errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as one step goes; 0 at the end. Raises Unreadable where decoding stops."""
        while not self._ready and not self._ended:
            part = self._raw.read(_CHUNK)
            self._ended = not part
            try:
                text = self._decoder.decode(part, final=self._ended)
            except UnicodeError:
                raise Unreadable(
                    "text is not in the encoding it began with, or cut off in a character"
                ) from None
            self._ready = text.encode("utf-8", "surrogatepass")
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        """Close the stream below as well."""
        self._raw.close()
        super().close()
