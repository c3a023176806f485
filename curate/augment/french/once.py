"""One French text swapped once: what stays is set aside, what agrees is found, articles follow."""

from __future__ import annotations

import re
from collections.abc import Sequence

from curate.augment import tokens
from curate.augment.french.agreement import agree
from curate.augment.french.lexicon import PREVOCALIC, adjective, lexicon, noun, vowel
from curate.augment.french.names import unknown_name
from curate.augment.french.phrases import Phrase, UnsureError
from curate.augment.french.words import Token, read
from curate.augment.french.work import Work
from curate.augment.result import Swapped

ARTICLES = {
    "le": ("le", "la", "l'"), "la": ("le", "la", "l'"), "l'": ("le", "la", "l'"),
    "du": ("du", "de la", "de l'"), "au": ("au", "à la", "à l'"),
    "un": ("un", "une", ""), "une": ("un", "une", ""),
    "mon": ("mon", "ma", "mon"), "ma": ("mon", "ma", "mon"), "ton": ("ton", "ta", "ton"),
    "ta": ("ton", "ta", "ton"), "son": ("son", "sa", "son"), "sa": ("son", "sa", "son"),
    "ce": ("ce", "cette", "cet"), "cet": ("ce", "cette", "cet"), "cette": ("ce", "cette", "cet"),
    "quel": ("quel", "quelle", ""), "quelle": ("quel", "quelle", ""),
    "quels": ("quels", "quelles", ""), "quelles": ("quels", "quelles", ""),
    "aucun": ("aucun", "aucune", ""), "aucune": ("aucun", "aucune", ""),
    "tout": ("tout", "toute", ""), "toute": ("tout", "toute", ""),
}  # fmt: skip
"""Masculine, feminine, and before a vowel: `cet` for a man, `mon` for a woman, `l'` for both."""
ELIDED = {"d'": "de", "qu'": "que", "jusqu'": "jusque", "lorsqu'": "lorsque", "puisqu'": "puisque"}
FILE_NAME = re.compile(r"\bil_|_il\b", re.IGNORECASE)
"""Parts of names in code in which `il` is most often nobody."""
WHOLE = {whole: elided for elided, whole in ELIDED.items()}


def mentions(text: str) -> bool:
    """Whether a text says someone's gender.

    >>> mentions("Ma voisine attend."), mentions("Je suis ravie."), mentions("La facture est payée.")
    (True, True, False)
    """
    told = lexicon()
    said = read(told.stays.sub(" ", text))
    lows = {one.low for one in said}
    if any(
        (one.low in told.nouns and told.nouns[one.low].gender)
        or one.low in told.owned
        or one.low in told.words["no_return"]
        or epicene(said, n)
        or one.low in ("suis", "il", "elle", "elles", "lui", "madame", "mme", "m.")
        or (one.low in told.names and one.text[0].isupper())
        or ("-" in one.low and any(part in told.nouns or part in told.owned for part in one.low.split("-")))
        for n, one in enumerate(said)
        if one.word
    ):
        return True
    spoken = bool(lows & {"je", "j'", "tu", "vous", "suis", "m'", "t'", "désolé", "désolée"})
    return any(
        form.gender and (spoken or form.lemma in told.words["of_people"])
        for one in said
        for form in adjective(one.low)
    )


def epicene(said: Sequence[Token], n: int) -> bool:
    """Whether a determiner shows the gender of a noun of one form."""
    form = noun(said[n].low)
    if not form or form.gender:
        return False
    return any(said[k].low in ARTICLES for k in (n - 1, n - 2) if k >= 0)


def once(text: str, earlier: str = "") -> Swapped:
    """The text with everyone's gender swapped, or the reason; `earlier` is the message before it.

    >>> once("La nouvelle infirmière est arrivée.").texts
    ('Le nouvel infirmier est arrivé.',)
    """
    told = lexicon()
    plain = tokens.blanked(text, [one.span() for one in tokens.STAND_IN.finditer(text)])
    plain = tokens.blanked(
        plain,
        list(
            tokens.foreign(plain, told.words["other_languages"], told.words["stop"] | told.words["subjects"])
        ),
    )
    quoted = tokens.untouched(plain)
    open_ = tokens.blanked(plain, quoted)
    open_ = tokens.blanked(open_, [one.span() for one in told.stays.finditer(open_)])
    for reason, pattern in told.reasons.items():
        if pattern.search(open_):
            return Swapped(reason=reason)
    if any(mentions(FILE_NAME.sub(" ", plain[start:end])) for start, end in quoted):
        return Swapped(reason="quoted")
    said = read(open_)
    reason = unknown_name(said)
    if reason:
        return Swapped(reason=reason)
    work = Work(said, read(told.stays.sub(" ", earlier)))
    try:
        agree(work)
    except UnsureError as unsure:
        return Swapped(reason=str(unsure))
    if not work.changed and not any(one.swaps for one in work.found):
        return Swapped(reason="nothing")
    return written(text, work)


