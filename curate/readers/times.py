"""Times of exports as microseconds since 1970 in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"\d{9,19}(\.\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCALES = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))
"""A number below the first is read in seconds, milliseconds, microseconds: factor to microseconds."""
_EARLIEST = 10**8 * 10**6  # March 1973: smaller numbers are counters, not times


def microseconds(value: Any) -> int | None:
    """The time, or None where it is not certainly one: ISO 8601, or seconds, ms, µs, ns since 1970.

    A time without an offset is taken as UTC. The unit of a number follows from its size.

    >>> microseconds("2024-05-01T10:00:00+02:00") == microseconds(1714550400)
    True
    >>> microseconds(1714550400123), microseconds(Decimal("1714550400.5"))
    (1714550400123000, 1714550400500000)
    >>> microseconds(12), microseconds("soon")
    (None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = value.strip()
        if _NUMBER.fullmatch(value):
            return _since_1970(Decimal(value))
        return _iso(value)
    if isinstance(value, (int, float, Decimal)):
        return _since_1970(Decimal(value))
    return None


def _since_1970(number: Decimal) -> int | None:
    if not number.is_finite() or number < 0:
        return None
    for below, factor in _SCALES:
        if number < below:
            found = int(number * factor)
            return found if found >= _EARLIEST else None
    return int(number / 1000) if number < 10**20 else None


def _iso(text: str) -> int | None:
    if len(text) < 10 or not text[:4].isdigit():
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
