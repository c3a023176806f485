"""Is this text marked up, or does it only hold angle brackets?

Code, generics (`List<String>`), comparisons (`a<b and c>d`), nicknames, addresses in brackets, mentions,
prompt tags (`<think>`) are not markup. A text counts as marked up when it holds a closed pair of a known
element, a line break tag, or a known element with a known attribute; and when it does not talk about markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from curate.markup.rules import markup

_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,11})(?P<rest>(?:[\s/](?:\"[^\"<>]*\"|'[^'<>]*'|[^<>\"']|[\"'])*)?)>"
)
_ATTRIBUTE = re.compile(r"([A-Za-z_:][\w:.-]*)\s*(=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?")
_OUTSIDE = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class Tag:
    """One tag: where it stands, its name in lower case, whether it closes, and its attributes' names."""

    start: int
    stop: int
    name: str
    closes: bool
    attributes: tuple[str, ...]


def tags(text: str) -> Iterator[Tag]:
    """The tags of known elements in a text whose code was set aside, in order.

    >>> [tag.name for tag in tags("<p class='x'>a<b and c>d <think> <Button> x</p>")]
    ['p', 'p']
    """
    known, alone = markup().known, markup().alone
    for found in _TAG.finditer(text):
        name = found["name"]
        if name.lower() not in known or not (name.islower() or name.isupper() or name[1:].isdigit()):
            continue
        rest = found["rest"].strip().rstrip("/")
        pairs = _ATTRIBUTE.findall(rest) if rest else []
        bare = [attribute.lower() for attribute, value in pairs if not value]
        if (found["close"] and rest) or not alone.issuperset(bare):
            continue
        names = tuple(attribute.lower() for attribute, _ in pairs)
        yield Tag(found.start(), found.end(), name.lower(), bool(found["close"]), names)


def real_tags(text: str) -> list[Tag]:
    """The tags that are tags: a closer has its opener, an opener its closer unless it needs none."""
    found = list(tags(text))
    if "[INST]" in text:  # <s> and </s> are then a model's own signs
        found = [tag for tag in found if tag.name != "s"]
    opened = {tag.name for tag in found if not tag.closes}
    closed = {tag.name for tag in found if tag.closes}
    free, dropped = markup().open_ended, markup().dropped - markup().open_ended
    short = {tag.name for tag in found if len(tag.name) == 1 and tag.name not in closed}
    return [
        tag
        for tag in found
        if (tag.closes and tag.name in opened)
        or (
            not tag.closes
            and (
                tag.name in closed
                or (tag.name in free and tag.name not in short)
                or (tag.attributes and tag.name not in dropped)
            )
        )
    ]


def is_marked_up(text: str, found: list[Tag]) -> bool:
    """Whether the text (code set aside) is to be read as HTML; `found` are its `real_tags`.

    >>> is_marked_up(one := "Hello<br>there", real_tags(one))
    True
    >>> is_marked_up(two := "the <br> tag in HTML", real_tags(two))
    False
    """
    rules = markup()
    if not any(_shows(tag) for tag in found) and not _has_pair(found):
        return False
    if any(sign in text for sign in rules.source):
        return False
    return is_document(text, found) or rules.subject.search(_OUTSIDE.sub(" ", text)) is None


def is_document(text: str, found: list[Tag]) -> bool:
    """Whether the text begins and ends with a tag (or a comment): a page or a mail, not a remark."""
    if not found:
        return False
    head = text[: found[0].start].strip()
    begins = not head or (head.startswith("<!") and head.endswith(">"))
    return begins and not text[found[-1].stop :].strip()


def _shows(tag: Tag) -> bool:
    rules = markup()
    if tag.closes:
        return False
    known = any(name in rules.attributes or name.startswith(("data-", "aria-")) for name in tag.attributes)
    return tag.name in rules.single or (tag.name in rules.strong and known)


def _has_pair(found: list[Tag]) -> bool:
    strong, opened = markup().strong, set()
    for tag in found:
        if tag.closes and tag.name in opened:
            return True
        if not tag.closes and tag.name in strong:
            opened.add(tag.name)
    return False
