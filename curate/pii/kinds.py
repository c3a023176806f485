"""The kinds of private data: what stand-ins and options call them."""

from __future__ import annotations

from typing import NamedTuple

KINDS: dict[str, str] = {
    "email": "e-mail addresses, also spelled out or encoded",
    "phone": "phone numbers: international, national of the regions given, any after a word such as 'tel'",
    "iban": "bank accounts (IBAN, length and check digits)",
    "card": "payment cards (range of the network and check digit)",
    "nir": "French social security numbers (key modulo 97)",
    "siren": "French company numbers SIREN and SIRET (check digit)",
    "vat": "French VAT numbers (key)",
    "ssn": "US social security numbers",
    "ip": "public IPv4 and IPv6 addresses",
    "mac": "network hardware addresses",
    "secret": "keys, tokens, passwords after their name, credentials in URLs, private keys",
    "crypto": "Bitcoin and Ethereum addresses",
    "handle": "@names of accounts",
    "person": "names of those who take part (the log's authors) and names that the user gives",
}
"""Option name: what it covers. The stand-in is the name in capitals with a number: `<EMAIL_1>`."""

DEFAULT = tuple(name for name in KINDS if name != "handle")
"""All but handles: `@media`, `@property` and `@angular/core` are written the same way."""


class Found(NamedTuple):
    """A private value in a text: characters start to stop, its kind, and the key that makes equal values
    one.
    """

    start: int
    stop: int
    kind: str
    key: str
