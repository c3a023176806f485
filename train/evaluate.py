"""How well a model expects what assistants said: perplexity and bits per byte, with what they were made of.

For conversations S, c in S, tokens t of c with m_t = 1 for what an assistant said (and its end of turn), 0
elsewhere: perplexity(S) = exp(sum m_t nll_t / sum m_t). Sums are float64 and divided once, so that neither
batches nor windows weigh. Bits per byte(S) = sum of nll_t over text tokens / (ln 2 x UTF-8 bytes of the
text): it compares models whose tokenizers differ.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from train import slices
from train.context import ALONE, EXCHANGE, Answer, answers
from train.evaluated import Evaluation, Figure, Gain
from train.intervals import DRAWS, ratio, resampled
from train.records import Conversation, content_hash
from train.render import Array, Rendered, Renderer
from train.slices import Cells

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to score; what changes the numbers is part of their definition."""

    window: int = 0
    """Tokens of a window; 0: what the model takes, 2048 at most."""
    stride: int = 0
    """Tokens from a window to the next; 0: half a window."""
    rows: int = 0
    """Rows in a batch; 0: by size. Does not change the numbers."""
    packed: bool | None = None
    """Whether conversations share rows; None: on a GPU. Does not change the numbers."""
    backend: str = "auto"
    dtype: str = "float32"
    stand_ins: str = "mask"
    context: int = 200
    """Conversations over which the gain by context is measured; 0: none."""
    draws: int = DRAWS


def hash_of(definition: Mapping[str, Any]) -> str:
    """12 hex digits of a definition."""
    return hashlib.sha256(json.dumps(dict(definition), sort_keys=True).encode()).hexdigest()[:12]


def evaluate(
    model: Any,
    tokenizer: Any,
    conversations: Sequence[Conversation],
    options: Options | None = None,
    name: str = "",
) -> Evaluation:
    """The figures of a model on conversations: overall, by slice, and what context gives.

    model: a Hugging Face causal model; tokenizer: with a chat template (`train.tokenizer.load`).
    """
    from train.tokenizer import tokenizer_hash

    began = time.perf_counter()
    options = filled(options or Options(), model)
    scorer = scorer_of(model, tokenizer, options)
    told, lengths = scorer.cells(conversations)
    definition = {
        "version": VERSION,
        "unit": "learned assistant tokens and their ends of turn",
        "window": options.window,
        "stride": options.stride,
        "stand_ins": options.stand_ins,
        "dtype": options.dtype,
        "tokenizer": tokenizer_hash(tokenizer),
        "data": content_hash(conversations),
        "conversations": len(conversations),
        "exact_bytes": told.exact,
    }
    hash_ = hash_of(definition)
    count = len(conversations)
    kinds = slices.conversation_slices(conversations, lengths)
    parts = [
        figure(kind, slice_, told.sums(rows, count), hash_, options.draws)
        for kind, slice_, rows in slices.each(told, kinds)
    ]
    sums = told.sums(told.target, count)
    chosen = spread(count, options.context)
    gains = [scorer.gain([conversations[n] for n in chosen], left, hash_) for left in (EXCHANGE, ALONE)]
    return Evaluation(
        model=name,
        definition=definition,
        hash=hash_,
        overall=figure("all", "all", sums, hash_, options.draws),
        slices=tuple(parts),
        context=tuple(one for one in gains if one is not None),
        ids=tuple(one.id for one in conversations),
        sums=sums,
        exact=told.exact,
        seconds=time.perf_counter() - began,
    )


def scorer_of(model: Any, tokenizer: Any, options: Options) -> Scorer:
    """A model with its renderer, ready to be asked."""
    from train.tokenizer import bytes_per_id

    renderer = Renderer(tokenizer, options.stand_ins)
    return Scorer(model, renderer, bytes_per_id(tokenizer), filled(options, model))


