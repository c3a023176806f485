"""Ids that held a private value stay distinct without telling it."""

from __future__ import annotations

import hashlib

ROUNDS = 2000
LENGTH = 6


def distinct(raw: str, salt: bytes) -> str:
    """A short suffix that differs between values: 12 hexadecimal digits of PBKDF2 (RFC 8018), 0.6 ms each.

    The same value and salt give the same suffix on every machine. Whoever wants to try a list of addresses
    against it pays 2,000 hashes for each address and, where the salt is a conversation's content, for each
    conversation. A key in the salt (`redact_pii.key`) takes even that away.

    >>> distinct("a@b.fr", b"x") == distinct("c@b.fr", b"x")
    False
    """
    return hashlib.pbkdf2_hmac("sha256", raw.encode("utf-8", "surrogatepass"), salt, ROUNDS, LENGTH).hex()
