"""What a conversation asks for: messages whose markup is the answer, so that no pass may touch it.

A Rewrite changes texts one by one; which of them it may change, the conversation around them can say. Here:

- an answer in markup stays where an earlier message speaks of HTML or XML, but not a mail program's markup;
- one of few words stays after "tag" or "entity", one that looks like source code after "page" or "template";
- an assistant's page or block that is more structure than prose stays whatever was asked;
- what others paste stays where it looks like source code and HTML was spoken of.

Earlier messages are read as they will stand after curation, so that curating again says the same of them.
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from curate.markup.mentions import is_damaged
from curate.markup.rules import markup
from curate.markup.source import is_letter, is_sparse, looks_like_source
from curate.markup.strip import strip
from curate.unicode.repair import repair

_TAG = re.compile(r"<[^<>]*>")


def is_asked_for(
    texts: pl.Series,
    assistant: pl.Series,
    opens: pl.Series,
    candidates: pl.Series,
    *,
    without_quoted: bool = False,
) -> pl.Series:
    """Which candidates are markup that was asked for, as Booleans; `opens`: first rows of conversations.

    >>> texts = pl.Series(["An HTML list, please.", "<ul><li>a</li></ul>"])
    >>> yes, no = pl.Series([True, True]), pl.Series([False, False])
    >>> is_asked_for(texts, pl.Series([False, True]), pl.Series([True, False]), yes).to_list()
    [False, True]
    """
    wanted = candidates & (assistant | ~opens)  # what others say first answers nothing
    numbers = opens.cum_sum()
    near = numbers.is_in(numbers.filter(wanted).unique().implode())
    out = np.zeros(len(texts), dtype=bool)
    if not near.any():
        return pl.Series(out)
    texts, answers, numbers = texts.filter(near), assistant.filter(near).to_numpy(), numbers.filter(near)
    first = numbers.search_sorted(numbers, side="left").to_numpy()
    rules = markup().asked
    topics, hints, things = (
        _said_before(texts, words, first, without_quoted=without_quoted)
        for words in (rules.topics, rules.hints, rules.things)
    )
    out[wanted.arg_true().to_numpy()] = [
        (answers[row] or topics[row])
        and _stays(repair(texts[row]), answers[row], topics[row], hints[row], things[row])
        for row in wanted.filter(near).arg_true().to_list()
    ]
    return pl.Series(out)


def _said_before(texts: pl.Series, words: str, first: np.ndarray, *, without_quoted: bool) -> np.ndarray:
    """Where an earlier message of the conversation, which begins at row `first`, says one of the words."""
    says = texts.str.contains(words).to_numpy().copy()
    pattern = re.compile(words)
    for row in np.flatnonzero(says).tolist():
        text = texts[row]
        if "<" in text or "&" in text:
            text = _TAG.sub(" ", repair(strip(text, without_quoted=without_quoted)))
            says[row] = pattern.search(text) is not None
    last = np.maximum.accumulate(np.where(says, np.arange(len(texts)), -1))
    return np.concatenate([[-1], last[:-1]]) >= first


def _stays(text: str, answers: bool, topic: bool, hint: bool, thing: bool) -> bool:
    """Whether markup stays that is an assistant's, or another's after HTML was spoken of."""
    if markup().source_code.mail_program.search(text) or ("<" not in text and is_damaged(text)):
        return False
    source = looks_like_source(text)
    if not answers:
        return source and not is_letter(text)
    if topic:
        return True
    if is_letter(text):
        return False
    return (
        (hint and len(_TAG.sub(" ", text).split()) <= markup().asked.few_words)
        or (thing and source)
        or (source and is_sparse(text))
    )