def written(text: str, work: Work) -> Swapped:
    """The text with the changes made, articles and elisions with them."""
    said = work.said
    new: dict[int, str] = dict(work.changed)
    mark = "’" if "’" in text and "'" not in text else "'"
    spans: list[tuple[int, int, str]] = []
    taken: set[int] = set()
    prevocalic(work, new)
    for one in work.found:
        if one.swaps and one.determined and not one.plural:
            made = article(text, work, one, new)
            if made is not None:
                start, end, instead, place = made
                spans.append((start, end, instead.replace("'", mark)))
                taken.update(place)
    for n in sorted(new):
        low = new[n]
        if n in taken:
            continue
        before = said[n - 1] if n else None
        if before is not None and n - 1 not in taken and before.word:
            joined = elision(before, said[n], low)
            if joined is not None:
                shaped = cased(before.text, joined)
                if shaped is None:
                    return Swapped(reason="no_return")
                gap = "" if joined.endswith("'") else " "
                shaped = shaped.replace("'", mark)
                spans.append((before.start, said[n].start, shaped + gap))
        shaped = title(said[n], low) or cased(said[n].text, low)
        if shaped is None:
            return Swapped(reason="no_return")
        spans.append((said[n].start, said[n].end, shaped))
    made_text = text
    for start, end, instead in sorted(spans, reverse=True):
        made_text = made_text[:start] + instead + made_text[end:]
    return Swapped((made_text,)) if made_text != text else Swapped(reason="nothing")


def prevocalic(work: Work, new: dict[int, str]) -> None:
    """Adjectives before a masculine noun that begins with a vowel have a form of their own."""
    for one in work.found:
        if not one.swaps or one.plural:
            continue
        for k in sorted((k for k in one.agreeing if k < one.head), reverse=True):
            then = new.get(k + 1, work.said[k + 1].low)
            if new.get(k) in PREVOCALIC and vowel(then):
                new[k] = PREVOCALIC[new[k]]


def article(
    text: str, work: Work, one: Phrase, new: dict[int, str]
) -> tuple[int, int, str, tuple[int, ...]] | None:
    """The determiner of a phrase as it has to be now: from, to, the new one, and the tokens that it takes."""
    said, first = work.said, one.start
    low = said[first].low
    if low not in ARTICLES or not one.gender:
        return None
    begin = first
    if low in ("la", "l'") and first and said[first - 1].low in ("de", "à"):
        low, begin = {"de": "du", "à": "au"}[said[first - 1].low], first - 1
    following = new.get(first + 1, said[first + 1].low)
    man, woman, before_vowel = ARTICLES[low]
    now = woman if one.gender == "m" else man
    only_for = {"cet": man, "mon": woman, "ton": woman, "son": woman}.get(before_vowel, now)
    if before_vowel and vowel(following) and now == only_for:
        now = before_vowel
    shaped = cased(said[begin].text, now) or said[begin].text
    gap = text[said[first].end : said[first + 1].start] or " "
    instead = shaped + ("" if now.endswith("'") else gap)
    return said[begin].start, said[first + 1].start, instead, tuple(range(begin, first + 1))


def elision(before: Token, token: Token, low: str) -> str | None:
    """What the word before becomes, where of the old and the new word one begins with a vowel."""
    if before.low == "si" and low in ("il", "ils"):
        return "s'"
    if before.low == "s'" and token.low in ("il", "ils"):
        return "si"
    if vowel(low) == vowel(token.low):
        return None
    if vowel(low):
        return WHOLE.get(before.low)
    return ELIDED.get(before.low)


def title(token: Token, low: str) -> str | None:
    """An abbreviated title, which has capitals of its own."""
    return (
        {"m.": "M.", "mme": "Mme"}.get(low)
        if token.low in ("m.", "mme") and token.text in ("M.", "Mme")
        else None
    )


def cased(old: str, new: str) -> str | None:
    """The new word in the capitals of the old one; None where those are odd.

    >>> cased("L'", "la"), cased("MA", "mon"), cased("mA", "mon")
    ('La', 'MON', None)
    """
    letters = "".join(one for one in old if one.isalpha())
    if letters.islower():
        return new
    if letters[0].isupper() and (len(letters) == 1 or letters[1:].islower()):
        return new[0].upper() + new[1:]
    return new.upper() if letters.isupper() else None
