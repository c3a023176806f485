"""What a run will need, told before it starts: memory by what holds it, hours, and what would fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config import Config
from train.errors import ConfigError

GIB = 1 << 30
PEAKS = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "RTX 4090": 165e12,
    "A10": 125e12,
    "V100": 125e12,
}
"""Dense bf16 (V100: fp16) operations per second that the makers state, by a part of the device's name."""

EXPECTED_MFU = 0.40
"""Share of the peak that a packed, compiled run should reach; a planning figure, not measured."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Bytes on one device, and seconds. An estimate: activations depend on the kernels."""

    parameters: int
    trainable: int
    weights: int
    gradients: int
    optimizer: int
    casts: int
    activations: int
    logits: int
    available: int
    slots: int
    flops_per_token: float
    peak: float
    seconds: float

    @property
    def needed(self) -> int:
        """All bytes together."""
        return self.weights + self.gradients + self.optimizer + self.casts + self.activations + self.logits

    @property
    def fits(self) -> bool:
        """Whether it stays under nine tenths of the memory there is."""
        return self.needed <= 0.9 * self.available


def parameters_of(architecture: Any) -> tuple[int, int]:
    """Parameters of a model by its configuration: all of them, and those in its matrix products.

    An input embedding is looked up, not multiplied; tied to the output it is multiplied once.
    """
    import torch
    from transformers import AutoModelForCausalLM

    models: Any = AutoModelForCausalLM
    with torch.device("meta"):
        model = models.from_config(architecture)
    total = sum(weight.numel() for weight in model.parameters())
    head, table = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    looked_up = 0 if head is table else table.numel()
    body = [w.numel() for name, w in model.named_parameters() if w.ndim == 2 and "wpe" not in name]
    return total, sum(body) - looked_up


def flops_per_token(architecture: Any, matmul: int, length: float, trained_share: float = 1.0) -> float:
    """Operations of forward and backward for one token: 6 per parameter multiplied, 12 L H Q T for attention
    (Chowdhery et al. 2022, appendix B), with T the mean length a token can see.

    `trained_share`: adapters need no gradient of the frozen weights: 4 per parameter instead of 6.
    """
    layers, width = int(architecture.num_hidden_layers), int(architecture.hidden_size)
    per_parameter = 6 if trained_share >= 1 else 4
    return per_parameter * matmul + 12 * layers * width * length


def activation_bytes(architecture: Any, recompute: bool) -> int:
    """Bytes per token that the backward pass needs, in bf16: all layers', or their inputs if recomputed."""
    width = architecture.hidden_size
    inner = getattr(architecture, "intermediate_size", None) or 4 * width
    heads = architecture.num_attention_heads
    shared = getattr(architecture, "num_key_value_heads", None) or heads
    if recompute:
        return int(2 * width * architecture.num_hidden_layers + 2 * (8 * width + 4 * inner))
    per_layer = 2 * (8 * width + 2 * width * shared / heads + 4 * inner)
    return int(per_layer * architecture.num_hidden_layers)


def forecast(
    config: Config,
    architecture: Any,
    *,
    slots: int,
    batch_tokens: int,
    device: str,
    length: float,
    shards: int = 1,
) -> Forecast:
    """What training `slots` tokens (padding included) in micro-batches of `batch_tokens` will need.

    `shards`: devices over which weights, gradients and moments lie in parts; what a layer computes with is
    whole on each.
    """
    total, matmul = parameters_of(architecture)
    adapters = config.lora.rank > 0
    trainable = min(total, adapter_parameters(architecture, config.lora.rank)) if adapters else total
    master = 2 if config.run.dtype == "pure-bfloat16" else 4
    bf16 = device == "cuda" and config.run.dtype in ("auto", "bfloat16")
    held = (0.56 if config.lora.quantize else 2) * total + 4 * trainable if adapters else master * total
    peak = peak_flops(device)
    work = flops_per_token(architecture, matmul, length, 0.0 if adapters else 1.0)
    scale = 1 if bf16 or config.run.dtype == "pure-bfloat16" else 2
    return Forecast(
        parameters=total,
        trainable=trainable,
        weights=int(held) // shards,
        gradients=master * trainable // shards,
        optimizer=2 * master * trainable // shards,
        casts=cast_bytes(architecture, total, shards) if bf16 and not adapters else 0,
        activations=scale * batch_tokens * activation_bytes(architecture, config.run.checkpointing == "on"),
        logits=config.run.kernel_chunk * architecture.vocab_size * 10,
        available=memory(device),
        slots=slots,
        flops_per_token=work,
        peak=peak,
        seconds=work * slots / (peak * EXPECTED_MFU),
    )


