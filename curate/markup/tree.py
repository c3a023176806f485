"""Marked-up text as a tree: everything that is not a tag escaped first, so that the parser cannot eat it."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from curate.markup.entities import REFERENCE, _character
from curate.markup.evidence import Tag
from curate.markup.rules import markup

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

DEEPEST = 120
"""Elements within elements that are followed; deeper texts go by their tags alone."""

_GONE = re.compile(
    r"<!--.*?-->|<!DOCTYPE[^>]*>|<\?xml[^>]*>|<!\[(?:if|endif|CDATA)[^>]*>|</?[ovwmx]\d?:[A-Za-z]+[^<>]*>"
    r"|<(script|style|head)(?:\s[^<>]*)?>.*?</\1\s*>",
    re.IGNORECASE | re.DOTALL,
)
_CORE = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def without_unseen(text: str) -> str:
    """The text without comments, declarations, office tags, scripts, styles and page heads.

    >>> without_unseen("<!-- x --><p>Hi<o:p></o:p></p><script>alert('</p>')</script>")
    '<p>Hi</p>'
    """
    return _GONE.sub("", text) if "<" in text else text


# An opener ends the elements named first that stand open above the nearest of those named second.
_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol"})),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "option": (frozenset({"option"}), frozenset({"select"})),
    "td": (frozenset({"td", "th"}), frozenset({"table", "tr"})),
    "th": (frozenset({"td", "th"}), frozenset({"table", "tr"})),
    "tr": (frozenset({"tr"}), frozenset({"table"})),
    **{
        name: (frozenset({"tr", "tbody", "thead", "tfoot"}), frozenset({"table"}))
        for name in ("tbody", "thead", "tfoot")
    },
}
_ENDS["body"] = (frozenset({"head"}), frozenset())
_VOID = frozenset(
    {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "param", "source", "wbr"}
)


def well_formed(text: str, found: list[Tag]) -> str:
    """The text with every element closed where HTML lets its end be left out, and the rest escaped.

    What belongs to no tag of `found` and to no reference is escaped; crossing elements are closed in order
    and an end without a beginning is left out (the standard's optional end tags, §13.1.2.4).

    >>> from curate.markup.evidence import real_tags
    >>> well_formed(text := "<b>a<c && d&eacute;</b> <int>", real_tags(text))
    '<b>a&lt;c &amp;&amp; dé</b> &lt;int&gt;'
    >>> well_formed(text := "<ul><li>a<li>b</ul>", real_tags(text))
    '<ul><li>a</li><li>b</li></ul>'
    """
    out, place = [], 0
    standing: list[str] = []
    for tag in found:
        out.append(_escape(text[place : tag.start]))
        place = tag.stop
        if tag.name in _VOID:
            out.append(
                "" if tag.closes and tag.name != "br" else text[tag.start : tag.stop].replace("</", "<")
            )
            continue
        if tag.closes:
            if tag.name in standing:
                out.append(_close(standing, len(standing) - 1 - standing[::-1].index(tag.name)))
            continue
        out.append(_close(standing, _ended_by(tag.name, standing)))
        out.append(text[tag.start : tag.stop])
        standing.append(tag.name)
    out.append(_escape(text[place:]))
    return "".join([*out, _close(standing, 0)])


def _ended_by(name: str, standing: list[str]) -> int:
    """From which of the open elements on an opener of `name` ends them; their number where it ends none."""
    rules = markup()
    if name in rules.paragraph or name in rules.line:
        ended, until = _ENDS.get(
            name, (frozenset({"p", "head"}), frozenset({"table", "td", "th", "li", "div", "blockquote"}))
        )
    elif name in _ENDS:
        ended, until = _ENDS[name]
    else:
        return len(standing)
    for place in range(len(standing) - 1, -1, -1):
        if standing[place] in until:
            break
        if standing[place] in ended:
            return place
    return len(standing)


def _close(standing: list[str], place: int) -> str:
    ends = "".join(f"</{name}>" for name in reversed(standing[place:]))
    del standing[place:]
    return ends


def _escape(text: str) -> str:
    out, place = [], 0
    for found in REFERENCE.finditer(text):
        out.append(re.sub("[&<>]", lambda sign: _CORE[sign[0]], text[place : found.start()]))
        sign = _character(found[0], None)
        out.append(re.sub("[&<>]", lambda sign: _CORE[sign[0]], sign))
        place = found.end()
    out.append(re.sub("[&<>]", lambda sign: _CORE[sign[0]], text[place:]))
    return "".join(out)


def parse(text: str) -> BeautifulSoup:
    """The tree of a text that `well_formed` gave."""
    from bs4 import BeautifulSoup

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bs4 wonders whether a short text is a file name or a web address
        return BeautifulSoup(text, "html.parser")


def depth(found: list[Tag], open_ended: frozenset[str]) -> int:
    """How deep elements stand in one another, at most (elements that need no end are not counted)."""
    deepest = now = 0
    for tag in found:
        if tag.name not in open_ended:
            now += -1 if tag.closes else 1
            deepest = max(deepest, now)
    return deepest
