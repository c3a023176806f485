"""Participles after `avoir`: they agree with the object before it, if there is one."""

from __future__ import annotations

import re

from curate.augment.french.lexicon import adjective, lexicon
from curate.augment.french.phrases import Phrase, UnsureError
from curate.augment.french.pronouns import References
from curate.augment.french.subjects import adverb
from curate.augment.french.work import Work

UNKNOWN = re.compile(r"(?:i[tns]?e|ue|inte|erte|orte)s?\Z")
"""Ends a participle in the feminine; one that no list has."""


def after_have(work: Work, references: References) -> None:
    """Participles after `avoir`: they agree with the object before it, if there is one."""
    told = lexicon()
    for n, token in enumerate(work.said):
        if token.low not in told.words["have"] or token.clitic:
            continue
        k = n + 1
        while k < len(work.said) and (
            work.said[k].low in told.words["adverbs"] or work.said[k].clitic or adverb(work.said[k])
        ):
            k += 1
        if k >= len(work.said) or k in work.owned or work.said[k].low == "été":
            continue
        if not any(one.gender for one in adjective(work.said[k].low)):
            if UNKNOWN.search(work.said[k].low) and work.said[k].word:
                work.loose.add(k)
            continue
        participle(work, n, k, references)


def participle(work: Work, n: int, k: int, references: References) -> None:
    """The participle at token `k` of the auxiliary at token `n`."""
    told, low = lexicon(), work.said[k].low
    gender, plural = next((one.gender, one.plural) for one in adjective(low))
    j = n - 1
    while j >= 0 and work.said[j].low in ("y", "en", "lui", "leur", "ne", "n'"):
        j -= 1
    before = work.said[j].low if j >= 0 else ""
    if before == "l'":
        if gender == "m" and low in told.words["neutral"]:
            work.owned.add(k)
            return
        object_named(work, k, gender, references)
        return
    target = relative(work, n)
    spoken = target is None or target.gender != gender or low in told.words["direct"]
    polite = (
        before == "vous" and j and work.said[j - 1].low in ("je", "on", "il", "elle", "nous", "ne", "qui")
    )
    if spoken and (polite or before in ("m'", "me", "t'", "te")):
        object_who_speaks(work, before, k, gender, plural)
        return
    if target is not None:
        if target.swaps and not plural:
            work.swap(k, target.gender or gender, target.plural)
        else:
            work.owned.add(k)
        return
    if gender == "m" and not plural:
        work.owned.add(k)


def object_named(work: Work, k: int, gender: str, references: References) -> None:
    """A participle after l': it agrees with who or what was named before, or with nobody knows whom."""
    named = references.named(k, gender, False)
    known = bool(named.persons) or references.seen(k, gender, False)
    if known and named.things:
        raise UnsureError("ambiguous")
    if known:
        work.swap(k, gender, False)
    elif gender == "f" and not named.things:
        work.loose.add(k)
    else:
        work.owned.add(k)


def object_who_speaks(work: Work, before: str, k: int, gender: str, plural: bool) -> None:
    """A participle after m', t', vous: it agrees where these are the direct object."""
    evidence = work.speaking if before in ("m'", "me") else work.addressed
    if plural or (gender == "m" and work.said[k].low not in lexicon().words["direct"]):
        work.owned.add(k)
    elif gender == "f" or "m" in evidence:
        evidence.add(gender)
        work.swap(k, gender, False)
    else:
        work.owned.add(k)


def relative(work: Work, n: int) -> Phrase | None:
    """What `que` before the auxiliary at token `n` stands for."""
    j = n - 1
    while j >= 0 and not work.said[j].ends and work.said[j].low not in ("que", "qu'"):
        j -= 1
    if j < 0 or work.said[j].low not in ("que", "qu'") or n - j > 6:
        return None
    return next((one for one in work.found if one.end == j), None)
