"""The training loop: steps of a fixed plan, each as many micro-batches as it takes, weighted by tokens."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from train import attention, loss, pack
from train.checkpoint import State, whole
from train.config import Config, Optim
from train.errors import NotFiniteError
from train.render import Rendered
from train.schedule import rate


@dataclass(frozen=True, kw_only=True)
class Setup:
    """All that stays the same from step to step."""

    config: Config
    model: Any
    """The Hugging Face model (under the adapters, if there are any)."""
    sequences: Sequence[Rendered]
    plan: Sequence[tuple[pack.Row, ...]]
    rows: int
    row_length: int
    documents: int
    pad: int
    backend: str
    device: str
    dtype: torch.dtype
    rank: int = 0
    world: int = 1
    whole: Any = None
    """The model as one module whose weights lie in parts over the processes (`train.shard`), or None."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. `loss` is nats per target; `losses` maps sequences to (sum of nats, targets)."""

    number: int
    loss: float
    targets: int
    slots: int
    rate: float
    norm: float
    seconds: float
    losses: dict[int, tuple[float, int]]


def optimizer_of(model: Any, optim: Optim, device: str) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019); no decay on vectors (norms, biases)."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [w for w in weights if w.ndim >= 2], "weight_decay": optim.weight_decay},
        {"params": [w for w in weights if w.ndim < 2], "weight_decay": 0.0},
    ]
    betas: Any = optim.betas
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=optim.lr,
        betas=betas,
        eps=optim.eps,
        fused=device == "cuda",
    )


def run(
    setup: Setup,
    optimizer: torch.optim.Optimizer,
    state: State,
    after: Callable[[Step, State], None] = lambda step, state: None,
) -> Iterator[Step]:
    """Take the steps of the plan that are left, yielding each; `state` moves with them.

    `after` is called when a step is done and counted (to save). A step without a single target is skipped and
    counted. NotFiniteError where loss or gradient is not finite: nothing is updated by such a step.
    """
    optim = setup.config.optim
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    body = forward_of(setup)
    setup.model.train()
    with narrow(setup):
        for number in range(state.step, len(setup.plan)):
            began = time.perf_counter()
            rows = setup.plan[number]
            share = rate(optim, number, len(setup.plan))
            for group in optimizer.param_groups:
                group["lr"] = optim.lr * share
            targets = sum(setup.sequences[one].targets for row in rows for one in row)
            if targets == 0:
                state.step, state.skipped = number + 1, state.skipped + 1
                continue
            total, losses, slots = accumulate(setup, body, rows, targets)
            if setup.whole is None:
                share_out(weights, setup.world)
            norm = clip(weights, optim.clip)
            value, size = total.item() / targets, norm.item()
            if not (math.isfinite(value) and math.isfinite(size)):
                raise NotFiniteError(not_finite(setup, number, rows))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            seconds = time.perf_counter() - began
            state.step, state.targets, state.slots = number + 1, state.targets + targets, state.slots + slots
            state.seconds += seconds
            step = Step(number, value, targets, slots, optim.lr * share, size, seconds, losses)
            after(step, state)
            yield step


def forward_of(setup: Setup) -> Any:
    """What gives a micro-batch's summed loss: `loss.batch_nll` of the model, compiled if asked."""
    if setup.whole is not None:
        return setup.whole
    body = loss.decoder_of(setup.model)
    wanted = setup.config.run.compile
    compiled = wanted == "on" or (wanted == "auto" and setup.device == "cuda")
    return partial(loss.batch_nll, setup.model, torch.compile(body, dynamic=False) if compiled else body)


@contextlib.contextmanager
def narrow(setup: Setup) -> Iterator[None]:
    """Under autocast the embedding gives fp32, and so does every sum and norm after it: twice the bytes. Here
    it gives 16 bits, as in a model that is loaded in them; the weights stay fp32."""

    def halved(_: Any, __: Any, out: Tensor) -> Tensor:
        return out if setup.dtype == torch.float32 else out.to(setup.dtype)

    hook = setup.model.get_input_embeddings().register_forward_hook(halved)
    try:
        yield
    finally:
        hook.remove()


