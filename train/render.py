"""Conversations as token ids, each id with its role, its message, and whether it is learned.

Segment by segment: the template's own text is encoded with control tokens, what people wrote is encoded
without any, so that no text typed into a chat becomes a control token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from train.errors import ConfigError
from train.records import ROLES, Conversation, Message
from train.template import Part, Template, leaf_texts
from train.tokenizer import control_ids, is_markup

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Array = np.ndarray[Any, Any]

TEMPLATE, CONTENT, END, STAND_IN, CALL = range(5)
"""Kinds of token: the template's own; text; the end of a turn; a stand-in for a private value; what the
template writes around a tool call."""

STAND_INS = re.compile(
    r"<(?:EMAIL|PHONE|IBAN|CARD|NIR|SIREN|VAT|SSN|IP|MAC|SECRET|CRYPTO|HANDLE|PERSON)(?:_[0-9]{1,6})?>"
)
"""What redaction writes in the place of a private value."""

ENDS = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|end|>", "<|call|>", "<|return|>")


ARRAYS = ("ids", "trained", "kind", "message", "role")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as tokens; every array is [n].

    ids int32; trained bool: the token is a target; kind uint8: TEMPLATE, CONTENT, END, STAND_IN or CALL;
    message int32: index of its message, -1 for the template's own; role int8: index in records.ROLES, or -1.
    `faithful`: the template took the conversation as it is. A piece of a longer one has `piece` > 0.
    `exchanges`: where exchanges begin, headers included; before the first stand BOS and system messages.
    `repeated`: tokens at the start of a later piece that repeat its conversation's.
    """

    conversation_id: str
    ids: Array
    trained: Array
    kind: Array
    message: Array
    role: Array
    faithful: bool = True
    piece: int = 0
    exchanges: tuple[int, ...] = ()
    repeated: int = 0

    def __len__(self) -> int:
        """Tokens."""
        return len(self.ids)

    @property
    def targets(self) -> int:
        """Tokens that are learned."""
        return int(self.trained.sum())

    def slice(self, start: int, stop: int, piece: int = 0) -> Rendered:
        """The tokens from start to stop."""
        arrays = {name: getattr(self, name)[start:stop] for name in ARRAYS}
        return Rendered(self.conversation_id, **arrays, faithful=self.faithful, piece=piece)


