"""Attention that keeps to its document, on four backends, for unmodified Hugging Face models.

`varlen` (torch.nn.attention.varlen: kernels for sequences of unequal length; GPU), `flex` (a block mask),
`sdpa` and `eager` (a dense mask of T x T per row). All give each document what it would get alone.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import torch
from torch import Tensor

from train.errors import ConfigError
from train.pack import Batch

VARLEN, FLEX = "tamis_varlen", "tamis_flex"
"""The names under which transformers finds ours."""


def choose(wanted: str, config: Any, device: str, dtype: torch.dtype = torch.bfloat16) -> str:
    """The backend to use: the one wanted, or for `auto` the fastest that the device, the model and the
    arithmetic (`dtype`) allow."""
    capped = bool(getattr(config, "attn_logit_softcapping", None))
    full = dtype == torch.float32
    able = device == "cuda" and varlen_kernel() is not None and not capped and not full
    if wanted == "varlen" and not able:
        raise ConfigError(
            "run.attention = 'varlen' needs a GPU, torch 2.10 or later, 16-bit arithmetic and a model "
            "without capped attention; take 'flex' or 'sdpa'"
        )
    if wanted != "auto":
        return wanted
    if capped:
        return "eager"
    if device != "cuda" or full:
        return "sdpa"
    return "varlen" if able else "flex"


@cache
def varlen_kernel() -> Any:
    """torch's varlen_attn, or None where this torch has none."""
    try:
        from torch.nn.attention.varlen import varlen_attn
    except ImportError:
        return None
    return varlen_attn


def varlen_forward(kernel: Any) -> Any:
    """The kernel as transformers calls attention. How it is called changed between releases of torch; that is
    looked up here, once, and not in what is compiled."""
    names = inspect.signature(kernel).parameters
    windows, groups_itself, scales = (name in names for name in ("window_size", "enable_gqa", "scale"))

    def forward(
        module: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Any,
        scaling: float | None = None,
        sliding_window: int | None = None,
        cu_seq_lens_q: Tensor | None = None,
        max_length_q: int = 0,
        **_: Any,
    ) -> tuple[Tensor, None]:
        """Attention over documents end to end: query [1, heads, N, D], starts in cu_seq_lens_q."""
        if cu_seq_lens_q is None:
            raise ConfigError(
                "varlen attention was called without document starts; it serves packed batches only"
            )
        if sliding_window and not windows:
            raise ConfigError(
                "this torch's varlen attention has no sliding window; take run.attention = 'sdpa'"
            )
        back = (sliding_window or 0) - 1
        options: dict[str, Any] = {"window_size": (back, 0)} if windows else {"is_causal": True}
        groups = query.shape[1] // key.shape[1]
        if groups > 1 and groups_itself:
            options["enable_gqa"] = True
        elif groups > 1:
            key, value = (one.repeat_interleave(groups, 1) for one in (key, value))
        if scaling is not None and scales:
            options["scale"] = scaling
        elif scaling is not None:
            query = query * (scaling * query.shape[-1] ** 0.5)
        # Rotated by fp32 angles, query and key are fp32, which the kernel refuses and autocast overlooks.
        place = query.device.type
        mixed = torch.is_autocast_enabled(place)
        kind = torch.get_autocast_dtype(place) if mixed else value.dtype
        flat = (one.squeeze(0).transpose(0, 1).contiguous().to(kind) for one in (query, key, value))
        out = kernel(*flat, cu_seq_lens_q, cu_seq_lens_q, max_length_q, max_length_q, **options)
        return (out[0] if isinstance(out, tuple) else out).unsqueeze(0), None

    return forward


