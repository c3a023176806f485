"""Cross-entropy over a large vocabulary without ever holding all its logits.

The logits of N rows over V entries are N x V numbers (20 GB for 32,768 rows and a vocabulary of 152,000 in
fp32, and as much again for their gradient). Here they exist for `chunk` rows at a time; the gradients of the
hidden states and of the head are made in the same visit, so nothing is computed twice.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from train.pack import IGNORED as IGNORED

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Head(NamedTuple):
    """A model's output layer: weight [V, H], bias [V] or None, and what it does to logits."""

    weight: Tensor
    bias: Tensor | None = None
    softcap: float = 0.0
    scale: float = 1.0


def head_of(model: PreTrainedModel | Any) -> Head:
    """The output layer of a Hugging Face causal model; its forward pass is `hidden_states`."""
    causal: Any = model
    layer, config = causal.get_output_embeddings(), causal.config
    cap = getattr(config, "final_logit_softcapping", None)
    scale = getattr(config, "logit_scale", None)
    scaling = getattr(config, "logits_scaling", None)
    return Head(
        layer.weight,
        getattr(layer, "bias", None),
        float(cap or 0.0),
        float(scale or 1.0) / float(scaling or 1.0),
    )


def chunked_nll(
    hidden: Tensor, head: Head, labels: Tensor, chunk: int = 1024, rows: Tensor | None = None
) -> Tensor:
    """Sum over rows of -log p(label), in fp32; differentiable in hidden, weight and bias.

    hidden [N, H]; labels [N] of int64, IGNORED rows give exactly no loss and no gradient (all ignored: 0.0).
    Divide by the targets of the *whole step*, so that accumulation over micro-batches is exact.
    `rows` [N] of fp32, where given, takes each row's own loss.

    >>> hidden, weight = torch.zeros(3, 2), torch.zeros(4, 2)
    >>> labels = torch.tensor([1, IGNORED, 2])
    >>> round(chunked_nll(hidden, Head(weight), labels, chunk=2).item(), 4)   # 2 ln 4
    2.7726
    """
    weight, bias = head.weight, head.bias
    if torch.is_autocast_enabled(hidden.device.type):
        dtype = torch.get_autocast_dtype(hidden.device.type)
        hidden = hidden.to(dtype)
    with torch.autocast(hidden.device.type, enabled=False):
        apply: Any = _ChunkedNll.apply
        result: Tensor = apply(hidden, weight, bias, labels, chunk, head.softcap, head.scale, rows)
    return result


