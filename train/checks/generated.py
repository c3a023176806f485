"""What a model writes: greedy answers, the stand-ins in them, and strings that look private."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from train.checks.said import refuses
from train.intervals import Interval, share
from train.records import Conversation, Message
from train.render import STAND_INS, Renderer

ABSENT = "private-looking strings are found by curate's redaction, which is not installed here (Polars)"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was counted in answers. `with_…`: the share of answers that hold one, with Wilson's interval.

    `stand_ins`: `<EMAIL_1>` and the like. `private`: by kind, strings that the redaction pass would replace;
    None where it is not installed, and then `skipped` says so.
    """

    answers: int
    words: float
    refusals: Interval
    stand_ins: int
    with_stand_ins: Interval
    private: dict[str, int] | None
    with_private: Interval | None
    skipped: str


def openings(conversations: Sequence[Conversation], count: int) -> list[tuple[Message, ...]]:
    """What stands before the first answer, of conversations at even distances."""
    from train.evaluate import spread

    found = []
    for one in conversations:
        stop = next((n for n, message in enumerate(one.messages) if message.role == "assistant"), 0)
        if stop:
            found.append(one.messages[:stop])
    return [found[n] for n in spread(len(found), count)]


def answers(
    model: Any, renderer: Renderer, asked: Sequence[Sequence[Message]], most: int = 80, rows: int = 16
) -> list[str]:
    """The likeliest answer to each conversation, at most `most` tokens; some at a time, of like length.

    A prompt that leaves no room for an answer loses its beginning.
    """
    import torch

    device = next(model.parameters()).device
    room = int(getattr(model.config, "max_position_embeddings", None) or 2**20) - most
    prompts = [renderer.prompt(messages)[-max(room, 1) :] for messages in asked]
    pad = renderer.tokenizer.pad_token_id
    found = [""] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    model.eval()
    for start in range(0, len(order), rows):
        some = order[start : start + rows]
        longest = max(len(prompts[n]) for n in some)
        ids = torch.tensor([[pad] * (longest - len(prompts[n])) + prompts[n] for n in some], device=device)
        there = torch.tensor(
            [[0] * (longest - len(prompts[n])) + [1] * len(prompts[n]) for n in some], device=device
        )
        with torch.no_grad():
            made = model.generate(
                ids,
                attention_mask=there,
                max_new_tokens=most,
                do_sample=False,
                eos_token_id=sorted(renderer.ends),
                pad_token_id=pad,
            )[:, longest:].tolist()
        for n, told in zip(some, made, strict=True):
            stop = next((place for place, one in enumerate(told) if one in renderer.ends), len(told))
            found[n] = str(renderer.tokenizer.decode(told[:stop], skip_special_tokens=True))
    return found


def counted(texts: Sequence[str]) -> Written:
    """What is in answers: lengths, refusals, stand-ins, and private-looking strings."""
    stand_ins = [len(STAND_INS.findall(text)) for text in texts]
    private = private_looking(texts)
    several = max(len(texts), 1)
    return Written(
        answers=len(texts),
        words=sum(len(text.split()) for text in texts) / several,
        refusals=share(sum(refuses(text) for text in texts), len(texts)),
        stand_ins=sum(stand_ins),
        with_stand_ins=share(sum(count > 0 for count in stand_ins), len(texts)),
        private=None if isinstance(private, str) else private[0],
        with_private=None if isinstance(private, str) else share(private[1], len(texts)),
        skipped=private if isinstance(private, str) else "",
    )


def private_looking(texts: Sequence[str]) -> tuple[dict[str, int], int] | str:
    """Strings that curation would redact, by kind, and how many texts hold one; or why it cannot be told."""
    try:
        from curate import schema
        from curate.passes.redact_pii import RedactPii
    except ImportError:
        return ABSENT
    told = schema.messages(
        {
            "conversation_id": [str(n) for n in range(len(texts))],
            "role": ["assistant"] * len(texts),
            "text": list(texts),
        }
    )
    kinds: dict[str, int] = {}
    holding = 0
    for count, names in RedactPii()(told).select("pii", "pii_kinds").iter_rows():
        holding += bool(count)
        for one in (names or "").split():
            kind, _, found = one.partition(":")
            kinds[kind] = kinds.get(kind, 0) + int(found)
    return dict(sorted(kinds.items())), holding
