"""Values already found in a conversation, looked for in all the rest of it, in whatever way they are
written there.
"""

from __future__ import annotations

import re
from functools import lru_cache

from curate.pii.kinds import Found

SEPARATORS = b" .-()/\t\r\n_+"
NUMERIC = frozenset({"phone", "iban", "card", "nir", "siren", "vat", "ssn"})


def squeezed(text: str) -> str:
    """The text in lower case without separators: a cheap test whether a value may stand in it.

    >>> squeezed("Tel: 06.12 34-56 78")
    'tel:0612345678'
    """
    # Bytes of ASCII are no part of other characters in UTF-8; str.translate is slow on texts that have such.
    low = text.lower().encode("utf-8", "surrogatepass")
    return low.translate(None, SEPARATORS).decode("utf-8", "surrogatepass")


@lru_cache(maxsize=65536)
def trace(kind: str, key: str) -> str:
    """What `squeezed` leaves of a value in every way it is written.

    >>> trace("phone", "+33612345678"), trace("email", "jean.d@x.fr")
    ('612345678', 'jeand@xfr')
    """
    return national(key)[1] if kind == "phone" else squeezed(key)


def national(key: str) -> tuple[str, str]:
    """A phone key as country code (may be empty) and national digits."""
    if not key.startswith("+"):
        return "", key.lstrip("0") or key
    from curate.pii.phones import parsed, regular

    country, digits = regular(key)
    if country:
        return country, digits
    number = parsed(key, None)
    return ("", key[1:]) if number is None else (str(number.country_code), str(number.national_number))


@lru_cache(maxsize=4096)
def pattern(kind: str, key: str) -> re.Pattern[str]:
    """The value in every way it is written: any case, any grouping, with or without a country code."""
    gap = r"[ .\-()/\t_]{0,3}(?:\r?\n)?"
    if kind == "phone":
        country, digits = national(key)
        code = rf"(?:\(?(?:\+|00)?{gap.join(country)}\)?{gap})?" if country else r"\+?"
        return re.compile(rf"(?<!\d){code}(?:\(?0\)?{gap})?\(?{gap.join(digits)}(?!\d)")
    if kind in NUMERIC:
        return re.compile(rf"(?<![^\W_]){gap.join(map(re.escape, key))}(?![^\W_])", re.IGNORECASE)
    return re.compile(rf"(?<![^\W_]){re.escape(key)}(?![^\W_])", re.IGNORECASE)


def find_known(text: str, values: list[tuple[str, str]]) -> list[Found]:
    """Where values found elsewhere stand in `text`, plain as a view gives it.

    >>> values = [("phone", "+33612345678")]
    >>> [text[:3] for text in ("06 12 34 56 78", "0699999999") if find_known(text, values)]
    ['06 ']
    """
    low = squeezed(text)
    return [
        Found(match.start(), match.end(), kind, key)
        for kind, key in values
        if trace(kind, key) in low
        for match in pattern(kind, key).finditer(text)
    ]
