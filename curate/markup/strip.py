"""One text without its markup: the rule that `strip_html` applies, and why it comes to rest."""

from __future__ import annotations

import functools
import re

from curate.markup.code import Aside, inline
from curate.markup.entities import decode
from curate.markup.evidence import Tag, holds_markup, is_document, is_marked_up, real_tags, tags
from curate.markup.mentions import is_one_reference
from curate.markup.quoted import drop_quoted
from curate.markup.render import LINE, PARAGRAPH, Renderer, tidy
from curate.markup.rules import markup
from curate.markup.tree import DEEPEST, depth, parse, well_formed, without_unseen
from curate.passes.fixpoint import settle
from curate.unicode.repair import repair

LONGEST = 2_000_000
"""Characters up to which a tree is built; longer texts go by their tags alone, in linear time."""

_BREAK_AND_END = re.compile(r"(<br\s*/?>)[ \t]*\r?\n", re.IGNORECASE)
_BREAK = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
_TAG_LIKE = re.compile(r"<[^<>]*>")
_TABLE_LINE = re.compile(r"^[ \t]*\|.*<br\s*/?>.*\|[ \t]*$", re.MULTILINE | re.IGNORECASE)


def strip(text: str, *, without_quoted: bool = False) -> str:
    """The text with its HTML written as plain text, or the very same text where there is none.

    A fixpoint, alone and before or after `repair`: what is changed comes out repaired too, a text whose
    markup is veiled by hidden characters (`<\u200bb>`) is unveiled first, and what would read as a tag after
    decoding is written as inline code.

    >>> strip("Hello <b>you</b><br>see <a href='https://x.org'>this</a> &amp; that")
    'Hello you\\nsee [this](https://x.org) & that'
    >>> strip("vector<int> v; Map<String, List<Integer>> m; if a<b and c>d")
    'vector<int> v; Map<String, List<Integer>> m; if a<b and c>d'
    >>> strip("write &lt;b&gt;bold&lt;/b&gt;")
    'write `<b>bold</b>`'
    """
    once = functools.partial(_once, without_quoted=without_quoted)
    first = once(text)
    if first == text:
        clean = repair(text)
        if clean == text or once(clean) == clean:
            return text
    return settle(lambda now: repair(first if now is text else once(now)), text)


def _once(text: str, *, without_quoted: bool) -> str:
    out = _convert(text, without_quoted)
    if out == text or (_convert(out, without_quoted) == out and not _reads_as_markup(out)):
        return out
    return _seal(out)


def _reads_as_markup(text: str) -> bool:
    masked = Aside(text).mask(text)
    return "<" in masked and holds_markup(masked, real_tags(masked))


def _convert(text: str, without_quoted: bool) -> str:
    aside = Aside(text)
    if not aside.usable:
        return text
    masked = aside.mask(text)
    found = real_tags(masked) if "<" in masked else []
    if found and is_marked_up(masked, found):
        out = aside.restore(_render(masked, aside, without_quoted))
        if not out and _TAG_LIKE.sub("", text).strip():
            return text  # nothing but a script or the like: shown, not run
    elif "&" in masked and markup().subject.search(masked) is None and not is_one_reference(masked):
        out = aside.restore(decode(masked))
    else:
        out = text
    return drop_quoted(out) if without_quoted else out


def _render(masked: str, aside: Aside, without_quoted: bool) -> str:
    flow = is_document(masked, real_tags(masked))
    masked = without_unseen(masked.replace(LINE, "").replace(PARAGRAPH, "").replace("\r\n", "\n"))
    if not flow:
        masked = _TABLE_LINE.sub(lambda line: _BREAK.sub(" ", line[0]), masked)
        masked = _BREAK_AND_END.sub(r"\1", masked)
    found = real_tags(masked)
    if len(masked) > LONGEST or depth(found, markup().open_ended) > DEEPEST:
        return _by_tags(masked, found)
    tree = parse(well_formed(masked, found))
    return Renderer(aside, flow, without_quoted).text(tree)


def _by_tags(masked: str, found: list[Tag]) -> str:
    """The text with each tag as a line end or nothing: for texts too deep or too long for a tree."""
    rules = markup()
    ends = rules.paragraph | rules.line | rules.single
    out, place = [], 0
    for tag in found:
        out.append(masked[place : tag.start])
        out.append("\n" if tag.name in ends else "")
        place = tag.stop
    return tidy(decode("".join([*out, masked[place:]]), every_name=True))


def _seal(text: str) -> str:
    """The text with what would be read as tags or references again written as inline code."""
    aside = Aside(text)
    masked = aside.mask(text)
    out, place, found = [], 0, list(tags(masked))
    while found:
        first = found.pop(0)
        stop = first.stop
        if not first.closes:  # an element on one line is one piece of code
            for number, other in enumerate(found):
                if (
                    other.closes
                    and other.name == first.name
                    and not set("\n`") & set(masked[stop : other.start])
                ):
                    if not aside.holds_mark(masked[stop : other.start]):
                        stop = other.stop
                        del found[: number + 1]
                    break
        out += [masked[place : first.start], inline(masked[first.start : stop])]
        place = stop
    sealed = "".join([*out, masked[place:]])
    return aside.restore(re.sub(r"(?<=\w)(?=`<)|(?<=>`)(?=\w)", " ", sealed))