class _ChunkedNll(torch.autograd.Function):
    """Forward makes the loss and, while the logits are there, both gradients."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        labels: Tensor,
        chunk: int,
        softcap: float,
        scale: float,
        rows: Tensor | None,
    ) -> Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        wants_weight, wants_bias = ctx.needs_input_grad[1], ctx.needs_input_grad[2]
        d_hidden = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        d_weight = torch.zeros_like(weight, dtype=torch.float32) if wants_weight else None
        d_bias = torch.zeros_like(bias, dtype=torch.float32) if wants_bias and bias is not None else None
        used = weight.to(hidden.dtype)
        step = _chunk_step(hidden.device.type)
        for start in range(0, hidden.shape[0], chunk):
            part, wanted = hidden[start : start + chunk], labels[start : start + chunk]
            nll, d_logits = step(part, used, bias, wanted, softcap, scale)
            total += nll.sum()
            if rows is not None:
                rows[start : start + chunk] = nll
            d_logits = d_logits.to(hidden.dtype)
            if d_hidden is not None:
                d_hidden[start : start + chunk] = d_logits @ used
            if d_weight is not None:
                d_weight += d_logits.T @ part
            if d_bias is not None:
                d_bias += d_logits.sum(0, dtype=torch.float32)
        ctx.save_for_backward(d_hidden, d_weight, d_bias)
        ctx.dtypes = (weight.dtype, bias.dtype if bias is not None else None)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        d_hidden, d_weight, d_bias = ctx.saved_tensors
        return (
            None if d_hidden is None else d_hidden * grad.to(d_hidden.dtype),
            None if d_weight is None else (d_weight * grad).to(ctx.dtypes[0]),
            None if d_bias is None else (d_bias * grad).to(ctx.dtypes[1]),
            *(None,) * 5,
        )


@cache
def _chunk_step(device: str) -> Any:
    """The work on one chunk, compiled where that pays; chunks there have one size."""
    return torch.compile(_chunk, dynamic=False) if device == "cuda" else _chunk


def _chunk(
    rows: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor, softcap: float, scale: float
) -> tuple[Tensor, Tensor]:
    """Losses of a chunk's rows and the gradient at the matmul's output [chunk, V], ignored rows zero."""
    logits = shaped(
        functional.linear(rows, weight, None if bias is None else bias.to(rows.dtype)).float(), softcap, scale
    )
    kept = (labels != IGNORED).unsqueeze(1).float()
    target = labels.clamp(min=0).unsqueeze(1)
    slope = (1.0 - (logits / softcap) ** 2) * scale if softcap else scale
    top = logits.amax(1, keepdim=True)
    wanted = logits.gather(1, target)
    grown = logits.sub_(top).exp_()  # one pass over the logits serves the loss and its gradient
    total = grown.sum(1, keepdim=True)
    nll = (torch.log(total) + top - wanted) * kept
    d_logits = grown.mul_(kept / total).scatter_add_(1, target, -kept)
    return nll.squeeze(1), d_logits if isinstance(slope, float) and slope == 1.0 else d_logits * slope


def shaped(logits: Tensor, softcap: float, scale: float) -> Tensor:
    """Logits as the model's own head gives them: scaled, then capped (Gemma 2)."""
    if scale != 1.0:
        logits = logits * scale
    return softcap * torch.tanh(logits / softcap) if softcap else logits


@torch.no_grad()
def token_nll(hidden: Tensor, head: Head, labels: Tensor, chunk: int = 1024) -> Tensor:
    """-log p(label) of each row, [N] in fp32, 0 where the label is IGNORED; no gradient.

    >>> labels = torch.tensor([1, IGNORED])
    >>> token_nll(torch.zeros(2, 3), Head(torch.zeros(4, 3)), labels).tolist()
    [1.3862943649291992, 0.0]
    """
    result = torch.zeros(hidden.shape[0], dtype=torch.float32, device=hidden.device)
    weight = head.weight.to(hidden.dtype)
    bias = None if head.bias is None else head.bias.to(hidden.dtype)
    for start in range(0, hidden.shape[0], chunk):
        logits = functional.linear(hidden[start : start + chunk], weight, bias).float()
        result[start : start + chunk] = functional.cross_entropy(
            shaped(logits, head.softcap, head.scale),
            labels[start : start + chunk],
            ignore_index=IGNORED,
            reduction="none",
        )
    return result


def hidden_states(model: PreTrainedModel, **inputs: Any) -> Tensor:
    """The last hidden states [B, T, H], without the head; never with a cache (it breaks packing)."""
    result: Tensor = decoder_of(model)(use_cache=False, **inputs).last_hidden_state
    return result


def batch_nll(
    model: PreTrainedModel | Any,
    body: Any,
    inputs: dict[str, Any],
    chosen: Tensor,
    labels: Tensor,
    each: Tensor,
    chunk: int,
) -> Tensor:
    """The summed loss of a micro-batch, differentiable; `each` [N] takes every target's own.

    body: the model without its head (compiled or not); chosen [N]: where targets are in the flattened batch;
    labels [N]: what they are.
    """
    head = head_of(model)  # asked anew: with trained rows it is made of two tensors each time
    hidden = body(use_cache=False, **inputs).last_hidden_state
    hidden = hidden.reshape(-1, hidden.shape[-1]).index_select(0, chosen)
    return chunked_nll(hidden, head, labels, chunk, each)


def decoder_of(model: PreTrainedModel | Any) -> Any:
    """A causal model without its head."""
    causal: Any = model
    return causal.get_decoder() if hasattr(model, "get_decoder") else causal.base_model
