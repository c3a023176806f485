"""Reads the compact form in which the sample conversations are written.

`#### id key=value …` opens a conversation; a line that begins with S:, U:, A:, T: or C: opens a message
(system, user, assistant, tool, tool call); other lines continue it. `>> fork N` begins another branch that
answers turn N. `{{NAME}}` and `{{NAME:text}}` stand for what an editor would not show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

Turns = list[tuple[str, str]]
MESSAGE = re.compile(r"^([SUATC]):(?: (.*))?$")
ROLE = {"S": "system", "U": "user", "A": "assistant", "T": "tool", "C": "assistant"}
INVISIBLE = {
    "ZWSP": "\u200b",
    "SHY": "\u00ad",
    "BOM": "\ufeff",
    "RLO": "\u202e",
    "PDF": "\u202c",
}


@dataclass
class Chat:
    """One conversation: id, facts of its headline, turns as (letter, text), branches as (turn, turns)."""

    id: str
    facts: dict[str, str]
    turns: Turns = field(default_factory=list)
    forks: list[tuple[int, Turns]] = field(default_factory=list)


def read_chats(path: Path) -> list[Chat]:
    """The conversations of a source file, in order, with the stand-ins written out."""
    chats: list[Chat] = []
    turns: Turns = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#### "):
            name, *facts = line.removeprefix("#### ").split()
            chats.append(
                Chat(
                    name,
                    {key: value.replace("_", " ") for key, _, value in (f.partition("=") for f in facts)},
                )
            )
            turns = chats[-1].turns
        elif line.startswith(">> fork ") and chats:
            chats[-1].forks.append((int(line.removeprefix(">> fork ")), turns := []))
        elif found := MESSAGE.match(line):
            turns.append((found[1], found[2] or ""))
        elif turns:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line}")
    for chat in chats:
        chat.turns = spelled(chat.turns)
        chat.forks = [(after, spelled(turns)) for after, turns in chat.forks]
    return chats


def spelled(turns: Turns) -> Turns:
    """The turns without line ends around them and with every stand-in but {{IMAGE}} written out."""
    return [(letter, write_out(text.strip("\n"))) for letter, text in turns]


def write_out(text: str) -> str:
    r"""The text with its stand-ins replaced.

    >>> write_out("re{{ZWSP}}set {{MOJIBAKE:café}}")
    're\u200bset cafÃ©'
    """
    for name, sign in INVISIBLE.items():
        text = text.replace("{{" + name + "}}", sign)
    text = re.sub(r"\{\{TAGS:(.*?)\}\}", lambda m: "".join(chr(0xE0000 + ord(sign)) for sign in m[1]), text)
    return re.sub(r"\{\{MOJIBAKE:(.*?)\}\}", lambda m: misread(m[1]), text)


def misread(text: str) -> str:
    """The text saved as UTF-8 and read as cp1252; bytes that cp1252 leaves out come as Latin-1."""
    return "".join(
        byte.decode("cp1252", errors="ignore") or byte.decode("latin-1")
        for byte in (bytes([number]) for number in text.encode())
    )
