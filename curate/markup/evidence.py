"""Is this text marked up, or does it only hold angle brackets?

Code, generics (`List<String>`), comparisons (`a<b and c>d`), nicknames, addresses in brackets, mentions,
prompt tags (`<think>`) are not markup. A text counts as marked up when it holds a closed pair of a known
element, a line break tag, or a known element with a known attribute; and when it does not talk about markup:
by a word ("HTML"), by speaking of a tag ("use <br>"), or by showing source code below a sentence.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from curate.markup.mentions import speaks_of_tag
from curate.markup.rules import markup
from curate.markup.source import shows_source

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
    >>> is_marked_up(three := "Use <br> to break lines", real_tags(three))
    False
    """
    if not holds_markup(text, found):
        return False
    if is_document(text, found):
        return True
    return not speaks_of_tags(text, found) and not shows_source(
        text, [(tag.start, tag.stop) for tag in found]
    )


def holds_markup(text: str, found: list[Tag]) -> bool:
    """Whether the tags are markup by themselves, no matter whether the text speaks of them or shows them."""
    rules = markup()
    if not any(_shows(tag) for tag in found) and not _pairs(found):
        return False
    if any(sign in text for sign in rules.source):
        return False
    return is_document(text, found) or rules.subject.search(_OUTSIDE.sub(" ", text)) is None


def speaks_of_tags(text: str, found: list[Tag]) -> bool:
    """Whether at least as many of the tags that show markup are spoken of as are at work.

    Spoken of are lone tags whose sentence says so, and elements that hold nothing ("put it in <em></em>").
    """
    closed, free = {tag.name for tag in found if tag.closes}, markup().open_ended
    shown = [tag for tag in found if _shows(tag)]
    spoken_of = sum(
        speaks_of_tag(text, tag.start, tag.stop, needs_end=tag.name not in free)
        for tag in shown
        if tag.name not in closed
    ) + sum(
        speaks_of_tag(text, one.start, other.stop, needs_end=True)
        for one, other in itertools.pairwise(found)
        if other.closes and not one.closes and one.name == other.name and one.stop == other.start
    )
    return 0 < spoken_of >= _pairs(found) + len(shown) - spoken_of


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


def _pairs(found: list[Tag]) -> int:
    """How many elements that show markup are opened and closed."""
    strong, opened, pairs = markup().strong, set(), 0
    for tag in found:
        if tag.closes and tag.name in opened:
            pairs += 1
        if not tag.closes and tag.name in strong:
            opened.add(tag.name)
    return pairs
