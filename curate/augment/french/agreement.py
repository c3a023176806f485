"""Everything in a text that has to change so that each person's gender is the other one."""

from __future__ import annotations

from collections.abc import Sequence

from curate.augment.french.leftovers import check, trade
from curate.augment.french.lexicon import adjective, lexicon, noun
from curate.augment.french.participles import after_have
from curate.augment.french.phrases import TITLES, Phrase, UnsureError, phrases
from curate.augment.french.predicates import Chain
from curate.augment.french.pronouns import References
from curate.augment.french.sentences import chains
from curate.augment.french.subjects import Subject
from curate.augment.french.words import Token
from curate.augment.french.work import Work


def agree(work: Work) -> None:
    """Find all of it. Raises UnsureError."""
    work.found = phrases(work.said)
    before = phrases_or_none(work.earlier)
    chained = chains(work.said, work.found)
    bare_nouns(work, chained)
    references = References(work.said, work.found, chained, before)
    references.resolve()
    work.changed.update(references.swapped)
    for one in work.found:
        of_phrase(work, one)
    for chain in chained:
        of_chain(work, chain, references)
    after_have(work, references)
    if len(work.speaking) > 1 or len(work.addressed) > 1:
        raise UnsureError("ambiguous")
    check(work)


def bare_nouns(work: Work, chained: Sequence[Chain]) -> None:
    """Nouns of persons without an article: after `comme`, `en tant que`, or in a chain; else unsure."""
    told = lexicon()
    inside = {k for one in work.found for k in range(one.start, one.end)}
    inside |= {k for chain in chained for k in chain.words}
    for n, token in enumerate(work.said):
        if n in inside or not token.word:
            continue
        if token.low in told.words["no_return"]:
            raise UnsureError("no_return")
        if token.low in told.owned and told.owned[token.low].plural is False and token.low not in told.nouns:
            raise UnsureError("ambiguous")
        prefix, *rest = token.low.split("-")
        if any(one in told.nouns for one in rest) and prefix not in told.words["prefixes"]:
            raise UnsureError("agreement")
        form = noun(token.low)
        if form is None or (adjective(token.low) and not form.gender):
            continue
        before = work.said[n - 1].low if n else ""
        as_one = before == "comme" or (before == "que" and n > 1 and work.said[n - 2].low == "tant")
        if as_one or (before == "et" and n - 2 in work.changed):
            work.owned.add(n)
            work.changed[n] = form.partner
        elif form.plural and form.kind == "persons" and form.gender != "f":
            work.owned.add(n)
        elif not adjective(token.low) and form.gender:
            raise UnsureError("ambiguous")


def of_phrase(work: Work, one: Phrase) -> None:
    """The words of a noun phrase."""
    work.owned.update(one.agreeing)
    work.owned.add(one.head)
    if not one.swaps:
        if one.kind == "generic" and any(work.form(k, "f", True) for k in one.agreeing):
            raise UnsureError("no_return")
        return
    after = next((each for each in work.found if each.start == one.end and each.swaps), None)
    disagrees = after is not None and {one.gender, after.gender} == {"m", "f"}
    if borrowed(work, one) or (one.form is None and disagrees):
        raise UnsureError("ambiguous")
    if one.form is not None and one.form.gender:
        work.changed[one.head] = one.form.partner
    elif one.form is None:
        work.changed[one.head] = other_name(work.said[one.head].low)
    for k in one.agreeing:
        if work.said[k].low in lexicon().names:
            work.changed[k] = other_name(work.said[k].low)
        else:
            work.swap(k, one.gender, one.plural)


def borrowed(work: Work, one: Phrase) -> bool:
    """Whether adjectives after a person may go with the thing that the person has: her broken card."""
    if not one.after_preposition or not any(k > one.head for k in one.agreeing):
        return False
    first = one.start if work.said[one.start].low in ("du", "au", "aux") else one.start - 1
    return any(
        each.end == first and each.kind != "person" and each.gender in (one.gender, "") for each in work.found
    )


