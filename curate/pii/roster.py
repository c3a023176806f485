"""Who takes part in a conversation, and where their names stand in it.

A name is looked for whole in any case and either order (`Jean Dupont`, `dupont.jean`), and by each of its
parts
of three letters or more where it is written with a capital. Parts that are words too (Pierre, Rose, Will,
Mark)
need more: a sentence that does not begin there, or someone who is called ("Merci Pierre", "Will, can you").
Left alone: roles ("assistant", "Support Acme"), assistants' names, months, places, brands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from curate.pii.kinds import Found
from curate.pii.rules import rules
from curate.pii.view import view

WORD = re.compile(r"[^\W_]+")
LETTERS = re.compile(r"[^\W\d_]+")
BETWEEN = re.compile(r"(?:[ \t._\-'+]|\r?\n){1,3}|, ")
LINKS = frozenset(("de", "la", "du", "di", "da", "le", "el", "al"))
"""Short words that may stand between the words of a name, as may particles and initials."""
SHORTEST = 3
"""Letters that a part of a name needs to be looked for alone."""


@dataclass(frozen=True)
class Person:
    """One who takes part: a key, the words of the name in order, and whether it is a nickname or written
    low.
    """

    key: str
    words: tuple[str, ...]
    low: bool


@dataclass
class Roster:
    """The people of one conversation, by each word of their names."""

    people: dict[str, Person] = field(default_factory=dict)
    index: dict[str, list[Person]] = field(default_factory=dict)
    unspaced: list[Person] = field(default_factory=list)

    def add(self, person: Person) -> None:
        """Take one in; a single word that is part of one full name already here is that person."""
        if person.key in self.people:
            return
        known = self.index.get(person.words[0], []) if len(person.words) == 1 else []
        self.people[person.key] = known[0] if len(known) == 1 else person
        if len(known) == 1:
            return
        if not all(
            word.isascii() or any(char.lower() != char.upper() for char in word) for word in person.words
        ):
            self.unspaced.append(person)
            return
        words = dict.fromkeys(person.words)
        if all(word.isdigit() for word in words) and len(words) > 1:
            return  # `12 34` in a text is no person
        if len(person.words) > 1:
            words |= dict.fromkeys(("".join(person.words), "".join(reversed(person.words))))
        for word in words:
            self.index.setdefault(word, []).append(person)

    def triggers(self) -> list[str]:
        """Folded words of which one must stand in a text for any name to be in it."""
        return [*self.index, *(person.key for person in self.unspaced)]

    def find(self, text: str, free: bool = False) -> list[Found]:
        """The names in `text`, plain as a view gives it; `free` in ids and file names, where capitals say
        nothing.
        """
        low = text.lower()
        found = [
            Found(match.start(), match.end(), "person", person.key)
            for person in self.unspaced
            for match in re.finditer(re.escape(person.key), low)
        ]
        words = list((LETTERS if free else WORD).finditer(text))
        place = 0
        while place < len(words):
            people = self.index.get(words[place].group().lower())
            if not people:
                place += 1
                continue
            person, stop = max(
                ((one, self.run(text, words, place, one)) for one in people), key=lambda pair: pair[1]
            )
            if stop and believed(text, words, place, stop, person, free):
                start, end = words[place].start(), words[stop - 1].end()
                while not free and text[end : end + 1] == "_":  # `Javid_` is a nickname whole
                    end += 1
                while not free and start and text[start - 1] == "_":
                    start -= 1
                found.append(Found(start, end, "person", person.key))
                place = stop
            else:
                place += 1
        return found

    def run(self, text: str, words: list[re.Match[str]], place: int, person: Person) -> int:
        """The place after the last of the words from `place` on that are all of one person's name."""
        stop = last = place + 1
        said = {words[place].group().lower()}
        while stop < len(words) and BETWEEN.fullmatch(text, words[stop - 1].end(), words[stop].start()):
            word = words[stop].group().lower()
            if word in person.words and word not in said:
                said.add(word)
                last = stop + 1
            elif word not in rules().words["name.particles"] and word not in LINKS and len(word) > 1:
                break
            stop += 1
        return last


def believed(
    text: str, words: list[re.Match[str]], place: int, stop: int, person: Person, free: bool
) -> bool:
    """Whether the run of words from place to stop is the person, and not words that read the same."""
    lists = rules().words
    run = [word.group() for word in words[place:stop]]
    low = [word.lower() for word in run]
    ambiguous = [word in lists["name.words"] or word in lists["name.plain"] for word in low]
    if any(word.isdigit() or len(word) < 2 for word in low) and len(run) > 1:
        return set(low) == set(person.words) and sum(map(len, low)) > 3
    if len(set(low) & set(person.words)) > 1 or (low[0] not in person.words and len(low[0]) >= 6):
        return free or not all(ambiguous) or all(word[0].isupper() for word in run)
    whole = len(person.words) == 1
    word = low[0]
    if len(word) < SHORTEST or (word.isdigit() and (not whole or len(word) < 6)):
        return False
    if word in lists["name.particles"] or (word in lists["name.roles"] and not whole):
        return False
    if not whole and any(char.isdigit() for char in word):
        return False
    plain = ambiguous[0] or word in lists["name.never_alone"]
    if free:
        return not plain
    if called(text, words, place):
        return True
    if plain:
        return (
            word not in lists["name.never_alone"]
            and run[0][0].isupper()
            and inside_sentence(text, words, place)
        )
    return run[0][0].isupper() or (whole and person.low)


def called(text: str, words: list[re.Match[str]], place: int) -> bool:
    """Whether the word is said to someone: `@will`, `Merci Pierre`, `Will, can you`, `will: yes`."""
    start, stop = words[place].span()
    if text[start - 1 : start] == "@":
        return True
    line = text[text.rfind("\n", 0, start) + 1 : start].strip()
    if not line and text[stop : stop + 1] in (",", ":") and text[stop + 1 : stop + 2] in (" ", "\n", ""):
        return True
    if place and words[place - 1].group().lower() in rules().words["name.calling"]:
        return re.fullmatch(r"\.? |, ", text[words[place - 1].end() : start]) is not None and (
            text[start].isupper() or text[stop : stop + 1] in (",", "!", ".", "\n", "")
        )
    return False


def inside_sentence(text: str, words: list[re.Match[str]], place: int) -> bool:
    """Whether a word that no capital was due to stands right before it: the capital is then a name's."""
    if not place:
        return False
    earlier = words[place - 1]
    if text[earlier.end() : words[place].start()] not in (" ", ", ", " '", "'"):
        return False
    # "Ask Will": the word before has its capital from the sentence that it begins.
    begins = place == 1 or re.search(r"[.!?\n]", text[words[place - 2].end() : earlier.start()]) is not None
    return earlier.group()[0].islower() or begins


@lru_cache(maxsize=65536)
def person(author: str, role: str) -> tuple[Person | None, Person | None]:
    """Who an author is: the person to name in its place (None for a role), and one to look for only.

    The second is the name in an address that is the whole author (`jean.dupont@exemple.fr`).

    >>> person("Jean Dupont", "user")[0].words
    ('jean', 'dupont')
    >>> person("Support Acme", "assistant"), person("assistant", "user"), person("Claude", "assistant")
    ((None, None), (None, None), (None, None))
    """
    lists = rules().words
    plain = view(author).text.strip()
    address = re.search(r"[<(\[]?\s*([\w.+-]+)@[\w.-]+\s*[>)\]]?", plain)
    rest = (plain[: address.start()] + " " + plain[address.end() :]).strip() if address else plain
    words = [word.group().lower() for word in WORD.finditer(rest)]
    if role != "user" and (" ".join(words) in lists["name.assistants"] or set(words) & lists["name.teams"]):
        return None, None
    if role != "user" and words and any(words[0].startswith(name) for name in ("gpt", "claude", "gemini")):
        return None, None
    named = tuple(word for word in words if word not in lists["name.roles"])
    if any(not word.isdigit() and len(word) > 1 for word in named) and len(named) < len(words):
        named = tuple(word for word in named if not word.isdigit())
    if named and (len(named) == len(words) or not all(word.isdigit() or len(word) < 2 for word in named)):
        low = rest == rest.lower() or any(char.isdigit() or char == "_" for char in rest)
        return Person(" ".join(named), named, low), None
    if address and not words:
        local = tuple(word for word in LETTERS.findall(address.group(1).lower()) if len(word) >= SHORTEST)
        local = tuple(word for word in local if word not in lists["name.roles"])
        return None, Person(" ".join(local), local, False) if local else None
    return None, None


def named(names: Iterable[str]) -> list[Person]:
    """The people of a list of names given by a user or found in a field."""
    people = []
    for name in names:
        words = tuple(word.group().lower() for word in WORD.finditer(view(name).text))
        if words:
            people.append(Person(" ".join(words), words, False))
    return people
