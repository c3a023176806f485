"""Private values that belong to nobody: reserved ranges, published test numbers, right checksums.

Sources: RFC 2606 (example domains); ARCEP decision 2018-0881 (01 99 00, 06 39 98); NANPA (555-0100 to 0199);
Ofcom numbers for drama (020 7946 0xxx); test cards published by payment providers; ISO 13616 for the IBAN,
with a French bank code (99999), and the NIR with a commune (99 999), that nobody was assigned.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable

FIRST = ("ana", "bob", "chloe", "david", "emma", "farid", "greta", "hugo", "ines", "jonas", "karim", "lea")
LAST = ("abbott", "bernier", "castel", "dubois", "eriksen", "fabre", "garnier", "hansen", "ibarra", "moreau")
CARDS = (
    "4242424242424242",
    "4111111111111111",
    "4012888888881881",
    "5555555555554444",
    "5105105105105100",
    "6011111111111117",
)


def email(rng: random.Random) -> str:
    """An address at a domain kept for examples."""
    dot = rng.choice(".-_")
    name = f"{rng.choice(FIRST)}{dot}{rng.choice(LAST)}{rng.randint(1, 9999)}"
    return f"{name}@example.{rng.choice(('com', 'org', 'net'))}"


def phone_fr(rng: random.Random) -> str:
    """A French number: landline or mobile, national or international, with or without separators."""
    start = rng.choice(("019900", "063998"))
    number = f"{start}{rng.randint(0, 9999):04d}"
    pairs = [number[place : place + 2] for place in range(0, 10, 2)]
    shape = rng.choice((" ", ".", "", "+33"))
    return f"+33 {pairs[0][1]} {' '.join(pairs[1:])}" if shape == "+33" else shape.join(pairs)


def phone_us(rng: random.Random) -> str:
    """A North American number of the fiction range."""
    area, line = rng.choice((212, 312, 415, 503, 617, 702)), 100 + rng.randint(0, 99)
    return rng.choice(("({}) 555-0{}", "+1 {}-555-0{}", "{}-555-0{}")).format(area, line)


def phone_uk(rng: random.Random) -> str:
    """A London number of Ofcom's drama range."""
    line = rng.randint(0, 999)
    return rng.choice(("020 7946 0{:03d}", "+44 20 7946 0{:03d}")).format(line)


def card(rng: random.Random) -> str:
    """A published test card, in fours or in one."""
    number = rng.choice(CARDS)
    return number if rng.random() < 0.4 else " ".join(number[place : place + 4] for place in range(0, 16, 4))


def iban(rng: random.Random) -> str:
    """A French IBAN with right check digits (ISO 7064, mod 97-10)."""
    account = f"99999{rng.randint(0, 99999):05d}{rng.randint(0, 10**11 - 1):011d}"
    key = 97 - int(account + "00") % 97  # the national (RIB) key
    national = f"{account}{key:02d}"
    check = 98 - int(f"{national}152700") % 97  # F = 15, R = 27
    number = f"FR{check:02d}{national}"
    return number if rng.random() < 0.4 else " ".join(number[place : place + 4] for place in range(0, 27, 4))


def nir(rng: random.Random) -> str:
    """A French social security number with the right key, of somebody born nowhere."""
    year, month, birth = rng.randint(40, 99), rng.randint(1, 12), rng.randint(1, 999)
    parts = (rng.choice("12"), f"{year}", f"{month:02d}", "99", "999", f"{birth:03d}")
    key = 97 - int("".join(parts)) % 97
    return " ".join((*parts, f"{key:02d}")) if rng.random() < 0.6 else "".join((*parts, f"{key:02d}"))


def key(rng: random.Random) -> str:
    """The shape of a cloud provider's key, with EXAMPLE in it."""
    return "AKIA" + "".join(rng.choices(string.ascii_uppercase + "234567", k=9)) + "EXAMPLE"


PRIVATE: dict[str, tuple[int, Callable[[random.Random], str]]] = {
    "email": (40, email),
    "phone_fr": (18, phone_fr),
    "phone_us": (10, phone_us),
    "phone_uk": (6, phone_uk),
    "card": (8, card),
    "iban": (8, iban),
    "nir": (5, nir),
    "key": (5, key),
}
"""Kind of value: how often among private values, and its maker."""