def cast_bytes(architecture: Any, total: int, shards: int) -> int:
    """Bytes of bf16 weights that are there at once: all, or, in parts, two layers' and the embeddings'."""
    if shards == 1:
        return 2 * total
    tables = 2 * architecture.vocab_size * architecture.hidden_size
    return int(2 * (tables + 2 * max(total - tables, 0) / architecture.num_hidden_layers))


def adapter_parameters(architecture: Any, rank: int) -> int:
    """Parameters of adapters on every linear layer but the head."""
    width = architecture.hidden_size
    inner = getattr(architecture, "intermediate_size", None) or 4 * width
    heads = architecture.num_attention_heads
    shared = width * (getattr(architecture, "num_key_value_heads", None) or heads) // heads
    pairs = (2 * width, width + shared, width + shared, 2 * width, *(width + inner,) * 3)
    return int(rank * sum(pairs) * architecture.num_hidden_layers)


def memory(device: str) -> int:
    """Bytes that are free: the GPU's, or the machine's."""
    import torch

    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    try:
        told = Path("/proc/meminfo").read_text("ascii").splitlines()
        found = {line.split(":")[0]: int(line.split()[1]) for line in told}
        return found["MemAvailable"] * 1024
    except (OSError, KeyError):
        return 8 * GIB


def peak_flops(device: str) -> float:
    """Operations per second: the maker's figure for a known GPU, else twice what a matrix product reaches."""
    import torch

    if device == "cuda":
        name = torch.cuda.get_device_name()
        found = [peak for part, peak in PEAKS.items() if part in name]
        return found[0] if found else 100e12
    from time import perf_counter

    square = torch.randn(384, 384)
    square @ square
    began = perf_counter()
    for _ in range(8):
        square @ square
    return 8 * 2 * 384**3 / (perf_counter() - began)


def check(config: Config, told: Forecast, architecture: Any, device: str, batch_tokens: int) -> None:
    """ConfigError where the run cannot fit, naming what would."""
    if told.fits:
        return
    from train.config import changed

    same: dict[str, Any] = {"slots": told.slots, "device": device, "length": 1.0}
    tries = (
        ("run.checkpointing=on", changed(config, "run", checkpointing="on"), batch_tokens),
        ("run.rows=1", config, min(batch_tokens, config.data.max_length)),
        ("lora.rank=16", changed(config, "lora", rank=16), batch_tokens),
        (
            "lora.rank=16 --set lora.quantize=true",
            changed(config, "lora", rank=16, quantize=True),
            batch_tokens,
        ),
    )
    fitting = [
        name for name, other, batch in tries if forecast(other, architecture, batch_tokens=batch, **same).fits
    ]
    many = fewest(config, architecture, batch_tokens, same) if device == "cuda" else 0
    ways = [f"--set {name}" for name in fitting]
    if many:
        ways.append(f"torchrun over {many} such GPUs (weights in parts)")
    advice = " or ".join(ways) or "a smaller model or a larger device"
    raise ConfigError(
        f"{told.parameters / 1e9:.2f}B parameters need about {told.needed / GIB:.0f} GiB and "
        f"{told.available / GIB:.0f} GiB are free; what fits: {advice}"
    )


def fewest(config: Config, architecture: Any, batch_tokens: int, same: dict[str, Any]) -> int:
    """How many devices, of 2, 4, 8 or 16, hold full training in parts; 0 for adapters, or where none do."""
    if config.lora.rank:
        return 0
    return next(
        (
            count
            for count in (2, 4, 8, 16)
            if forecast(config, architecture, batch_tokens=batch_tokens, shards=count, **same).fits
        ),
        0,
    )
