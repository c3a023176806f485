"""Addresses of machines: public IPv4 and IPv6, hardware addresses.

Left alone: private and reserved ranges, public resolvers, versions (10.0.19041.1), sections (1.2.3.4), times.
Four small groups (3.14.15.92) are an address only where something beside them says so.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from curate.pii import context, validators
from curate.pii.kinds import Found
from curate.pii.rules import rules

IPV4 = re.compile(r"\d(?<![\w.\-]\d)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}(?![\w\-])(?!\.\d)(?!\s?[€$£])")
PORT = re.compile(r":\d{1,5}(?![\d.])|/\d{1,2}(?![\d/])")
"""A port, or how many bits of a block are fixed."""
LOG_LINE = re.compile(r"\s-\s\S+\s\[")
"""What follows the address that a line of an access log begins with (NCSA common log format)."""
PRODUCT = re.compile(r"[a-z]/$")
"""A program and its version as browsers write it: chrome/49.0.26.112."""
BETWEEN = re.compile(r"\s?(?:[,;|/]|->|=>)?\s?|,?\s(?:and|or|et|ou|to|vers)\s")
"""What stands between the addresses of a list, or of the two ends of a connection."""
SMALL = 100
IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{6,39}(?![\w:])")
MAC = re.compile(
    r"[0-9A-Fa-f](?<![\w:\-][0-9A-Fa-f])[0-9A-Fa-f]([:\-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:\-])(?!\.\d)"
)


def find_addresses(text: str, field: str) -> Iterator[Found]:
    """Public IP addresses.

    >>> [found.key for found in find_addresses("from 92.184.100.7, not 192.168.1.1 or version 92.18.4.7", "")]
    ['92.184.100.7']
    """
    stop = -len(text)
    for match in IPV4.finditer(text):
        number = match.group()
        near = context.before(text, match.start(), field)
        if number in rules().words["ip.public"] or context.ends_with("ip.not_after", near):
            continue
        if not validators.public_address(number):
            continue
        listed = BETWEEN.fullmatch(text, stop, match.start()) is not None if stop >= 0 else False
        if like_version(number) and not (listed or told(match, near)):
            continue
        if context.begins_with("ip.followed", context.after(text, match.end())) and not named(near):
            continue
        stop = match.end()
        yield Found(match.start(), stop, "ip", number)
    if "::" in text or text.count(":") > 6:
        for match in IPV6.finditer(text):
            number = match.group()
            full = number.count(":") == 7 and "::" not in number
            if (full or number[0] in "23") and validators.public_address(number):
                yield Found(match.start(), match.end(), "ip", ipaddress.ip_address(number).compressed)


def like_version(number: str) -> bool:
    """Whether four groups may as well be a version: all small, or zeros after a small one.

    >>> like_version("1.25.3.1"), like_version("8.110.0.218"), like_version("92.184.100.7")
    (True, True, False)
    """
    first, *others = map(int, number.split("."))
    return first < SMALL and (max(others) < SMALL or 0 in others)


def told(match: re.Match[str], near: str) -> bool:
    """Whether what stands beside four groups that read like a version says that they are an address."""
    text = match.string
    if near.endswith(("://", "@")) or PORT.match(text, match.end()):
        return True
    if context.ends_with("ip.programs", near) or PRODUCT.search(near):
        return False
    if named(near):
        return True
    if len(match.group()) == len("1.2.3.4") or context.says("ip.changes", near):
        return False
    return (
        context.says("ip.machines", near)
        or context.ends_with("ip.at", near)
        or context.begins_with("ip.after", context.after(text, match.end()))
        or LOG_LINE.match(text, match.end()) is not None
    )


def named(near: str) -> bool:
    """Whether the words before a number name an address."""
    return context.says("ip.named", near)


def find_macs(text: str, field: str) -> Iterator[Found]:
    """Hardware addresses, but not all zeros, all ones, or pairs of digits that count up."""
    for match in MAC.finditer(text):
        pairs = re.split(r"[:\-]", match.group().lower())
        if len(set(pairs)) > 1:
            yield Found(match.start(), match.end(), "mac", ":".join(pairs))