class Renderer:
    """Renders conversations for one tokenizer.

    >>> from train.records import conversation
    >>> from train.tokenizer import train_bpe
    >>> renderer = Renderer(train_bpe(["Hi, hello"], 264))
    >>> one = renderer.render([conversation("a", [("user", "Hi"), ("assistant", "Yo")])])[0]
    >>> renderer.tokenizer.decode(one.ids)
    '<|bos|><|user|>Hi<|end|><|assistant|>Yo<|end|>'
    >>> renderer.tokenizer.decode(one.ids[one.trained])
    'Yo<|end|>'
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, stand_ins: str = "mask") -> None:
        self.tokenizer = tokenizer
        self.mask_stand_ins = stand_ins == "mask"
        self.control = control_ids(tokenizer)
        self.template = Template(tokenizer)
        self.plain = without_control(tokenizer)
        self.guard = guard_of(self.plain)
        self.headers: dict[str, list[int]] = {}
        self.ends = self.ends_of_turn()

    def ends_of_turn(self) -> frozenset[int]:
        """Ids that end an assistant's turn: the first control token after its text, and the known ones."""
        after = self.header(self.template.learned.assistant_suffix)
        first = [number for number in after if number in self.control]
        if not first:
            raise ConfigError(
                "the chat template writes no control token after an assistant's text, so a model could not "
                "learn to stop; give another with --template"
            )
        vocabulary = self.tokenizer.get_vocab()
        return frozenset({first[0], *(vocabulary[name] for name in ENDS if name in vocabulary)})

    def header(self, text: str) -> list[int]:
        """Ids of the template's own text."""
        if text not in self.headers:
            self.headers[text] = self.tokenizer.encode(text, add_special_tokens=False) if text else []
        return self.headers[text]

    def render(self, conversations: Iterable[Conversation]) -> list[Rendered]:
        """The conversations as tokens, in order. Whole batches are faster: texts are encoded together."""
        work = [(one, *self.template.parts(one)) for one in conversations]
        texts = [text for one, parts, _ in work for part, text in self.texts(one, parts) if part.message >= 0]
        encoded = iter(self.encode(texts))
        return [self.assemble(one, parts, faithful, encoded) for one, parts, faithful in work]

    def texts(self, conversation: Conversation, parts: Sequence[Part]) -> list[tuple[Part, str]]:
        """Each part with its text. A single space that the template writes before a text goes with the text:
        word pieces of all common tokenizers begin with their space."""
        found: list[tuple[Part, str]] = []
        for part in parts:
            if part.message < 0:
                found.append((part, part.text))
                continue
            text = text_of(conversation.messages[part.message], part)
            if found and found[-1][0].message < 0 and found[-1][1].endswith(" ") and text[:1].strip():
                before, header = found.pop()
                found.append((before, header[:-1]))
                text = " " + text
            found.append((part, text))
        return found

    def encode(self, texts: Sequence[str]) -> list[tuple[Array, Array | None]]:
        """Ids of each text, none of them control, and where stand-ins are (None: nowhere)."""
        guard_text, guard_size = self.guard
        encodings = self.plain.encode_batch([guard_text + text for text in texts], add_special_tokens=False)
        found: list[tuple[Array, Array | None]] = []
        for text, encoding in zip(texts, encodings, strict=True):
            ids = np.asarray(encoding.ids[guard_size:], np.int32)
            spans = (
                [m.span() for m in STAND_INS.finditer(text)] if "<" in text and self.mask_stand_ins else []
            )
            if not spans:
                found.append((ids, None))
                continue
            offsets = np.asarray(encoding.offsets[guard_size:], np.int64) - len(guard_text)
            inside = np.zeros(len(ids), bool)
            for start, stop in spans:
                inside |= (offsets[:, 0] < stop) & (offsets[:, 1] > start)
            found.append((ids, inside))
        for number, (ids, _) in enumerate(found):
            if not self.control.isdisjoint(ids.tolist()):
                found[number] = (self.spelled_out(texts[number]), None)
        return found

    def spelled_out(self, text: str) -> Array:
        """Ids of a text letter by letter: for a vocabulary that yields a control id from plain text."""
        ids = [
            number for letter in text for number in self.plain.encode(letter, add_special_tokens=False).ids
        ]
        return np.asarray([number for number in ids if number not in self.control], np.int32)

    def assemble(
        self, conversation: Conversation, parts: Sequence[Part], faithful: bool, encoded: Any
    ) -> Rendered:
        """The parts' ids in one row, with kinds, messages, roles and targets."""
        row = Row()
        told = self.texts(conversation, parts)
        for place, (part, text) in enumerate(told):
            if part.message < 0:
                self.add_header(row, conversation, told, place, text)
                continue
            ids, inside = next(encoded)
            learned = conversation.messages[part.message].learned
            row.add(ids, CONTENT, part.message, learned)
            if inside is not None:
                row.kind[-1][inside] = STAND_IN
                row.trained[-1][inside] = False
        return row.rendered(conversation, faithful)

    def add_header(
        self, row: Row, conversation: Conversation, told: Sequence[tuple[Part, str]], place: int, text: str
    ) -> None:
        """The template's text between two parts: the rest of the turn before it, then the header after it."""
        before = told[place - 1][0].message if place else -1
        after = told[place + 1][0].message if place + 1 < len(told) else -1
        if before >= 0 and before == after:  # inside a tool call
            row.add(self.header(text), CALL, before, conversation.messages[before].learned)
            return
        prefix = self.template.learned.assistant_prefix
        opening = ""
        if after >= 0 and conversation.messages[after].tool_calls and told[place + 1][0].leaf >= 0 and prefix:
            head, found, opening = text.rpartition(prefix)
            text = head + found if found else text
            opening = opening if found else ""
        ids = self.header(text)
        stop = 0
        if before >= 0:
            stop = next((n + 1 for n, number in enumerate(ids) if number in self.ends), 0)
            learned = conversation.messages[before].learned
            row.add(ids[: max(stop - 1, 0)], CALL, before, learned)
            row.add(ids[max(stop - 1, 0) : stop], END, before, learned)
        row.add(ids[stop:], TEMPLATE, -1, False)
        if opening:
            row.add(self.header(opening), CALL, after, conversation.messages[after].learned)
        if after > before:
            row.starts[after] = row.size - self.header_size(conversation.messages[after], ids[stop:])

    def header_size(self, message: Message, ids: Sequence[int]) -> int:
        """How many of the ids before a message's text are its header, not the end of the turn before."""
        told = self.template.learned
        prefix = told.assistant_prefix if message.role == "assistant" else told.user_prefix
        for text in (prefix, prefix.removesuffix(" ")):
            known = self.header(text)
            if known and list(ids[-len(known) :]) == known:
                return len(known)
        return 0 if not prefix else len(ids)

    def prompt(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> list[int]:
        """Ids that ask for the assistant's next turn: the messages, then the header of an assistant."""
        rendered = self.render([Conversation("", tuple(messages), tuple(tools))])[0]
        return [*rendered.ids.tolist(), *self.header(self.template.learned.assistant_prefix)]


class Row:
    """Arrays of a conversation while its parts come in."""

    def __init__(self) -> None:
        self.ids: list[Array] = []
        self.kind: list[Array] = []
        self.message: list[Array] = []
        self.trained: list[Array] = []
        self.starts: dict[int, int] = {}
        self.size = 0

    def add(self, ids: Sequence[int] | Array, kind: int, message: int, trained: bool) -> None:
        """Append tokens of one kind."""
        size = len(ids)
        self.size += size
        self.ids.append(np.asarray(ids, np.int32))
        self.kind.append(np.full(size, kind, np.uint8))
        self.message.append(np.full(size, message, np.int32))
        self.trained.append(np.full(size, trained, bool))

    def rendered(self, conversation: Conversation, faithful: bool) -> Rendered:
        """The whole. The first token is never a target: nothing comes before it."""
        message = np.concatenate(self.message)
        codes = np.array([*(ROLES.index(m.role) for m in conversation.messages), -1], np.int8)
        trained = np.concatenate(self.trained)
        trained[:1] = False
        return Rendered(
            conversation.id,
            np.concatenate(self.ids),
            trained,
            np.concatenate(self.kind),
            message,
            codes[message],
            faithful,
            exchanges=exchanges(conversation.messages, self.starts),
        )


def exchanges(messages: Sequence[Message], starts: dict[int, int]) -> tuple[int, ...]:
    """Where exchanges begin: the first message that is not system's, and each user's after another's."""
    found: list[int] = []
    for number, message in enumerate(messages):
        first = not found and message.role != "system"
        asks = message.role == "user" and number > 0 and messages[number - 1].role != "user"
        if number in starts and (first or (found and asks)):
            found.append(starts[number])
    return tuple(found)


def text_of(message: Message, part: Part) -> str:
    """The text that a part stands for, trimmed where the template trims."""
    text = leaf_texts(message)[part.leaf] if part.leaf >= 0 else message.content
    text = text.lstrip() if part.left else text
    return text.rstrip() if part.right else text


def without_control(tokenizer: PreTrainedTokenizerFast) -> Any:
    """The tokenizer without its control tokens: text that spells one is encoded as the letters it is."""
    import json

    from tokenizers import Tokenizer

    told = json.loads(tokenizer.backend_tokenizer.to_str())
    told["added_tokens"] = [
        token for token in told["added_tokens"] if not (token["special"] or is_markup(token["content"]))
    ]
    told["post_processor"] = told["truncation"] = told["padding"] = None
    return Tokenizer.from_str(json.dumps(told))


def guard_of(plain: Any) -> tuple[str, int]:
    """A text to encode before each segment, and its size in ids: sentencepiece-like tokenizers write a space
    before the first word of whatever they are given, which a segment in the middle of a chat has not."""
    alone, second = plain.encode("x"), plain.encode("\nx")
    guard = plain.encode("\n")
    if alone.tokens and alone.tokens[0].startswith("▁") and second.ids[: len(guard.ids)] == guard.ids:
        return "\n", len(guard.ids)
    return "", 0
