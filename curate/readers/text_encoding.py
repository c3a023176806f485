"""Which encoding a text file is in, from a sample of its bytes; never a guess that loses a byte.

Left alone: nothing is decoded with replacement characters here or later. What does not decode in the
encoding found is for the reader to quarantine, line by line.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from curate.readers.types import Unreadable

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
KNOWN = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252", "latin-1")
"""What is found without being told; any other name Python knows can be given as `encoding`."""

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"  # RFC 3629, roughly
)
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # the five bytes that cp1252 leaves without a meaning


@dataclass(frozen=True)
class Encoding:
    """An encoding's Python name and how many bytes of mark stand before the text."""

    name: str
    mark: int = 0


def detect_encoding(sample: bytes, told: str = "auto") -> Encoding:
    """The encoding of a file from the first bytes of it (and, better, blocks from further on).

    `told` is what the user's options say: anything but "auto" is taken, after a check that Python knows it.
    A UTF-8 file with a few broken bytes is still UTF-8 (its bad lines go to quarantine one by one).
    Raises Unreadable, with the candidates named, for what is none of UTF-8, UTF-16, cp1252 and Latin-1.

    >>> detect_encoding("déjà vu".encode("cp1252"))
    Encoding(name='cp1252', mark=0)
    >>> detect_encoding(b"\\xff\\xfeh\\x00i\\x00")
    Encoding(name='utf-16-le', mark=2)
    """
    if told != "auto":
        return _as_told(sample, told)
    if sample.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) and len(sample) >= 8:
        raise Unreadable("text is UTF-32; set encoding = 'utf-32' in [[input]]")
    for bom, name in BOMS:
        if sample.startswith(bom):
            return Encoding(name, len(bom))
    wide = _utf16_without_mark(sample)
    if wide:
        return Encoding(wide)
    if _is_utf8(sample):
        return Encoding("utf-8")
    return Encoding(_eight_bit(sample))


def _as_told(sample: bytes, told: str) -> Encoding:
    try:
        name = codecs.lookup(told).name
    except LookupError:
        raise Unreadable(
            f"unknown encoding '{told}'; allowed: auto, {', '.join(KNOWN)} or another name Python knows"
        ) from None
    if name == "utf-16":
        name = "utf-16-be" if sample.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    if name == "utf-32":
        name = "utf-32-be" if sample.startswith(codecs.BOM_UTF32_BE) else "utf-32-le"
    if name == "iso8859-1":
        name = "latin-1"
    marks = {"utf-8": b"\xef\xbb\xbf", "utf-8-sig": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe"}
    marks |= {"utf-16-be": b"\xfe\xff", "utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE}
    mark = marks.get(name, b"")
    return Encoding(name, len(mark) if mark and sample.startswith(mark) else 0)


def _utf16_without_mark(sample: bytes) -> str:
    """Text in Western letters has a NUL in every second byte; a few NULs in 8-bit text do not look so."""
    pairs = len(sample) // 2
    if pairs < 2 or b"\0" not in sample:
        return ""
    even, odd = sample[0 : pairs * 2 : 2].count(0), sample[1 : pairs * 2 : 2].count(0)
    if odd > pairs * 0.5 and even < pairs * 0.05:
        return "utf-16-le"
    if even > pairs * 0.5 and odd < pairs * 0.05:
        return "utf-16-be"
    return ""


def _is_utf8(sample: bytes) -> bool:
    """Whether it is UTF-8: wholly (a cut last character aside), or far more often than it is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(sample)
    except UnicodeDecodeError:
        pass
    else:
        return True
    valid = len(_SEQUENCE.findall(sample))
    broken = len(_HIGH_RUN.findall(_SEQUENCE.sub(b" ", sample)))
    return valid > 4 * broken


def _eight_bit(sample: bytes) -> str:
    """cp1252, or latin-1 where a C1 control stands that cp1252 does not have.

    In Western languages a letter above 127 stands among plain letters. Runs of three and more of them are
    what Cyrillic, Greek, Arabic, Chinese ... look like: decoding that as cp1252 would give nonsense.
    """
    runs = [len(found) for found in _HIGH_RUN.findall(sample)]
    if sum(length for length in runs if length >= 3) > 0.5 * sum(runs):
        raise Unreadable(
            f"encoding is not certain: {_candidates(sample)}; set encoding in [[input]] to the right one"
        )
    undefined = len(_NOT_CP1252.findall(sample))
    if undefined > 0.02 * sum(runs):
        others = [name for name in ("mac_roman", "cp850") if _letters(sample, name) > 0.9]
        if others:
            raise Unreadable(
                f"encoding is not certain: {', '.join([*others, 'latin-1'])}; "
                "set encoding in [[input]] to the right one"
            )
        return "latin-1"
    return "cp1252"


def _letters(sample: bytes, name: str) -> float:
    """The share of high bytes that this encoding reads as lower-case letters or usual punctuation."""
    high = b"".join(_HIGH_RUN.findall(sample))
    text = high.decode(name, errors="ignore")
    usual = sum(char.islower() or char in "«»’‘“”…–—°€É ÀÇÈ" for char in text)
    return usual / max(1, len(high))


def _candidates(sample: bytes) -> str:
    """Names of the likeliest encodings, likeliest first."""
    from charset_normalizer import from_bytes

    names: list[str] = []
    for match in from_bytes(sample[:65536], steps=5, chunk_size=512):
        if match.encoding not in names and match.encoding not in ("ascii", "utf_8"):
            names.append(match.encoding)
    return ", ".join(names[:3]) or "no known one fits"


def decode_strict(raw: bytes, encoding: str) -> str | None:
    """The text, or None where some byte does not decode (the caller then goes line by line).

    >>> decode_strict(b"caf\\xe9", "utf-8") is None
    True
    """
    try:
        return raw.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except UnicodeDecodeError:
        return None
