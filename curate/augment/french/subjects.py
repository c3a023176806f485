"""Of whom a verb says something: its subject, by the pronoun or the noun phrases before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curate.augment.french.lexicon import lexicon
from curate.augment.french.phrases import Phrase
from curate.augment.french.words import Token

SPEAKER = ("je", "j'", "moi")
ADDRESSEE = ("tu", "vous", "toi")
IMPERATIVE = ("soyez", "sois", "restez", "sentez")
PLURAL = (
    "sont",
    "étaient",
    "seront",
    "seraient",
    "ont",
    "avaient",
    "auront",
    "auraient",
    "soient",
    "furent",
    "semblent",
    "restent",
)
"""Verbs of a third person plural."""


@dataclass(slots=True)
class Subject:
    """Of whom something is said: `kind` is speaker, addressee, pronoun (il, elle, ils, elles, lui), phrase,
    joined (several phrases), group (nous, on), nobody (ce, cela, il of no person) or unknown."""

    kind: str
    token: int = -1
    """The pronoun."""
    phrases: tuple[Phrase, ...] = ()


def subject(said: Sequence[Token], found: Sequence[Phrase], start: int) -> Subject:
    """The subject of the verb at token `start`."""
    told = lexicon().words
    if start + 1 < len(said) and said[start + 1].clitic and said[start + 1].low in told["subjects"]:
        return pronoun(said, start + 1)
    u = start - 1
    while u >= 0 and (said[u].low in told["clitics"] or said[u].low in told["adverbs"] or adverb(said[u])):
        if said[u].low in ("nous", "vous") and is_subject(said, u, start):
            break
        u -= 1
    if u < 0 and said[start].low in ("es", "étais", "as", "avais", "merci"):
        return Subject("addressee")
    if u < 0:
        return Subject("addressee") if said[start].low in IMPERATIVE else Subject("unknown")
    low = said[u].low
    if (
        said[start].low in ("es", "étais", "as", "avais")
        and said[start - 1].low == "t'"
        and low not in ("tu", "qui")
    ):
        return Subject("addressee")
    if said[start].low == "merci":
        return Subject("addressee")
    if low == "qui":
        return antecedent(said, found, u)
    if low in told["subjects"] and not (low in ("personne", "tout") and any(one.head == u for one in found)):
        return pronoun(said, u)
    if (said[u].kind == "mark" or low in ("et", "mais", "donc", "alors")) and said[start].low in IMPERATIVE:
        return Subject("addressee")
    if low in ("et", "mais", "puis", "ou"):
        return before_join(said, found, u)
    return by_phrases(said, found, u, start)


def is_subject(said: Sequence[Token], u: int, start: int) -> bool:
    """Whether `nous` or `vous` before a verb is its subject and no object."""
    low, verb = said[u].low, said[start].low
    return verb.endswith(("ez", "êtes")) if low == "vous" else verb.endswith(("ons", "mes"))


def pronoun(said: Sequence[Token], u: int) -> Subject:
    """The subject that a pronoun is."""
    low = said[u].low
    if low in SPEAKER:
        return Subject("speaker", u)
    if low in ADDRESSEE:
        return Subject("addressee", u)
    if low in ("il", "elle", "ils", "elles", "lui", "eux"):
        return Subject("pronoun", u)
    return Subject("group" if low in ("on", "nous") else "nobody", u)


def antecedent(said: Sequence[Token], found: Sequence[Phrase], u: int) -> Subject:
    """The subject that `qui` at token `u` stands for."""
    if not u:
        return Subject("nobody")
    before = said[u - 1].low
    if before in (*SPEAKER, *ADDRESSEE, "elle", "lui", "elles", "eux"):
        return pronoun(said, u - 1)
    for one in found:
        if one.end == u or (before == "," and one.end == u - 1):
            return Subject("phrase", phrases=(one,))
    return Subject("nobody" if before in ("ce", "celui", "ceux", "quelqu'un") else "unknown")


def before_join(said: Sequence[Token], found: Sequence[Phrase], u: int) -> Subject:
    """The subject of a verb right after `et`: that of the verb before it in the sentence."""
    told = lexicon().words
    for k in range(u - 1, -1, -1):
        if said[k].ends:
            break
        if said[k].word and (said[k].low in told["have"] or said[k].low in told["be"]):
            return subject(said, found, k)
    return Subject("unknown")


def by_phrases(said: Sequence[Token], found: Sequence[Phrase], u: int, start: int) -> Subject:
    """The phrase that a verb's subject is: nothing but complements and adverbs may lie between them."""
    told = lexicon().words
    ends = {one.end - 1: one for one in found}
    passed: Phrase | None = None
    while u >= 0:
        if u in ends:
            one = ends[u]
            if one.after_preposition:
                u = one.start - (1 if said[one.start].low in ("du", "au", "aux") else 2)
                continue
            if one.kind != "time":
                return joined(said, found, one, start)
            passed, u = one, one.start - 1
        elif said[u].word and u and said[u - 1].low in ("de", "d'", "en", "à", "sans", "avec", "par"):
            u -= 2
        elif said[u].low in told["adverbs"] or adverb(said[u]) or of_number(said, u):
            u -= 1
        elif said[u].low in ("celui", "celle", "ceux", "celles"):
            return Subject("nobody", u)
        else:
            break
    if passed is not None and (u < 0 or said[u].kind == "mark" or said[u].low in told["boundary"]):
        return Subject("phrase", phrases=(passed,))
    return around_relative(said, found, u)


