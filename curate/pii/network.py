"""Addresses of machines: public IPv4 and IPv6, hardware addresses.

Left alone: private and reserved ranges, public resolvers, versions (10.0.19041.1), sections (1.2.3.4), times.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from curate.pii import context, validators
from curate.pii.kinds import Found
from curate.pii.rules import rules

IPV4 = re.compile(r"\d(?<![\w.\-]\d)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}(?![\w\-])(?!\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{6,39}(?![\w:])")
MAC = re.compile(
    r"[0-9A-Fa-f](?<![\w:\-][0-9A-Fa-f])[0-9A-Fa-f]([:\-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:\-])(?!\.\d)"
)


def find_addresses(text: str, field: str) -> Iterator[Found]:
    """Public IP addresses.

    >>> [found.key for found in find_addresses("from 92.184.100.7, not 192.168.1.1 or version 92.18.4.7", "")]
    ['92.184.100.7']
    """
    for match in IPV4.finditer(text):
        number = match.group()
        near = context.before(text, match.start(), field)
        if number in rules().words["ip.public"] or context.ends_with("ip.not_after", near):
            continue
        if re.fullmatch(r"\d\.\d\.\d\.\d", number) and not re.search(r"(?<![a-z])ip(?![a-z])", near):
            continue
        if validators.public_address(number):
            yield Found(match.start(), match.end(), "ip", number)
    if "::" in text or text.count(":") > 6:
        for match in IPV6.finditer(text):
            number = match.group()
            full = number.count(":") == 7 and "::" not in number
            if (full or number[0] in "23") and validators.public_address(number):
                yield Found(match.start(), match.end(), "ip", ipaddress.ip_address(number).compressed)


def find_macs(text: str, field: str) -> Iterator[Found]:
    """Hardware addresses, but not all zeros, all ones, or pairs of digits that count up."""
    for match in MAC.finditer(text):
        pairs = re.split(r"[:\-]", match.group().lower())
        if len(set(pairs)) > 1:
            yield Found(match.start(), match.end(), "mac", ":".join(pairs))
