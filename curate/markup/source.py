"""Markup that is shown: source code in a message without a fence around it, told from a letter in HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from curate.markup.quoted import is_intro
from curate.markup.rules import SourceCode, markup

_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_SET_IN = re.compile(r"^[ \t]+<[A-Za-z/]", re.MULTILINE)
_NAMED = re.compile(r"<[A-Za-z][^<>]*\s(?:class|id|on[a-z]+)\s*=")
_STYLE_SHEET = re.compile(r"[#.]?[\w-]+\s*\{[^{}<>]*:[^{}<>]*;?\s*\}")
_SPARSE = 3.0
"""Words per tag up to which a piece is more structure than prose; mails have five and more."""


def looks_like_source(text: str) -> bool:
    """Whether a piece of markup has the signs of source code: tags of pages, lines set in, names of classes.

    >>> looks_like_source("<div>\\n  <p>x</p>\\n</div>"), looks_like_source("<p>Hello,</p><p>thanks</p>")
    (True, False)
    """
    return any(pattern.search(text) is not None for pattern in (_rules().page, _SET_IN, _NAMED, _STYLE_SHEET))


def is_sparse(text: str) -> bool:
    """Whether a piece of markup holds few words for its tags.

    >>> is_sparse("<div><p>child</p></div>"), is_sparse("<p>We will send your parcel again tomorrow.</p>")
    (True, False)
    """
    said, tags = _TAG.subn(" ", text)
    return len(said.split()) <= _SPARSE * tags


def is_letter(text: str) -> bool:
    """Whether markup is a mail or an answer in a ticket by its signs: a mail program's, a greeting, fonts."""
    return _rules().mail_program.search(text) is not None or _rules().letter.search(text) is not None


def shows_source(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a text that begins with prose goes on to show source; `spans` are its tags' places, in order.

    The first tag begins a line. The line before it announces code and what follows looks like it, or that
    line is a sentence and what follows is set in and more structure than prose. A form's field ("Message:")
    announces nothing, nor does the line above an answered mail; letters are letters.

    >>> text = "Here is the page:\\n<html><body>Hi</body></html>"
    >>> shows_source(text, [(18, 24), (24, 30), (32, 39), (39, 46)])
    True
    """
    start, stop = spans[0][0], spans[-1][1]
    lead, block = text[:start], text[start:stop]
    above, line_end, inset = lead.rpartition("\n")
    if (
        not line_end
        or inset.strip()
        or not above.strip()
        or is_letter(block)
        or not looks_like_source(text[start:])
    ):
        return False
    last = above.rstrip().rpartition("\n")[2].strip()
    if is_intro(last):
        return False
    sentence = len(last.split()) > 3
    announces = last.endswith((":", "?")) and (sentence or _rules().announcing.search(last) is not None)
    return announces or (sentence and is_sparse(block) and _SET_IN.search(block) is not None)


def _rules() -> SourceCode:
    return markup().source_code
