"""The loss of every token that is asked for, the same at any batch size, packed or not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from train import attention, loss, pack
from train.render import Array, Rendered
from train.windows import Window, windows

BATCH_TOKENS = 8192
"""Tokens in a batch where the rows are not given."""


@torch.no_grad()
def token_losses(
    model: Any,
    rendered: Sequence[Rendered],
    wanted: Sequence[Array],
    *,
    window: int,
    stride: int,
    rows: int = 0,
    packed: bool | None = None,
    backend: str = "auto",
    dtype: torch.dtype = torch.float32,
    pad: int = 0,
) -> list[Array]:
    """-log p of each wanted token given those before it in its window: float32 [n] each, 0 elsewhere.

    Every conversation stands alone whatever shares its batch: positions start at 0, attention keeps to the
    document, nothing is cached. `rows` is how many rows a batch has (0: by size), `packed` whether
    conversations share rows (None: on a GPU). The model is left in evaluation mode.
    """
    device = next(model.parameters()).device.type
    chosen = attention.choose(backend, model.config, device, dtype)
    cuts = [
        cut
        for n, (one, mask) in enumerate(zip(rendered, wanted, strict=True))
        for cut in windows(n, one, mask, window, stride)
    ]
    found = [np.zeros(len(one), np.float32) for one in rendered]
    if not cuts:
        return found
    model.eval()
    head = loss.head_of(model)
    attention.attach(model, chosen, max(len(cut.tokens) for cut in cuts))
    packed = device == "cuda" if packed is None else packed
    for batch in batches(cuts, rows, packed, pad):
        each = batch_losses(model, head, batch, chosen, device, dtype)
        put_back(found, cuts, batch, each)
    return found


def batches(cuts: Sequence[Window], rows: int, packed: bool, pad: int) -> Iterator[pack.Batch]:
    """The windows in batches: in rows of one length, or each in its own row beside others of like length."""
    tokens = [cut.tokens for cut in cuts]
    lengths = [len(one) for one in tokens]
    order = sorted(range(len(cuts)), key=lambda one: -lengths[one])
    lines: list[pack.Row] = pack.best_fit(lengths, lengths[order[0]], order) if packed else []
    lines = lines or [(one,) for one in order]
    start = 0
    while start < len(lines):
        longest = lengths[order[0]] if packed else lengths[lines[start][0]]
        count = rows or max(1, BATCH_TOKENS // longest)
        part = tuple(lines[start : start + count])
        documents = sum(len(row) + 1 for row in part)
        yield pack.collate(part, tokens, row_length=longest, documents=documents, pad=pad)
        start += count


def batch_losses(
    model: Any, head: loss.Head, batch: pack.Batch, backend: str, device: str, dtype: torch.dtype
) -> Array:
    """[R, T] of float32: the loss of the *next* token at each place, 0 where none is asked for."""
    labels = batch.labels.reshape(-1)
    places = np.flatnonzero(labels != pack.IGNORED)
    mixed = contextlib.nullcontext() if dtype == torch.float32 else torch.autocast(device, dtype)
    with mixed:
        hidden = loss.hidden_states(model, **attention.inputs(batch, backend, device))
        chosen = hidden.reshape(-1, hidden.shape[-1])[attention.to(places, device)]
        each = loss.token_nll(chosen, head, attention.to(labels[places], device))
    found = np.zeros(labels.size, np.float32)
    found[places] = each.float().cpu().numpy()
    return found.reshape(batch.ids.shape)


def put_back(found: list[Array], cuts: Sequence[Window], batch: pack.Batch, each: Array) -> None:
    """Write the losses of a batch where their tokens stand in their conversations."""
    for line, row in enumerate(batch.rows):
        begin = 0
        for one in row:
            cut = cuts[one]
            size = len(cut.tokens)
            mask = cut.tokens.trained[1:]
            place = found[cut.owner][cut.start + 1 : cut.start + size]
            place[mask] = each[line, begin : begin + size - 1][mask]
            begin += size