def accumulate(
    setup: Setup, body: Any, rows: Sequence[pack.Row], targets: int
) -> tuple[Tensor, dict[int, tuple[float, int]], int]:
    """Gradients of the step's mean loss over *its* targets, whatever the cut into micro-batches.

    Each micro-batch adds the sum of its losses over the targets of the whole step (of every process), so that
    1 x 8, 2 x 4 and 8 x 1 give the same gradient. Also the losses' sum, each sequence's, the slots.
    """
    total = torch.zeros((), device=setup.device)
    losses: dict[int, tuple[float, int]] = {}
    kept: list[tuple[pack.Batch, Tensor, Any]] = []
    slots = 0
    for batch in pack.batches(
        pack.shared(rows, setup.rank, setup.world),
        setup.sequences,
        rows=setup.rows,
        row_length=setup.row_length,
        documents=setup.documents,
        pad=setup.pad,
        even=setup.device == "cuda" or setup.config.run.compile == "on",
    ):
        slots += batch.ids.size * setup.world
        places = target_places(batch, setup)
        if len(places) == 0:
            continue
        summed, each = micro_batch(setup, body, batch, places)
        torch.autograd.backward(summed / targets)
        total += summed.detach()
        kept.append((batch, each, places))
    if setup.world > 1:
        torch.distributed.all_reduce(total)
    for batch, each, places in kept:
        losses |= by_sequence(batch, each.cpu().numpy(), places)
    return total, losses, slots


def target_places(batch: pack.Batch, setup: Setup) -> Any:
    """Where targets are in the flattened batch; on a GPU filled up to whole chunks by place -1."""
    places = np.flatnonzero(batch.labels.reshape(-1) != loss.IGNORED)
    if setup.whole is not None and not len(places):
        return np.array([-1])  # every process takes part in every micro-batch: they wait for one another
    if setup.device == "cuda" and len(places):
        chunk = setup.config.run.kernel_chunk
        places = np.concatenate([places, np.full(-len(places) % chunk, -1)])
    return places


def micro_batch(setup: Setup, body: Any, batch: pack.Batch, places: Any) -> tuple[Tensor, Tensor]:
    """Sum of the losses of a micro-batch, differentiable, and each target's own."""
    wanted = np.where(places >= 0, batch.labels.reshape(-1)[places], loss.IGNORED)
    labels = attention.to(wanted, setup.device)
    chosen = attention.to(np.maximum(places, 0), setup.device)
    each = torch.zeros(len(places), device=setup.device)
    with autocast(setup):
        told = attention.inputs(batch, setup.backend, setup.device)
        return body(told, chosen, labels, each, setup.config.run.kernel_chunk), each


def autocast(setup: Setup) -> Any:
    """bf16 arithmetic over fp32 masters, where the run asks for it."""
    if setup.dtype == torch.float32 or setup.config.run.dtype == "pure-bfloat16":
        return contextlib.nullcontext()
    return torch.autocast(setup.device, setup.dtype)


def by_sequence(batch: pack.Batch, each: Any, places: Any) -> dict[int, tuple[float, int]]:
    """Each sequence's sum of losses and number of targets."""
    real = places >= 0
    documents = batch.documents.reshape(-1)[places[real]]
    size = int(batch.documents.max()) + 1
    sums = np.bincount(documents, each[real], size)
    counts = np.bincount(documents, minlength=size)
    found: dict[int, tuple[float, int]] = {}
    for line, row in enumerate(batch.rows):
        first = int(batch.documents[line, 0])
        for place, one in enumerate(row, first):
            found[one] = (float(sums[place]), int(counts[place]))
    return found


def share_out(weights: Sequence[Tensor], world: int) -> None:
    """Add up the gradients of all processes; a weight that got none in one of them counts as zero there."""
    if world == 1:
        return
    for weight in weights:
        if weight.grad is None:
            weight.grad = torch.zeros_like(weight)
    grads = [weight.grad for weight in weights if weight.grad is not None]
    flat = torch.cat([grad.reshape(-1) for grad in grads])
    torch.distributed.all_reduce(flat)
    start = 0
    for grad in grads:
        grad.copy_(flat[start : start + grad.numel()].view_as(grad))
        start += grad.numel()


def clip(weights: Sequence[Tensor], limit: float) -> Tensor:
    """The gradient's norm before it is clipped to the limit (0: not clipped)."""
    norm: Tensor = whole(torch.nn.utils.clip_grad_norm_(weights, limit or math.inf))
    return norm


def not_finite(setup: Setup, number: int, rows: Sequence[pack.Row]) -> str:
    """The sentence for a step whose loss or gradient is no number, with conversations to look at."""
    names = list(dict.fromkeys(setup.sequences[one].conversation_id for row in rows for one in row))
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return (
        f"loss or gradient is not finite at step {number}, which held conversations {shown}; nothing was "
        "updated: lower optim.lr, or resume from the last checkpoint without them"
    )
