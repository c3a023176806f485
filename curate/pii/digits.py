"""What the digits of a text allow: a few cheap looks that spare most detectors of numbers.

Each look is wider than the detectors it answers for: where it says no, they would find nothing. So a text
with a phone number alone is not searched for cards, accounts and addresses of machines as well.

Patterns here and in the detectors begin with a character or a class of them, and look behind it only then:
Python's engine leaps to such a beginning, but tries a pattern that begins by looking behind at every place.
"""

from __future__ import annotations

import re

LONG = re.compile(r"\d(?:[ .\-/()\t\r\n]{0,3}[\dABab]){6}")
"""Seven digits near each other: every number but an IBAN and an address has them."""
NINE = re.compile(r"\d(?<!\w\d)\d\d[ .\-]?(?:\d{3}[ .\-]?\d{3}(?:[ .]?\d{5})?|\d\d[ \-]?\d{4})(?!\w)")
"""The groups of a SIREN, a SIRET or an SSN."""
TWELVE = re.compile(r"\d(?<!\w\d)(?:[ .\-]?[\dABab]){11}")
"""The beginning of a card's number or of a NIR."""
ACCOUNT = re.compile(r"\d\d(?<=[A-Za-z]{2}\d\d)(?<![^\W_][A-Za-z]{2}\d\d)")
"""The beginning of an IBAN."""
DOTTED = re.compile(r"\d\.\d{1,3}\.\d")
OTHERS = str.maketrans("", "", "".join(chr(code) for code in range(128) if not chr(code).isdigit()))


def possible_kinds(text: str) -> set[str]:
    """The kinds made of digits that may stand in `text`, plain as a view gives it.

    >>> sorted(possible_kinds("06 12 34 56 78")), sorted(possible_kinds("4111 1111 1111 1111"))
    (['phone'], ['card', 'nir', 'phone'])
    """
    kinds = set()
    if ACCOUNT.search(text):
        kinds.add("iban")
    if "::" in text or DOTTED.search(text) or text.count(":") > 6:
        kinds.add("ip")
    if text.count(":") > 4 or text.count("-") > 4:
        kinds.add("mac")
    if LONG.search(text):
        kinds.add("phone")
        if "FR" in text:
            kinds.add("vat")
        if NINE.search(text):
            kinds |= {"siren", "ssn"}
        if TWELVE.search(text):
            kinds |= {"card", "nir"}
    return kinds


def digits_only(text: str) -> str:
    """The digits of `text` alone.

    >>> digits_only("+33 (0)6.12-34 x5")
    '330612345'
    """
    return text.translate(OTHERS) if text.isascii() else re.sub(r"\D", "", text)
