"""A conversation with a model on the terminal: what no longer fits is left out, and nothing is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from train.chat.private import Redaction, restoring
from train.errors import DataError
from train.generate import Sampling, Speaker, Speech, TooLongError
from train.records import Message

COMMANDS = {
    "/help": "these commands",
    "/system TEXT": "begin anew under these instructions",
    "/reset": "begin anew",
    "/undo": "take the last exchange back",
    "/quit": "leave (so does the end of the input)",
}
FEWEST = 64
"""Tokens an answer must have room for; earlier exchanges are forgotten to make it."""


@dataclass
class Talk:
    """A conversation as it stands."""

    speaker: Speaker
    sampling: Sampling
    redaction: Redaction | None = None
    system: str = ""
    messages: list[Message] = field(default_factory=list)
    forgotten: int = 0
    """Messages at the beginning that the model is no longer shown."""
    hidden: int = 0
    """Private values that the model was not shown in the last answer's prompt."""

    def __post_init__(self) -> None:
        """Begin with the instructions, where there are some."""
        self.reset()

    def reset(self, system: str | None = None) -> None:
        """Begin anew."""
        self.system = self.system if system is None else system
        self.messages = [Message("system", self.system)] if self.system else []
        self.forgotten = 0

    def undo(self) -> bool:
        """Take the last question and its answer back; False where there is none."""
        asked = [n for n, one in enumerate(self.messages) if one.role == "user"]
        if not asked:
            return False
        del self.messages[asked[-1] :]
        return True

    def say(self, text: str) -> Iterator[str]:
        """The answer to what is said, piece by piece; both are then part of the conversation.

        Raises TooLongError, the conversation as it was, where even this message alone has no room.
        """
        asked = [*self.messages, Message("user", text)]
        speech, values, self.forgotten = self.fitting(asked)
        self.hidden = len(values)
        pieces: list[str] = []
        try:
            for piece in restoring(speech, values):
                pieces.append(piece)
                yield piece
        finally:  # an answer that was interrupted was said as far as it went
            self.messages = [*asked, Message("assistant", "".join(pieces))]

    def fitting(self, asked: list[Message]) -> tuple[Speech, dict[str, str], int]:
        """The answer to be made, the values to put back, and how many early messages had to be left out."""
        head = asked[:1] if asked[0].role == "system" else []
        rest = asked[len(head) :]
        starts = [n for n, one in enumerate(rest) if one.role == "user"]
        wanted = min(self.sampling.most or FEWEST, FEWEST)
        for start in starts:
            shown = [*head, *rest[start:]]
            values: dict[str, str] = {}
            if self.redaction:
                shown, values = self.redaction.redact(shown)
            try:
                speech = self.speaker.answer(shown, self.sampling)
            except TooLongError:
                if start == starts[-1]:
                    raise
                continue
            if speech.most >= wanted or start == starts[-1]:
                return speech, values, start
        raise DataError("nothing was asked; say something first")


def converse(talk: Talk, console: Any, lines: Iterator[str]) -> None:
    """Answer each line on standard output until there are no more; remarks go to `console`."""
    for line in lines:
        text = line.strip()
        if text.startswith("/"):
            if not obey(talk, console, text):
                return
            continue
        if not text:
            continue
        try:
            for piece in talk.say(text):
                sys.stdout.write(piece)
                sys.stdout.flush()
        except TooLongError as error:
            console.print(str(error), style="yellow")
            continue
        except KeyboardInterrupt:
            console.print(" (cut off)", style="dim")
        sys.stdout.write("\n")
        sys.stdout.flush()
        remark(talk, console)


def remark(talk: Talk, console: Any) -> None:
    """What the person should know of the last answer."""
    if talk.forgotten:
        console.print(f"the first {talk.forgotten} messages no longer fit and were not shown", style="dim")
    if talk.hidden:
        console.print(f"{talk.hidden} private value(s) were not shown to the model", style="dim")


def obey(talk: Talk, console: Any, text: str) -> bool:
    """Carry out a command; False to leave."""
    name, _, rest = text.partition(" ")
    if name in ("/quit", "/exit"):
        return False
    if name == "/reset":
        talk.reset()
    elif name == "/system" and rest.strip():
        talk.reset(rest.strip())
    elif name == "/undo":
        console.print("taken back" if talk.undo() else "nothing to take back", style="dim")
    else:
        if name != "/help":
            console.print(f"unknown command '{name}'", style="yellow", markup=False)
        for known, does in COMMANDS.items():
            console.print(f"  {known:<14} {does}", style="dim", markup=False)
    return True


def typed(prompt: str) -> Iterator[str]:
    """Lines of standard input; on a terminal with a prompt and line editing, `\\` at an end for one more."""
    ask: Callable[[str], str] = input
    if sys.stdin.isatty():
        import readline  # noqa: F401 - gives `input` its editing
    else:
        prompt = ""
    held = ""
    while True:
        try:
            line = ask(("... " if held else prompt) if prompt else "")
        except EOFError:
            break
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            break
        held += line
        if held.endswith("\\"):
            held = held[:-1] + "\n"
            continue
        yield held
        held = ""
    if held:
        yield held
