"""A model whose weights lie in parts over the processes of torchrun: for what does not fit one device.

PyTorch's FSDP2 (`fully_shard`): each layer's weights are gathered when it computes and let go afterwards;
gradients, fp32 masters and the optimiser's moments exist in parts only. Each process reads the whole model
into its host's memory first, and layers are not compiled. Tried on CPUs; on GPUs not yet.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from train import loss


class Whole(nn.Module):
    """A micro-batch's summed loss as one module, so that the head's weights are there when it is called."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, inputs: dict[str, Any], chosen: Tensor, labels: Tensor, each: Tensor, chunk: int
    ) -> Tensor:
        """`loss.batch_nll` of the model."""
        body = loss.decoder_of(self.model)
        return loss.batch_nll(self.model, body, inputs, chosen, labels, each, chunk)


def sharded(model: Any, device: str, dtype: torch.dtype) -> Whole:
    """The model in parts over all processes, ready to be called; its weights are parts from now on.

    Gradients are summed over processes, not averaged: losses are divided by the targets of all beforehand.
    On a GPU with `dtype` bf16 weights travel in it and gradients in fp32.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

    mesh = init_device_mesh(device, (torch.distributed.get_world_size(),))
    half = device == "cuda" and dtype == torch.bfloat16
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if half else None, reduce_dtype=torch.float32, cast_forward_inputs=False
    )
    made = Whole(model)
    for layer in layers(model):
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(made, mesh=mesh, mp_policy=policy)
    for module in made.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)  # gloo knows no other
    return made


def layers(model: Any) -> list[Any]:
    """The model's layers, which transformers says must not be split."""
    names = set(getattr(model, "_no_split_modules", None) or ())
    return [module for module in model.modules() if type(module).__name__ in names]
