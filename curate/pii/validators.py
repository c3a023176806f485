"""Numbers that prove themselves: check digits, ranges, and which addresses are public."""

from __future__ import annotations

import ipaddress


def luhn(digits: str) -> bool:
    """Whether the last digit is the right check digit (ISO/IEC 7812-1, annex B).

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


RANGES: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (300, 305, frozenset({14})),  # Diners Club
    (36, 36, frozenset({14})),
    (38, 39, frozenset({14})),
    (6011, 6011, frozenset({16, 19})),  # Discover
    (644, 649, frozenset({16, 19})),
    (65, 65, frozenset({16, 19})),
    (3528, 3589, frozenset({16, 19})),  # JCB
    (1800, 1800, frozenset({15})),  # JCB, old
    (2131, 2131, frozenset({15})),
    (62, 62, frozenset({16, 17, 18, 19})),  # UnionPay
    (50, 50, frozenset(range(12, 20))),  # Maestro
    (56, 59, frozenset(range(12, 20))),
    (60, 69, frozenset(range(12, 20))),
)
"""First digits from, to (as many digits as written), and the lengths that a network uses with them."""


def card(digits: str) -> bool:
    """Whether a network gives out numbers of this beginning and length, and the check digit is right.

    >>> card("378282246310005"), card("9111111111111111")
    (True, False)
    """
    for low, high, lengths in RANGES:
        if len(digits) in lengths and low <= int(digits[: len(str(low))]) <= high:
            return len(set(digits)) > 1 and luhn(digits)
    return False


def iban(letters: str) -> bool:
    """Whether the check digits of an IBAN, written without spaces, are right (ISO 7064 mod 97-10).

    >>> iban("FR1420041010050500013M02606")
    True
    """
    turned = letters[4:] + letters[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def nir(digits: str) -> bool:
    """Whether a 15-character French social security number has the right key; 2A and 2B are Corsica.

    >>> nir("255081416802538"), nir("255081416802539")
    (True, False)
    """
    number = digits[:13].upper().replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(digits[13:])


def siren(digits: str) -> bool:
    """Whether 9 digits (SIREN) or 14 (SIRET) carry the right check digits; La Poste's own SIRET differ.

    >>> siren("732829320"), siren("73282932000074")
    (True, True)
    """
    if len(set(digits)) < 3:
        return False
    if len(digits) == 14:
        poste = digits.startswith("356000000") and sum(map(int, digits)) % 5 == 0
        return luhn(digits[:9]) and (luhn(digits) or poste)
    return len(digits) == 9 and luhn(digits)


def french_vat(key: str, number: str) -> bool:
    """Whether the two characters of a French VAT number fit its SIREN.

    >>> french_vat("44", "732829320"), french_vat("45", "732829320")
    (True, False)
    """
    if not luhn(number):
        return False
    return not key.isdigit() or int(key) == (12 + 3 * (int(number) % 97)) % 97


def us_ssn(area: str, group: str, serial: str) -> bool:
    """Whether the parts may be a US social security number (no zero part; areas 666 and 900-999 unused).

    >>> us_ssn("460", "89", "9847"), us_ssn("987", "65", "4320")
    (True, False)
    """
    return area not in {"000", "666"} and area[0] != "9" and group != "00" and serial != "0000"


def public_address(text: str) -> bool:
    """Whether `text` is an IP address that the whole internet can reach.

    >>> [public_address(a) for a in ("92.184.100.7", "192.168.1.1", "2001:4860::1", "::1", "300.1.1.1")]
    [True, False, True, False, False]
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast
