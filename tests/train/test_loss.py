"""The chunked loss: equal to the full one, gradients too; nothing from masked rows; bounded memory; speed."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from torch.nn import functional

from train.loss import IGNORED, Head, chunked_nll, shaped, token_nll

torch.set_num_threads(1)


def drawn(rows: int = 50, width: int = 16, vocabulary: int = 97, bias: bool = False) -> tuple:
    torch.manual_seed(0)
    labels = torch.randint(vocabulary, (rows,))
    labels[::7] = IGNORED
    tensors = [torch.randn(rows, width), torch.randn(vocabulary, width) / 4]
    tensors += [torch.randn(vocabulary)] if bias else []
    return [one.requires_grad_() for one in tensors], labels


@pytest.mark.parametrize("chunk", [1, 7, 50, 64])
@pytest.mark.parametrize(
    ("bias", "softcap", "scale"), [(False, 0.0, 1.0), (True, 0.0, 1.0), (False, 3.0, 1.0), (True, 2.0, 0.5)]
)
def test_chunks_give_the_loss_and_gradients_of_all_logits_at_once(
    chunk: int, bias: bool, softcap: float, scale: float
) -> None:
    tensors, labels = drawn(bias=bias)
    head = Head(tensors[1], tensors[2] if bias else None, softcap, scale)
    logits = shaped(functional.linear(tensors[0], head.weight, head.bias), softcap, scale)
    full = functional.cross_entropy(logits, labels, reduction="sum")
    wanted = torch.autograd.grad(full / 11, tensors)
    rows = torch.zeros(len(labels))
    ours = chunked_nll(tensors[0], head, labels, chunk, rows)
    found = torch.autograd.grad(ours / 11, tensors)
    assert torch.allclose(ours, full, rtol=1e-6)
    assert torch.allclose(rows.sum(), full, rtol=1e-6)
    for one, other in zip(found, wanted, strict=True):
        assert torch.allclose(one, other, atol=2e-6)


def test_a_batch_without_any_target_gives_zero_loss_and_zero_gradient() -> None:
    # The mean over no targets is NaN in transformers and in torch; a sum is not.
    tensors, labels = drawn()
    loss = chunked_nll(tensors[0], Head(tensors[1]), torch.full_like(labels, IGNORED), 8)
    loss.backward()
    assert loss.item() == 0.0
    assert all((one.grad == 0).all() for one in tensors)


def test_masked_rows_weigh_nothing() -> None:
    tensors, labels = drawn()
    head, kept = Head(tensors[1]), labels != IGNORED
    alone = chunked_nll(tensors[0][kept], head, labels[kept], 8)
    among = chunked_nll(tensors[0], head, labels, 8)
    assert torch.allclose(alone, among, rtol=1e-6)
    (grad,) = torch.autograd.grad(among, tensors[0])
    assert (grad[~kept] == 0).all()


def test_token_losses_are_those_of_the_training_loss() -> None:
    tensors, labels = drawn(bias=True)
    head, rows = Head(tensors[1], tensors[2], 5.0), torch.zeros(len(labels))
    chunked_nll(tensors[0], head, labels, 9, rows)
    assert torch.allclose(token_nll(tensors[0], head, labels, 13), rows, atol=1e-5)


def test_memory_stays_at_one_chunk_of_logits() -> None:
    rows, vocabulary, chunk = 1024, 2000, 32
    hidden = torch.randn(rows, 8, requires_grad=True)
    weight = torch.randn(vocabulary, 8, requires_grad=True)
    labels = torch.randint(vocabulary, (rows,))
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            nonlocal largest
            made = function(*args, **(kwargs or {}))
            for one in made if isinstance(made, tuple) else (made,):
                largest = max(largest, one.numel() if isinstance(one, torch.Tensor) else 0)
            return made

    with Watch():
        chunked_nll(hidden, Head(weight), labels, chunk).backward()
    assert largest <= chunk * vocabulary  # all logits at once would be 32 times that


def test_cross_entropy_is_only_ever_asked_of_flattened_rows() -> None:
    # On (batch, vocabulary, time) logits it is some sixty times slower: our one call gives rows [N, V].
    import ast
    from pathlib import Path

    import train

    place = Path(train.__file__).parent
    called = {
        path.name: path.read_text("utf-8")
        for path in place.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "cross_entropy"
    }
    assert set(called) == {"loss.py"}
    moved = [
        node.func.attr
        for node in ast.walk(ast.parse(called["loss.py"]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert not {"transpose", "permute", "movedim", "swapaxes"} & set(moved)


def test_half_precision_keeps_gradients_of_fp32_masters_in_fp32() -> None:
    tensors, labels = drawn()
    with torch.autocast("cpu", torch.bfloat16):
        loss = chunked_nll(tensors[0], Head(tensors[1]), labels, 16)
    loss.backward()
    full = functional.cross_entropy(tensors[0] @ tensors[1].T, labels, reduction="sum")
    assert loss.dtype == torch.float32 and tensors[1].grad.dtype == torch.float32
    assert abs(loss.item() - full.item()) < 0.01 * full.item()