def of_chain(work: Work, chain: Chain, references: References) -> None:
    """What is said of a subject."""
    who, words = chain.subject, chain.words
    work.owned.update(chain.fixed)
    if who.kind == "unknown":
        work.loose.update(words)
        called(work, chain, swaps=False)
        return
    if who.kind in ("nobody", "group"):
        work.owned.update(k for k in words if work.form(k, "m", False) or work.form(k, "m", True))
        return
    if who.kind in ("speaker", "addressee"):
        one_who_speaks(work, chain)
        return
    swaps, gender, plural = of(work, who, references)
    called(work, chain, swaps=swaps)
    if not swaps:
        work.owned.update(words)
        if who.phrases and who.phrases[0].kind == "generic" and any(work.form(k, "f", True) for k in words):
            raise UnsureError("no_return")
        return
    if chain.unread >= 0:
        raise UnsureError("agreement")
    gender = gender or work.shown(words, plural)
    if any(one.lemma in lexicon().words["of_things"] for k in words for one in adjective(work.said[k].low)):
        raise UnsureError("ambiguous")
    for k in words:
        work.swap(k, gender, plural)


def called(work: Work, chain: Chain, *, swaps: bool) -> None:
    """Raise UnsureError where what someone is called is not known (she is a <word>); note where a word
    that we do not know may be someone (the <word> is a woman)."""
    n = chain.verb + 1
    while 0 < n < len(work.said) and work.said[n].low in lexicon().words["adverbs"]:
        n += 1
    then = next((one for one in work.found if one.start == n and chain.verb >= 0), None)
    known = {*lexicon().words["things"], "peu"}
    if swaps:
        articles = ("un", "une", "le", "la", "l'")
        article = then is not None and work.said[n].low in articles and not then.plural
        follows = work.said[chain.verb].low == "suis" and work.said[n].low not in ("un", "une")
        if follows and then is not None and not trade(work, then):
            return  # je suis le guide: another verb
        if article and then is not None and not then.swaps and work.said[then.head].low not in known:
            raise UnsureError("agreement")
        return
    if chain.subject.kind == "unknown":
        article = (
            then is not None and work.said[n].low in ("un", "une", "le", "la", "l'") and then.kind == "thing"
        )
        if article and then is not None and trade(work, then):
            work.doubtful = True
        return
    heads = {work.said[one.head].low for one in chain.subject.phrases if one.kind == "thing"}
    if not heads or heads <= known:
        return
    people = lexicon().words["of_people"]
    if any(one.lemma in people for k in chain.words for one in adjective(work.said[k].low)) or (
        then is not None and then.swaps
    ):
        work.doubtful = True


def of(work: Work, who: Subject, references: References) -> tuple[bool, str, bool]:
    """Whether a subject's gender is swapped, its gender, and whether it is a plural."""
    if who.kind == "pronoun":
        low = work.said[who.token].low
        return (
            who.token in references.swapped,
            "f" if "elle" in low else "m",
            low in ("ils", "elles", "eux"),
        )
    swaps = [one.swaps for one in who.phrases]
    if len(who.phrases) == 1:
        return swaps[0], who.phrases[0].gender, who.phrases[0].plural
    genders = {one.gender for one in who.phrases}
    if len(genders) > 1 or not all(swaps):
        return False, "", True
    return True, genders.pop(), True


def one_who_speaks(work: Work, chain: Chain) -> None:
    """What the speaker or the one spoken to is said to be."""
    evidence = work.speaking if chain.subject.kind == "speaker" else work.addressed
    polite = chain.subject.kind == "addressee"
    called(work, chain, swaps=True)
    if chain.unread >= 0:
        raise UnsureError("agreement")
    for k in chain.words:
        gender = work.shown([k], False)
        if not gender:
            if polite and work.form(k, "f", True):
                raise UnsureError("no_return")
            work.owned.add(k)
            continue
        evidence.add(gender)
        work.swap(k, gender, False)


def phrases_or_none(said: Sequence[Token]) -> list[Phrase]:
    """The phrases of the message before; none where that message is unsure, which leaves all of them out."""
    try:
        return phrases(said)
    except UnsureError:
        return []


def other_name(low: str) -> str:
    """The partner of a name or a title."""
    return TITLES[low][1] if low in TITLES else lexicon().names[low][1]