def flex_forward(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Any,
    scaling: float | None = None,
    document_mask: Any = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Flex attention with the batch's block mask; compiled on a GPU. The mask has a name of its own: some
    models (GPT-2) look into `attention_mask` and expect a tensor."""
    out = flex_kernel(query.device.type)(
        query, key, value, block_mask=document_mask, scale=scaling, enable_gqa=query.shape[1] != key.shape[1]
    )
    return out.transpose(1, 2).contiguous(), None


@cache
def flex_kernel(device: str) -> Any:
    """flex_attention, compiled where that pays."""
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=False) if device == "cuda" else flex_attention


@cache
def block_mask_maker(device: str) -> Any:
    """create_block_mask, compiled where that pays (uncompiled it costs more than the attention)."""
    from torch.nn.attention.flex_attention import create_block_mask

    return torch.compile(create_block_mask, dynamic=False) if device == "cuda" else create_block_mask


def attach(model: Any, backend: str, row_length: int) -> None:
    """Make a model attend with the backend; ConfigError where its sliding window is shorter than a row."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    if varlen_kernel() is not None:
        AttentionInterface.register(VARLEN, varlen_forward(varlen_kernel()))
    AttentionInterface.register(FLEX, flex_forward)
    for name in (VARLEN, FLEX):
        AttentionMaskInterface.register(name, given_mask)
    window = sliding_window(model.config)
    if backend != "varlen" and window and window < row_length:
        raise ConfigError(
            f"some layers of the model see {window} tokens at most, which run.attention = '{backend}' lacks; "
            f"set data.max_length to {window} or less, or take 'varlen'"
        )
    model.set_attn_implementation({"varlen": VARLEN, "flex": FLEX}.get(backend, backend))


def given_mask(*_: Any, **__: Any) -> None:
    """No mask of transformers' making: ours know documents by themselves."""


def sliding_window(config: Any) -> int:
    """Tokens that the model's windowed layers see, 0 where it has none."""
    window = getattr(config, "sliding_window", None) or 0
    kinds = getattr(config, "layer_types", None)
    uses = getattr(config, "use_sliding_window", True)
    windowed = any("sliding" in kind for kind in kinds) if kinds else bool(uses)
    return int(window) if windowed else 0


def inputs(batch: Batch, backend: str, device: torch.device | str) -> dict[str, Any]:
    """What the model takes for a packed batch: ids, positions and documents in the backend's form."""
    ids, positions = to(batch.ids, device), to(batch.positions, device)
    if backend == "varlen":
        starts = to(batch.starts, device)
        length = batch.ids.shape[1]  # a bound that never changes, so nothing is compiled twice
        return {
            "input_ids": ids.view(1, -1),
            "position_ids": positions.view(1, -1),
            "cu_seq_lens_q": starts,
            "cu_seq_lens_k": starts,
            "max_length_q": length,
            "max_length_k": length,
        }
    documents = to(batch.documents, device)
    if backend == "flex":
        return {"input_ids": ids, "position_ids": positions, "document_mask": block_mask(documents)}
    mask = dense_mask(documents, additive=backend == "eager")
    return {"input_ids": ids, "position_ids": positions, "attention_mask": mask}


def dense_mask(documents: Tensor, additive: bool = False) -> Tensor:
    """[R, 1, T, T]: whether (or, additive, 0 or a very negative number) a token sees another.

    >>> dense_mask(torch.tensor([[0, 0, 1]]))[0, 0].int().tolist()
    [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    """
    length = documents.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=documents.device).tril()
    seen = (documents[:, None, :, None] == documents[:, None, None, :]) & causal
    if not additive:
        return seen
    return torch.zeros(seen.shape, device=seen.device).masked_fill_(~seen, torch.finfo(torch.float32).min)


def block_mask(documents: Tensor) -> Any:
    """The same for flex attention, as blocks."""

    def seen(row: Tensor, _: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (query >= key) & (documents[row, query] == documents[row, key])

    rows, length = documents.shape
    make = block_mask_maker(documents.device.type)
    return make(seen, rows, None, length, length, device=documents.device.type)


def to(array: Any, device: torch.device | str) -> Tensor:
    """A numpy array as a tensor on the device."""
    tensor = torch.from_numpy(array)
    if str(device).startswith("cuda"):
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor
