"""Plain text in which lines begin with who speaks: which names those are, how conversations are told apart.

`Client: Bonjour` opens a message, the lines below belong to it. Names are those of rules/roles.toml and of
`roles` in [[input]]. Conversations of a file are told apart by rules (`---`, `===`, `***`, `___`), or by an
empty line before the first speaker's name; where empty lines stand before other names too, nothing tells
whether a file holds one conversation or several, and it is not guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from curate.readers.roles import EVERY_OTHER, known_roles
from curate.readers.types import Unreadable

LINE = re.compile(r"([^\W\d_][\w .'’-]{0,29}?)[ \t\u00a0]?:(?:[ \t\u00a0]|$)")
"""A name of at most 30 letters, a colon, a space: what a line may begin with."""
RULE = re.compile(r"[ \t]*(?:-{3,}|={3,}|\*{3,}|_{3,})[ \t]*")
RARE = 5
"""A second name of a role that opens fewer than one in so many of its messages may be no speaker."""
STRAYS = 50
"""One in so many empty lines may stand inside a conversation; that one is then not read."""
AHEAD = 8
"""Lines behind a rule among which the first speaker's name is looked for."""
_UNKNOWN = (
    "looks like a transcript, but lines begin with names that are no known role; map them in roles of "
    '[[input]], as roles = { agent = "assistant", "*" = "user" }'
)
_UNCLEAR = (
    "ambiguous: empty lines stand before some speakers and not before others: it may be one conversation or "
    "several; put a line of --- between conversations, or give each a file of its own"
)


@dataclass(frozen=True, kw_only=True)
class Speakers:
    """How a file is written: its form, and the names (lower case) that open a message or may open one."""

    form: str  # "one" conversation, or told apart by "blank" lines or by a "rule"
    opener: str  # the role that speaks first
    roles: Mapping[str, str]  # of all names that are known to open a message
    doubtful: frozenset[str]
    others: str = ""  # the role of every other name
    headed: bool = False  # the file begins with a heading, so that others may stand behind rules

    def opens(self, line: str) -> tuple[str, str, str] | None:
        """Name, role and text where a line opens a message. Raises Unreadable where it may or may not.

        >>> said = Speakers(form="one", opener="user", roles={"client": "user"}, doubtful=frozenset())
        >>> said.opens("Client: Hi")
        ('Client', 'user', 'Hi')
        """
        found = LINE.match(line)
        if found is None:
            return None
        name = found[1].strip().lower()
        if name in self.doubtful:
            raise Unreadable(f"a line begins with '{name}:', which may be a speaker or a part of the text")
        role = self.roles.get(name, self.others)
        return (found[1].strip(), role, line[found.end() :]) if role else None


def find_speakers(text: str, given: Mapping[str, str], *, told: bool = False) -> Speakers | None:
    """The speakers of a transcript from the first part of a file; None where it is none.

    `given` are the roles of [[input]], `told` says that the format was given. Raises Unreadable where it
    looks like a transcript but is not clear.

    >>> found = find_speakers("Client: Hi\\nAgent: Hello\\n\\nClient: Ho\\nAgent: Yes\\n", {})
    >>> found.form, sorted(found.roles)
    ('blank', ['agent', 'client'])
    """
    lines = text.split("\n")
    mine = {name.strip().lower(): role for name, role in given.items()}
    known = {**known_roles(), **mine}
    others = mine.get(EVERY_OTHER, "")
    names = Counter(
        found[1].strip().lower()
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if (found := LINE.match(line)) and (line[found.end() :].strip() or after.strip())
    )
    spoken = {name: known.get(name, others) for name in names if known.get(name, others)}
    first = _first_name(lines, spoken)
    if first is None or not (told or {"user", "assistant"} <= set(spoken.values())):
        if _all_unknown(names, spoken, lines):
            raise Unreadable(_UNKNOWN)
        return None
    strangers = [name for name, count in names.items() if name not in spoken and count >= 3]
    if sum(names[name] for name in strangers) * RARE > names.total():
        raise Unreadable(_UNKNOWN)
    of_role: Counter[str] = Counter()
    for name, role in spoken.items():
        of_role[role] += names[name]
    doubtful = frozenset(
        name
        for name, role in spoken.items()
        if names[name] * RARE < of_role[role] and name not in mine and not others
    )
    roles = {name: role for name, role in spoken.items() if name not in doubtful}
    opener = roles.get(first, others)
    top = next(line for line in lines if line.strip() and not RULE.fullmatch(line))
    headed = LINE.match(top) is None
    unformed = Speakers(
        form="one", opener=opener, roles=roles, doubtful=doubtful, others=others, headed=headed
    )
    return replace(unformed, form=_form(lines, unformed))


def _first_name(lines: Sequence[str], spoken: Mapping[str, str]) -> str | None:
    """The name that the text begins with; a heading may stand over it where a rule stands before or after."""
    for at, line in enumerate(lines):
        if not line.strip() or RULE.fullmatch(line):
            continue
        found = LINE.match(line)
        if found and found[1].strip().lower() in spoken:
            return found[1].strip().lower()
        if at > 20 or not any(RULE.fullmatch(other) for other in lines):
            return None
    return None


def _all_unknown(names: Counter[str], spoken: Mapping[str, str], lines: Sequence[str]) -> bool:
    """Whether most lines begin with one of two or more names that recur, none of them a role."""
    again = [name for name in names if names[name] > 1 and name not in spoken]
    filled = sum(bool(line.strip()) for line in lines)
    return len(again) > 1 and 2 * sum(names[name] for name in again) > filled


def _form(lines: Sequence[str], speakers: Speakers) -> str:
    """What tells conversations apart. Raises Unreadable where nothing tells."""
    ruled = replace(speakers, form="rule")
    if any(RULE.fullmatch(line) for line in lines) and len(list(starts(lines, ruled))) > 1:
        return "rule"
    apart: list[tuple[bool, bool]] = []  # (an empty line before it, it is the first speaker's)
    for at, line in enumerate(lines):
        try:
            found = speakers.opens(line)
        except Unreadable:
            continue
        if found is not None:
            apart.append((at > 0 and not lines[at - 1].strip(), found[1] == speakers.opener))
    later = apart[1:]
    if not any(blank for blank, _ in later) or all(blank for blank, _ in later):
        return "one"
    blanks = [opens for blank, opens in later if blank]
    if blanks.count(False) * STRAYS > len(blanks):
        raise Unreadable(_UNCLEAR)
    return "blank"


def starts(lines: Sequence[str], speakers: Speakers) -> Iterator[int]:
    """The lines with which conversations begin; the first of all does.

    A rule is a border only where the first speaker's name follows it, or a heading and that name where the
    file begins with one.
    """
    yield 0
    if speakers.form == "one":
        return
    spoken = False
    for at, line in enumerate(lines):
        if at and spoken and _splits(lines, at, speakers):
            yield at
            spoken = False
        spoken = spoken or _speaks(line, speakers)


def _splits(lines: Sequence[str], at: int, speakers: Speakers) -> bool:
    if speakers.form == "blank":
        return not lines[at - 1].strip() and _speaks(lines[at], speakers, first=True)
    if not RULE.fullmatch(lines[at - 1]):
        return False
    follow = [line for line in lines[at : at + AHEAD] if line.strip() and not RULE.fullmatch(line)]
    follow = follow[: 1 + speakers.headed]
    return any(_speaks(line, speakers, first=True) for line in follow)


def _speaks(line: str, speakers: Speakers, *, first: bool = False) -> bool:
    """Whether a line opens a message; with `first`, one of the role that speaks first."""
    try:
        found = speakers.opens(line)
    except Unreadable:
        return False
    return found is not None and (not first or found[1] == speakers.opener)


def messages_of(lines: Sequence[str], speakers: Speakers) -> Iterator[tuple[str, str, str]]:
    """(name, role, text) of a conversation's messages; name and role of a heading above them are empty.

    Empty lines at the end of a message, and rules around the conversation, are none of its text. Raises
    Unreadable where a line may or may not open a message, and where none does.
    """
    if speakers.form == "rule":
        bare = [at for at, line in enumerate(lines) if line.strip() and not RULE.fullmatch(line)]
        lines = lines[bare[0] : bare[-1] + 1] if bare else []
    name, role, said = "", "", list[str]()
    for at, line in enumerate(lines):
        found = speakers.opens(line)
        if found is None:
            said.append(line)
            continue
        if speakers.form == "blank" and at and not lines[at - 1].strip():
            raise Unreadable("an empty line stands before a speaker who opens no other conversation")
        if role or "".join(said).strip(" \t-=*_"):
            yield name, role, _ended(said)
        name, role, said = found[0], found[1], [found[2]]
    if not role:
        raise Unreadable("no line begins with a speaker")
    yield name, role, _ended(said)


def _ended(said: list[str]) -> str:
    while len(said) > 1 and not said[-1].strip():
        said = said[:-1]
    return "\n".join(said)
