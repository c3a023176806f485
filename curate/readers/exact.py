"""JSON read exactly: numbers digit for digit, no key twice, no half characters; our own sentences otherwise.

The careful path. What is read and written again by `build.dumps` has the same values, to the digit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from curate.readers.types import Unreadable

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""An escaped surrogate: in most lines one of a pair, and then harmless."""


def parse(text: str) -> Any:
    """The value of one JSON text.

    Integers of 18 digits and fewer are int, other numbers Decimal; NaN and the infinities, which JSON does
    not know but Python writes, are read as the strings of their names. Control characters that stand raw in
    strings are read as they are. Raises Unreadable for everything else that is not one JSON value.

    >>> parse('{"id": 12345678901234567890, "x": 1.10}')
    {'id': Decimal('12345678901234567890'), 'x': Decimal('1.10')}
    >>> parse('{"a": 1} {"a": 2}')
    Traceback (most recent call last):
    curate.readers.types.Unreadable: two JSON values on one line
    """
    text = text.lstrip("\ufeff").strip(" \t\r\n")
    try:
        value, stop = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise Unreadable(_malformed(text, error)) from None
    except RecursionError:
        raise Unreadable("JSON nested too deeply") from None
    if stop < len(text):
        raise Unreadable(_trailing(text[stop:].lstrip()))
    if _HALF.search(text):
        _refuse_half_characters(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object, refused where a name stands twice: which value was meant is not ours to guess."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a JSON object has the same key twice")
    return found


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) < 19 and digits != "-0" else Decimal(digits)


def _fraction(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise Unreadable("a number too large to keep") from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=str,
    strict=False,
)


def _malformed(text: str, error: json.JSONDecodeError) -> str:
    """Our sentence for where the parser stopped; its own message is not passed on."""
    if not text:
        return "nothing but white space"
    if error.pos >= len(text) or error.msg.startswith("Unterminated string"):
        return "JSON ends before its end: the record is cut off"
    return f"not JSON at character {error.pos + 1}"


def _trailing(rest: str) -> str:
    try:
        _DECODER.raw_decode(rest)
    except (json.JSONDecodeError, Unreadable, RecursionError):
        return "text after the JSON value"
    return "two JSON values on one line"


def _refuse_half_characters(value: Any) -> None:
    for path, text in strings(value):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unreadable(f"lone surrogate (half a character) in {path}") from None


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a JSON value with the path of keys to it; a key that is no plain name is not shown.

    >>> list(strings({"messages": [{"content": "Hi"}]}))
    [('key', 'messages'), ('messages[0] key', 'content'), ('messages[0].content', 'Hi')]
    """
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for place, element in enumerate(value):
            yield from strings(element, f"{path}[{place}]")
    elif isinstance(value, dict):
        for key, element in value.items():
            yield f"{path} key".lstrip(), key
            yield from strings(element, f"{path}.{plain(key)}".lstrip("."))


def plain(key: str) -> str:
    """The key where it is a plain name, else a star: a key can hold a person's data.

    >>> plain("content"), plain("mary@example.com")
    ('content', '*')
    """
    return key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,39}", key) else "*"


def kind(value: Any) -> str:
    """The JSON name of a value's type, for our sentences.

    >>> kind(Decimal(1)), kind(None), kind([])
    ('a number', 'null', 'a list')
    """
    names = {str: "a string", bool: "true or false", type(None): "null", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")
