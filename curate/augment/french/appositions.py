"""What is said of someone without `être`: before the sentence, between commas, after another verb."""

from __future__ import annotations

from collections.abc import Sequence

from curate.augment.french.lexicon import adjective, lexicon
from curate.augment.french.phrases import DEGREES, Phrase
from curate.augment.french.predicates import Chain, predicate
from curate.augment.french.subjects import Subject, pronoun
from curate.augment.french.words import Token


def appositions(said: Sequence[Token], found: Sequence[Phrase]) -> list[Chain]:
    """All of them."""
    return [*leading(said, found), *trailing(said), *between(said, found), *after_verbs(said)]


def leading(said: Sequence[Token], found: Sequence[Phrase]) -> list[Chain]:
    """What begins a sentence and is said of its subject, or of the speaker: disappointed by you, I ask."""
    told = lexicon()
    made: list[Chain] = []
    for n, token in enumerate(said):
        if not token.first or not token.word or token.low in told.words["stop"]:
            continue
        degree = token.low in DEGREES or token.low in told.words["adverbs"]
        words, _ = predicate(said, n)
        forms = adjective(said[words[0]].low) if words else ()
        lemmas = {one.lemma for one in forms}
        if not any(one.gender for one in forms) or words[0] != n + degree:
            continue
        if lemmas & told.words["interjections"]:
            continue
        who = after_comma(said, found, n)
        if who is None and lemmas & told.words["speaker"]:
            who = Subject("speaker")
        if who is not None:
            made.append(Chain(who, words))
    return made


def after_comma(said: Sequence[Token], found: Sequence[Phrase], n: int) -> Subject | None:
    """The subject right after the first comma of the sentence, if there is one."""
    comma = next((k for k in range(n, len(said)) if said[k].low == "," or said[k].ends), len(said))
    after = comma + 1
    if after >= len(said) or said[comma].low != ",":
        return None
    if said[after].low in ("je", "j'", "il", "elle"):
        return pronoun(said, after)
    return next(
        (Subject("phrase", phrases=(one,)) for one in found if one.start == after and one.kind == "person"),
        None,
    )


def trailing(said: Sequence[Token]) -> list[Chain]:
    """What ends a sentence and is said of the speaker: I cannot help you, sorry."""
    told = lexicon().words
    made: list[Chain] = []
    for n, token in enumerate(said):
        if (
            not n
            or said[n - 1].low != ","
            or not {one.lemma for one in adjective(token.low)} & told["speaker"]
        ):
            continue
        then = said[n + 1] if n + 1 < len(said) else None
        ends = then is None or then.ends or then.low in ("pour", "de", "d'")
        if ends and speaks(said, n):
            made.append(Chain(Subject("speaker"), [n]))
    return made


def speaks(said: Sequence[Token], n: int) -> bool:
    """Whether someone speaks of themselves in the sentence before token `n`."""
    k = n - 1
    while k >= 0 and not said[k].ends:
        if said[k].low in ("je", "j'", "merci"):
            return True
        k -= 1
    return False


def between(said: Sequence[Token], found: Sequence[Phrase]) -> list[Chain]:
    """What follows a person after a comma: my sister, tired, went home."""
    told = lexicon().words
    made: list[Chain] = []
    for one in found:
        if one.kind == "person" and one.end < len(said) and said[one.end].low == ",":
            words, _ = predicate(said, one.end + 1)
            then = said[words[-1] + 1] if words and words[-1] + 1 < len(said) else None
            ends = then is None or then.kind == "mark" or then.low in told["prepositions"]
            if words and words[0] <= one.end + 2 and ends:
                made.append(Chain(Subject("phrase", phrases=(one,)), words))
    return made


def after_verbs(said: Sequence[Token]) -> list[Chain]:
    """What someone is while doing something: I travel alone, she comes home tired."""
    told = lexicon().words
    made: list[Chain] = []
    for n, token in enumerate(said):
        if token.low not in ("je", "j'", "tu", "il", "elle") or token.clitic:
            continue
        k = n + 1
        while k < len(said) and said[k].low in told["clitics"]:
            k += 1
        if k >= len(said) or any(said[k].low in told[name] for name in ("be", "have", "modal", "stop")):
            continue
        k += 1
        while k < len(said) and (said[k].low in told["adverbs"] or said[k].low in ("tout", "toute")):
            k += 1
        if k < len(said) and any(one.lemma in told["of_people"] for one in adjective(said[k].low)):
            made.append(Chain(pronoun(said, n), [k]))
    return made
