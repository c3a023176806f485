"""English pronouns by what stands around them: her is him or his, his is her or hers. Unsure is an answer."""

from __future__ import annotations

from collections.abc import Sequence

from curate.augment.english.rules import Rules
from curate.augment.tokens import Word

END = ""
"""What follows the last word before a sign or a line's end."""


def pronoun(words: Sequence[Word], n: int, rules: Rules) -> str | None:
    """What word `n` becomes if it is one of her, hers, him, his; None where that cannot be told."""
    low = words[n].low
    if words[n].opens and low in ("her", "his"):
        return None
    if low in ("him", "hers"):
        return {"him": "her", "hers": "his"}[low]
    return of_her(words, n, rules) if low == "her" else of_his(words, n, rules)


def after(words: Sequence[Word], n: int) -> str:
    """The word after word `n` of the same clause, or END."""
    return words[n + 1].low if n + 1 < len(words) and words[n + 1].joined else END


def before(words: Sequence[Word], n: int) -> str:
    """The word before it in the same clause, or END."""
    return words[n - 1].low if n and words[n].joined else END


def of_his(words: Sequence[Word], n: int, rules: Rules) -> str:
    """`hers` where his stands alone, else `her`."""
    told, then = rules.context, after(words, n)
    following = after(words, n + 1)
    alone = then == END or then in told["closed"] - {"right", "only", "home", "online"}
    if then in ("and", "or"):
        alone = following in ("mine", "yours", "hers", "theirs", "not")
    if before(words, n) == "of" and then in told["verbs"]:
        alone = True
    return "hers" if alone else "her"


def of_her(words: Sequence[Word], n: int, rules: Rules) -> str | None:
    """`him` for an object, `his` for a possessive, None where both can be meant."""
    told, verb, then = rules.context, before(words, n), after(words, n)
    following = after(words, n + 1) if then else END
    if then == END:
        return "him"
    if then in told["closed"] and not (verb == END and words[n].first):
        if then in ("and", "or") and verb in ("", *told["closed"]) and following in told["closed"]:
            return "him"
        return None if then in ("right", "only", "home", "like", "back") and following else "him"
    if verb == END:
        return "his"
    if then == "very":
        return "him" if following == "much" else "his"
    if then in ("last", "next", "first"):
        return "him" if following in told["times"] else "his"
    if then.endswith("ly") and then not in told["ly_nouns"]:
        return "him" if following == END or following in told["closed"] else None
    if then[0].isdigit():
        return "him" if verb in told["giving"] else "his"
    return of_her_before_word(verb, then, following, rules)


def of_her_before_word(verb: str, then: str, following: str, rules: Rules) -> str | None:
    """The same before a word that is no function word: the verb decides what it may be."""
    told = rules.context
    ends = following == END or following in told["closed"]
    if verb in told["letting"]:
        return "him" if then in told["infinitives"] or then == "know" else None
    if verb in told["causing"]:
        if then in told["possessed"]:
            return "his"
        if then in told["qualities"]:
            return "him" if ends else "his"
        return "him" if then in told["infinitives"] or then.endswith("ing") else None
    if then in told["possessed"] or then == "own":
        return "his"
    if verb in told["giving"]:
        return "him" if then in ("two", "three", "four", "five", "several", "more") else None
    if then.endswith("ing") and verb not in told["closed"]:
        return None
    return "his"