def filled(options: Options, model: Any) -> Options:
    """The options with a window and a stride: what the model takes, and half of it."""
    limit = int(getattr(model.config, "max_position_embeddings", None) or 2048)
    window = options.window or min(limit, 2048)
    if window > limit:
        from train.errors import ConfigError

        raise ConfigError(f"--window {window} is over the {limit} tokens that the model takes; give less")
    return replace(options, window=window, stride=options.stride or max(1, window // 2))


def spread(count: int, wanted: int) -> list[int]:
    """`wanted` of `count` places at even distances, all of them where there are no more."""
    return list(range(count)) if wanted >= count else [n * count // wanted for n in range(wanted)]


def figure(kind: str, name: str, sums: Array, definition: str, draws: int = DRAWS) -> Figure:
    """The figures of a slice from its sums by conversation [conversations, 4]."""
    sums = sums[sums[:, 1] > 0]
    again = resampled(sums, draws)
    ppl = ratio(sums[:, 0], sums[:, 1], again[:, :2], power=True)
    bits = ratio(sums[:, 2], sums[:, 3], again[:, 2:], scale=1 / math.log(2))
    return Figure(
        kind=kind,
        name=name,
        perplexity=ppl.value,
        perplexity_low=ppl.low,
        perplexity_high=ppl.high,
        bits_per_byte=bits.value,
        bits_low=bits.low,
        bits_high=bits.high,
        conversations=len(sums),
        tokens=int(sums[:, 1].sum()),
        bytes=round(float(sums[:, 3].sum())),
        definition=definition,
    )


class Scorer:
    """A model with its renderer, asked for sums of losses."""

    def __init__(self, model: Any, renderer: Renderer, bytes_of: Array | None, options: Options) -> None:
        self.model = model
        self.renderer = renderer
        self.bytes_of = bytes_of
        self.options = options

    def cells(
        self, conversations: Sequence[Conversation], only: Sequence[int] | None = None
    ) -> tuple[Cells, list[int]]:
        """The sums by message, and the length of each conversation in tokens.

        `only`: for each conversation the one message to score.
        """
        rendered, wanted, losses = self.tokens(conversations, only)
        told = slices.cells(conversations, rendered, wanted, losses, self.bytes_of)
        return told, [len(one) for one in rendered]

    def tokens(
        self, conversations: Sequence[Conversation], only: Sequence[int] | None = None
    ) -> tuple[list[Rendered], list[Array], list[Array]]:
        """The conversations as tokens, which of them are scored, and the loss of each (0 where it is not)."""
        import torch

        from train.score import token_losses

        rendered = self.renderer.render(conversations)
        wanted = [slices.wanted(one) for one in rendered]
        if only is not None:
            wanted = [mask & (one.message == n) for mask, one, n in zip(wanted, rendered, only, strict=True)]
        losses = token_losses(
            self.model,
            rendered,
            wanted,
            window=self.options.window,
            stride=self.options.stride,
            rows=self.options.rows,
            packed=self.options.packed,
            backend=self.options.backend,
            dtype=getattr(torch, self.options.dtype),
            pad=self.renderer.tokenizer.pad_token_id or 0,
        )
        return rendered, wanted, losses

    def gain(self, conversations: Sequence[Conversation], left: str, definition: str) -> Gain | None:
        """What the context of answers gives over what is `left` of it; None without such answers."""
        found = answers(conversations, left)
        if not found:
            return None
        full = [conversations[one.owner] for one in found]
        whole = self.by_answer(found, full, [one.message for one in found])
        short = [one.conversation for one in found]
        less = self.by_answer(found, short, [len(one.messages) - 1 for one in short])
        pairs = np.concatenate([whole, less], 1)
        pairs = pairs[(pairs[:, 3] > 0) & (pairs[:, 7] > 0)]
        if not len(pairs):
            return None
        total = pairs.sum(0)
        again = resampled(pairs, self.options.draws)
        bits = 1 / math.log(2)
        # the same answers have the same bytes, so the difference is a ratio of sums too
        told = ratio(
            pairs[:, 6] - pairs[:, 2],
            pairs[:, 3],
            np.stack([again[:, 6] - again[:, 2], again[:, 3]], 1),
            bits,
        )
        return Gain(
            left=left,
            with_context=float(total[2] / total[3] * bits),
            without=float(total[6] / total[7] * bits),
            gain=told.value,
            low=told.low,
            high=told.high,
            ratio=float(np.exp(total[4] / total[5] - total[0] / total[1])),
            answers=len(found),
            conversations=len(pairs),
            definition=definition,
        )

    def by_answer(self, found: Sequence[Answer], told: Sequence[Conversation], only: Sequence[int]) -> Array:
        """[owners, 4]: the sums of the answers of each conversation that has one."""
        scored, _ = self.cells(told, only)
        owners = np.array([one.owner for one in found])
        rows = scored.sums(scored.target, len(told))
        _, place = np.unique(owners, return_inverse=True)
        return np.stack([np.bincount(place, rows[:, n]) for n in range(4)], 1)
