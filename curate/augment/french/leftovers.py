"""Words that may have to agree with someone who is swapped, and of which nothing tells that they do not."""

from __future__ import annotations

import re

from curate.augment.french.lexicon import adjective, lexicon, noun
from curate.augment.french.phrases import Phrase, UnsureError
from curate.augment.french.work import Work

TRADE = re.compile(r"(?:euse|teur|trice|eur|ier|ière|ien|ienne|ant|ante|ent|ente|iste|é|ée)s?\Z")
"""An unknown noun so ending may be someone; how many of these are things is in `things_like_trades`."""
LOOSE = ("un", "une", "tous", "toutes", "certaines", "certains", "aucune", "aucun")
"""Words that stand for someone where no noun follows."""


def check(work: Work) -> None:
    """Raise UnsureError for a word in no chain that may have to agree with someone who is swapped."""
    if not work.changed and not any(one.swaps for one in work.found):
        return
    if work.doubtful:
        raise UnsureError("agreement")
    shown = swapped_genders(work)
    told = lexicon().words
    for n, token in enumerate(work.said):
        if n in work.owned or n in work.changed or not token.word:
            continue
        if (
            token.low in LOOSE
            and not any(one.start <= n < one.end for one in work.found)
            and (("f" if token.low.endswith(("e", "es")) else "m"), token.low.endswith("s")) in shown
        ):
            raise UnsureError("ambiguous")
        if n in work.loose and not work.inside(n) and not adjective(token.low):
            raise UnsureError("ambiguous")
        forms = {(one.gender, one.plural) for one in adjective(token.low) if one.gender}
        if not forms & shown or work.inside(n):
            continue
        if n in work.loose:
            raise UnsureError("ambiguous")
        if harmless(work, n, forms) or (n and work.said[n - 1].low in told["have"]):
            continue
        raise UnsureError("ambiguous")
    for n, token in enumerate(work.said[1:], 1):
        if work.said[n - 1].low == "comme" and n not in work.changed and TRADE.search(token.low):
            raise UnsureError("agreement")
    for one in work.found:
        if re.search(r"(?:euse|trice|ienne|ien|iste|teur)\Z", work.said[one.head].low) and trade(work, one):
            raise UnsureError("agreement")
        if one.kind == "nominal" and (one.gender, one.plural) in shown:
            raise UnsureError("ambiguous")


def swapped_genders(work: Work) -> set[tuple[str, bool]]:
    """Gender and number of everyone who is swapped."""
    shown = {(one.gender, one.plural) for one in work.found if one.swaps}
    for n in work.changed:
        low = work.said[n].low
        if low in ("il", "lui", "le", "elle", "la", "ils", "elles", "eux"):
            shown.add(("f" if low in ("elle", "elles", "la") else "m", low in ("ils", "elles", "eux")))
    shown |= {(gender, False) for gender in work.speaking | work.addressed}
    return shown


def harmless(work: Work, n: int, forms: set[tuple[str, bool]]) -> bool:
    """Whether an adjective in no chain goes with no person: with a thing before it, or with nothing."""
    told, said = lexicon().words, work.said
    low, before = said[n].low, said[n - 1].low if n else ""
    if low in told["stop"] or low in told["adverbs"] or low in told["times"]:
        return True
    if before in ("me", "m'", "te", "t'", "lui", "leur", "se", "s'"):
        return True  # a verb: who lends me
    then = said[n + 1] if n + 1 < len(said) else None
    leads = any(one.lemma in told["before"] for one in adjective(low))
    if then is not None and then.word and not then.clitic and leads:
        known = any(then.low in told[name] for name in ("stop", "adverbs", "boundary", "prepositions"))
        if not known and noun(then.low) is None and not adjective(then.low):
            return True  # a noun follows: fine day
        if low in ("seul", "seule") and any(one.start == n + 1 and not one.swaps for one in work.found):
            return True
    if low in told["homographs"]:
        k = n - 1
        while k >= 0 and said[k].low in told["clitics"]:
            k -= 1
        return any(one.start == n + 1 and one.kind == "person" for one in work.found) or (
            k >= 0
            and (
                said[k].low in told["subjects"]
                or any(one.end == k + 1 and one.kind != "time" for one in work.found)
            )
        )
    if low in ("pendant", "durant", "suivant", "compris", "vu", "excepté"):
        return True
    if low in told["adverbial"] and said[n].text.islower() and n and not said[n - 1].ends:
        return not any(one.end == n and one.swaps for one in work.found)
    if before in ("plus", "moins") and n > 1 and said[n - 2].low in ("le", "la", "les"):
        return False
    if before in ("de", "d'", "en", "à", "au", "le", "un", "du", "l'", "plus", "moins"):
        return True
    k = n - 1
    while k >= 0 and said[k].kind != "mark":
        if k in work.changed and k in work.owned and not work.within(k):
            return False
        k -= 1
    at = n - 1
    while at > 0 and (said[at].low == "et" or adjective(said[at].low)):
        at -= 1
    near = said[at - 1].low if at > 0 else ""
    return said[at].word and said[at].low not in told["subjects"] and near in (
        *told["prepositions"], "de", "quelques", "chaque",
    )  # fmt: skip


def trade(work: Work, one: Phrase) -> bool:
    """Whether a noun that no list has may be someone's trade or part, by its ending."""
    low = work.said[one.head].low
    told = lexicon().words
    return (
        one.kind == "thing"
        and low not in told["things_like_trades"] | told["not_persons"]
        and low.removesuffix("s") not in lexicon().double
        and bool(TRADE.search(low))
    )
