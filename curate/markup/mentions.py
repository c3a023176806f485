"""Tags and references that a sentence speaks of ("use <br>", "what is &nbsp;?"), told from markup at work.

Only those that stand alone can be: a reference inside a word (`don&#39;t`) and a tag that touches one
(`there<br>`) are at work. Words that introduce what is spoken of stand in rules/markup.toml.
"""

from __future__ import annotations

import itertools
import re

from curate.markup.rules import markup

STACKED = re.compile(r"&(?:amp;)*(?:#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6})|[A-Za-z][A-Za-z0-9]{1,31});")
"""A reference, escaped once or more."""

_OPEN, _CLOSED = "\"'“‘«([", "\"'”’»)]"
_AROUND = 80
_GLUED = re.compile(
    r"\w&(?:amp;)*(?:#(?:39|0*146|8217|x27)|apos|rsquo);\w"
    r"|&(?:amp;)*[a-zA-Z]{1,2}(?:acute|grave|circ|uml|cedil|tilde|ring|lig);",
)


def speaks_of_tag(text: str, start: int, stop: int, *, needs_end: bool) -> bool:
    """Whether the tag at text[start:stop], which is not one of a pair, is spoken of.

    `needs_end`: the element must be closed, so that a lone opener after other words is no markup.

    >>> speaks_of_tag("Use <br> to break lines", 4, 8, needs_end=False)
    True
    >>> speaks_of_tag("Hello <br> there", 6, 10, needs_end=False)
    False
    """
    left, right = _beside(text, start, stop)
    if not left.strip() or not _alone(left, right):
        return False
    return (
        needs_end
        or (left[-1] in _OPEN and right[:1] != "" and right[0] in _CLOSED)
        or (left[-1] == " " and right[:1] != "" and right[0] in ".,;:?!")
        or markup().mentioned.before_tag.search(left) is not None
    )


def references_spoken_of(text: str) -> list[tuple[int, int]]:
    """Places of the references that the text speaks of, in order.

    >>> references_spoken_of("Use &nbsp; as in 5&nbsp;km"), references_spoken_of("Tom &amp; Jerry")
    ([(4, 10)], [])
    """
    every = list(STACKED.finditer(text))
    listed: set[int] = set()
    for one, other in itertools.pairwise(every):
        if markup().mentioned.joining.fullmatch(text, one.end(), other.start()):
            listed |= {one.start(), other.start()}
    return [found.span() for found in every if found.start() in listed or _speaks_of_reference(text, found)]


def is_damaged(text: str) -> bool:
    """Whether references stand where letters and apostrophes belong: then an export escaped the whole text.

    >>> is_damaged("I don&#39;t"), is_damaged("caf&eacute;s"), is_damaged("write &lt;")
    (True, True, False)
    """
    return any(
        found[0][0] != "&"
        or text[found.start() - 1 : found.start()].isalpha()
        or text[found.end() :][:1].isalpha()
        for found in _GLUED.finditer(text)
    )


def is_one_reference(text: str) -> bool:
    """Whether the text is one reference to a sign: the answer to a question, hardly a sign that was lost.

    >>> is_one_reference(" &lt; "), is_one_reference("&nbsp;"), is_one_reference("&lt;3")
    (True, False, False)
    """
    found = STACKED.fullmatch(text.strip())
    return found is not None and not found[0].endswith(("nbsp;", "#160;", "#xa0;", "#xA0;"))


def _speaks_of_reference(text: str, found: re.Match[str]) -> bool:
    rules = markup().mentioned
    left, right = _beside(text, found.start(), found.end())
    if not _alone(left, right):
        return False
    name = found[0].rstrip(";").rpartition(";")[2].lstrip("&") or "amp"
    if rules.asking.search(left) or rules.replacing.search(left):
        return True
    if name in rules.flowing:
        return False
    if name == "amp" and not rules.amp_after.match(right):
        return False
    begins = not left.strip() or left.rstrip()[-1] in ".!?:"
    return rules.before.search(left) is not None or (begins and rules.after.match(right) is not None)


def _beside(text: str, start: int, stop: int) -> tuple[str, str]:
    """What stands on the same line before and after, up to some words."""
    left = text[max(0, start - _AROUND) : start].rpartition("\n")[2]
    return left, text[stop : stop + _AROUND].partition("\n")[0]


def _alone(left: str, right: str) -> bool:
    return (not left or left[-1].isspace() or left[-1] in _OPEN) and (
        not right or right[0].isspace() or right[0] in _CLOSED or right[0] in ".,;:?!"
    )
