"""What an answer does, by its words: does it refuse, how long is it, tu or vous, what does it offer?"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

LANGUAGES = ("en", "fr")
"""Languages with a file of requests."""


@functools.cache
def rules(language: str) -> dict[str, Any]:
    """The requests of a language and the words of what is offered, from rules/requests."""
    text = resources.files("rules").joinpath("requests", f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


@functools.cache
def refusal() -> re.Pattern[str]:
    """How a refusal begins: the sentences of rules/replies.toml, by which curation knows one too."""
    told = tomllib.loads(resources.files("rules").joinpath("replies.toml").read_text("utf-8"))
    return re.compile(rf"(?i)\A[\s\"'*_]*(?:{'|'.join(told['refusal']['start'])})")


def refuses(answer: str) -> bool:
    """Whether an answer begins like a refusal.

    >>> refuses("I’m sorry, but I can't help with that."), refuses("I can't believe it works!")
    (True, False)
    """
    return refusal().match(answer[:160].replace("’", "'")) is not None


def measures(answer: str, language: str) -> dict[str, float]:
    """What is measured on an answer, by name: `refuses` and `offers …` are 1 or 0, `words` a count, `tu` the
    share of tu among tu and vous (only where the language has both and the answer says one).

    >>> told = measures("Nous allons te rembourser, et ta lampe est remplacée.", "fr")
    >>> told["tu"], told["offers refund"], told["offers replacement"], told["refuses"], told["words"]
    (1.0, 1.0, 1.0, 0.0, 9.0)
    >>> "tu" in measures("We will refund you.", "en")
    False
    """
    known = rules(language)
    told = {"refuses": float(refuses(answer)), "words": float(len(re.findall(r"\w+", answer)))}
    for name, patterns in known["actions"].items():
        told[f"offers {name}"] = float(found(tuple(patterns), answer) > 0)
    address: Mapping[str, Sequence[str]] = known.get("address", {})
    if address:
        counts = {name: found(tuple(rf"\b{re.escape(word)}\b" for word in words), answer)
                  for name, words in address.items()}  # fmt: skip
        if any(counts.values()):
            told["tu"] = counts["tu"] / sum(counts.values())
    return told


@functools.cache
def pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for several, case ignored."""
    return re.compile(f"(?i){'|'.join(patterns)}")


def found(patterns: tuple[str, ...], answer: str) -> int:
    """How often any of the expressions is in an answer."""
    return len(pattern(patterns).findall(answer.replace("’", "'")))
