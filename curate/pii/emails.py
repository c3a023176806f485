"""E-mail addresses: plain, spaced, broken over a line, or spelled out to hide from machines.

Left alone: accounts of programs (`git@github.com`), file names (`logo@2x.png`), code (`a@b.mean`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curate.pii.kinds import Found
from curate.pii.rules import rules

LOCAL = r"\w(?:[\w.+'-]{0,63}[\w+-])?"
DOMAIN = r"(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.)+[^\W\d_]{2,24}"
PLAIN = re.compile(rf"(?<![\w.+-])({LOCAL}|\"[^\"\s]{{1,40}}\")@({DOMAIN})(?![^\W_])")
SPACED = re.compile(rf"(?<![\w.+-])([\w.+-]{{1,64}})(?:\s?@\s{{1,2}}|\s@)({DOMAIN})(?![^\W_])")
AT_ON = re.compile(r"@\S*")
SPACE = re.compile(r"\s")
APART = re.compile(r"@(?:(?<=\s@)|(?=\s))")
LONGEST = 66
"""Characters before an @ among which an address begins."""
AT = r"(?:\s?[\[({<]\s?(?:at|a|arobase|arrobase|arob|@)\s?[\])}>]\s?|\s+(?:at|arobase|arrobase|arob)\s+)"
DOT = r"(?:\s?[\[({<]\s?(?:dot|point|\.)\s?[\])}>]\s?|\s+(?:dot|point)\s+|\.)"
SPELLED = re.compile(
    rf"(?<![\w.+-])([\w+-]+(?:{DOT}[\w+-]+){{0,4}}){AT}((?:[\w-]+{DOT}){{1,4}})([a-z]{{2,8}})(?![\w@-])",
    re.IGNORECASE,
)
SPOKEN = re.compile(
    rf"[\s\[({{<](?:(?<!\s)\s?(?:at|a|arobase|arrobase|arob|@)\s?[\])}}>]|(?<=\s)(?:at|arobase|arrobase|arob)\s)\s*"
    rf"(?:[\w-]+{DOT}){{1,4}}[a-z]{{2,8}}(?![\w@-])",
    re.IGNORECASE,
)
"""The end of what SPELLED finds, from its "at" on: sought first, for few texts have it."""
BRACKETED = re.compile(r"[\[({<]\s?(?:at|a|arobase|arrobase|arob|@)\s?[\])}>]", re.IGNORECASE)
SPOKEN_DOT = re.compile(r"\s+(?:dot|point)\s+|[\[({<]\s?(?:dot|point)", re.IGNORECASE)


def find_emails(text: str, field: str) -> Iterator[Found]:
    """The addresses in `text`, plain as a view gives it.

    >>> [found.key for found in find_emails("a.b@c.fr, d at e dot com, git@github.com", "")]
    ['a.b@c.fr', 'd@e.com']
    """
    if "@" in text:
        for match in written(text):
            domain = address_domain(match.group(1), match.group(2), spaced=match.re is SPACED)
            if domain:
                stop = match.start(2) + len(domain)
                yield Found(match.start(), stop, "email", email_key(match.group(1), domain))
    low = text.lower()
    if "a" in low and ("dot" in low or "point" in low or BRACKETED.search(text)):
        yield from spelled(text)


def written(text: str) -> Iterator[re.Match[str]]:
    """Addresses with an @: plain ones, for which only the words with an @ are searched, then spaced ones."""
    for rest in AT_ON.finditer(text):
        at = rest.start()
        word = SPACE.split(text[max(0, at - LONGEST) : at])[-1]
        yield from PLAIN.finditer(text, at - len(word), rest.end())
    if APART.search(text):
        yield from SPACED.finditer(text)


def address_domain(local: str, domain: str, spaced: bool) -> str:
    """The domain without the endings of a file name, or "" where local@domain is no person's address."""
    lists = rules().words
    if local.lower() in lists["email.programs"]:
        return ""
    while domain.rpartition(".")[2].lower() in lists["email.file_endings"] and domain.count(".") > 1:
        domain = domain.rpartition(".")[0]
    ending = domain.rpartition(".")[2].lower()
    if ending in lists["email.not_endings"] or (spaced and ending not in lists["email.endings"]):
        return ""
    return domain


def spelled(text: str) -> Iterator[Found]:
    """Addresses with "at" and "dot" in words: believed where the ending is one of the rules' and one is
    spoken.
    """
    for match in SPELLED.finditer(text) if SPOKEN.search(text) else ():
        whole = match.group()
        if match.group(3).lower() not in rules().words["email.endings"]:
            continue
        if not BRACKETED.search(whole) and not SPOKEN_DOT.search(text[match.start(2) : match.end()]):
            continue
        if not BRACKETED.search(whole) and match.group(3).lower() in rules().words["email.words"]:
            continue
        start = match.start()
        local = re.sub(DOT, ".", match.group(1), flags=re.IGNORECASE)
        domain = re.sub(DOT, ".", match.group(2), flags=re.IGNORECASE) + match.group(3)
        yield Found(start, match.end(), "email", email_key(local, domain))


def email_key(local: str, domain: str) -> str:
    """One key for all spellings of an address.

    >>> email_key("Jean.Dupont", "Exemple.FR")
    'jean.dupont@exemple.fr'
    """
    return f"{local}@{domain}".lower()