def of_number(said: Sequence[Token], u: int) -> bool:
    """Whether a token belongs to a number: a count, an hour, a sum, the preposition before it."""
    unit = said[u].low in ("h", "euros", "ans") and u > 0 and said[u - 1].kind == "number"
    leads = said[u].low in ("de", "d'", "à") and u + 1 < len(said) and said[u + 1].kind == "number"
    return said[u].kind == "number" or unit or leads


def around_relative(said: Sequence[Token], found: Sequence[Phrase], u: int) -> Subject:
    """The subject of the verb after a relative clause that ends at token `u`: what the clause is said of."""
    boundary = lexicon().words["boundary"]
    j = u
    while j > 0 and said[j].kind != "mark" and said[j].low not in boundary:
        j -= 1
    if j <= 0 or said[j].low not in ("qui", "que", "qu'"):
        return Subject("unknown")
    for one in found:
        if one.end == j and not one.after_preposition and one.kind != "time":
            clause = said[one.start - 1] if one.start else None
            if clause is None or clause.kind == "mark" or clause.low in boundary:
                return Subject("phrase", phrases=(one,))
    return Subject("unknown")


def joined(said: Sequence[Token], found: Sequence[Phrase], last: Phrase, start: int) -> Subject:
    """The subject that ends with this phrase: itself, or several joined by `et`."""
    these = [last]
    if said[last.start - 1].low == "et" and last.start:
        for one in found:
            if one.end == last.start - 1:
                these.insert(0, one)
        if len(these) == 1 and (last.plural or said[start].low in PLURAL):
            return Subject("unknown")
    these_start = these[0].start
    clause = these_start
    boundary = lexicon().words["boundary"]
    while (
        clause
        and not said[clause - 1].ends
        and said[clause - 1].low not in boundary
        and said[clause - 1].low != ","
    ):
        clause -= 1
    others = [
        one for one in found
        if clause <= one.start < these_start and not one.after_preposition and one.kind != "time"
    ]  # fmt: skip
    if others:
        return Subject("unknown")
    plural = said[start].low in PLURAL
    if plural != (len(these) > 1 or last.plural):
        return Subject("unknown")
    return Subject("phrase" if len(these) == 1 else "joined", phrases=tuple(these))


def adverb(token: Token) -> bool:
    """Whether a word is an adverb in -ment."""
    return token.word and token.low.endswith("ment") and len(token.low) > 6 and not token.first
