"""A scorer whose losses are what a test says: for checks that must find what was planted in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.train import small
from train import slices
from train.records import Conversation
from train.render import Renderer


def pretending(loss: Callable[[str], float]) -> Any:
    """A scorer whose model loses on each token of a sentence what `loss` says of the sentence."""
    renderer = Renderer(small.tokenizer())

    def tokens(told: Sequence[Conversation], only: Any = None) -> tuple[Any, Any, Any]:
        rendered = renderer.render(told)
        masks = [slices.wanted(one) for one in rendered]
        losses = [
            mask * np.float32(loss(chat.messages[-1].content)) for mask, chat in zip(masks, told, strict=True)
        ]
        return rendered, masks, losses

    def cells(told: Sequence[Conversation], only: Any = None) -> tuple[Any, Any]:
        rendered, masks, losses = tokens(told)
        return slices.cells(told, rendered, masks, losses, None), [len(one) for one in rendered]

    return SimpleNamespace(tokens=tokens, cells=cells, renderer=renderer)
