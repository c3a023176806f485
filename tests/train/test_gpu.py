"""What only a GPU can show: kernels that keep to their document, one compilation, bf16 over fp32 masters."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
if not torch.cuda.is_available():
    pytest.skip("needs a GPU", allow_module_level=True)

import numpy as np

from benchmarks import train as benchmark
from benchmarks import train_arms as arms
from tests.train.making import chats, sizes, tokenizer
from tests.train.test_fit import options, written
from train import attention, log, pack
from train.fit import fit
from train.loss import hidden_states
from train.models import from_scratch
from train.render import Renderer
from train.score import token_losses

HEADS = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2}
"""Heads of 16 numbers, two to a key: kernels of GPUs take no fewer."""


@pytest.mark.parametrize("backend", ["varlen", "flex", "sdpa"])
def test_packed_documents_are_as_each_alone(backend: str) -> None:
    known = tokenizer()
    sequences = Renderer(known).render(chats(12))
    rows = tuple(
        tuple(row) for row in pack.best_fit([len(one) for one in sequences], 256, range(len(sequences)))
    )
    batch = pack.collate(rows, sequences, row_length=256, documents=64, pad=known.pad_token_id)
    model = from_scratch(sizes(**HEADS), known).to("cuda").eval()
    attention.attach(model, backend, 256)
    with torch.no_grad(), torch.autocast("cuda", torch.bfloat16):
        together = hidden_states(model, **attention.inputs(batch, backend, "cuda")).reshape(-1, 64)
        model.set_attn_implementation("sdpa")
        places = torch.from_numpy(batch.documents.reshape(-1)).cuda()
        for line, row in enumerate(batch.rows):
            for number, one in enumerate(row, int(batch.documents[line, 0])):
                ids = torch.from_numpy(sequences[one].ids[None].astype(np.int64)).cuda()
                alone = hidden_states(model, input_ids=ids)[0]
                # bf16 keeps 8 bits; values are about 1. Another document's tokens would move it by 0.5.
                assert (together[places == number] - alone).abs().max() < 0.06


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_perplexity_is_the_same_packed_or_each_alone(dtype: torch.dtype) -> None:
    known = tokenizer()
    sequences = Renderer(known).render(chats(12))
    model = from_scratch(sizes(**HEADS), known).to("cuda")
    wanted = [one.trained for one in sequences]
    found = [
        token_losses(
            model,
            sequences,
            wanted,
            window=256,
            stride=128,
            packed=packed,
            dtype=dtype,
            pad=known.pad_token_id,
        )
        for packed in (True, False)
    ]
    close = 1e-5 if dtype == torch.float32 else 2e-2
    assert sum(len(one) for one in found[0]) > 400
    assert all(np.allclose(one, other, atol=close) for one, other in zip(*found, strict=True))


def test_sixty_packed_steps_compile_nothing_after_the_first_and_learn(tmp_path: Path) -> None:
    benchmark.SIZES["wide"] = {**benchmark.SIZES["tiny"], **HEADS}
    benchmark.MICRO["wide"] = 2048
    benchmark.workload(tmp_path, "wide", 256, steps=60, step_tokens=4096)
    found = arms.ours(arms.Work(tmp_path), "cuda", 2)
    assert found["attention"] == "varlen" and found["recompiled"] == 0
    assert found["losses"][-1] < found["losses"][0] - 0.01


def test_the_cut_into_micro_batches_changes_the_loss_by_rounding_only(tmp_path: Path) -> None:
    benchmark.SIZES["wide"] = {**benchmark.SIZES["tiny"], **HEADS}
    losses = []
    for micro in (512, 2048):
        benchmark.MICRO["wide"] = micro
        benchmark.workload(tmp_path, "wide", 256, steps=5, step_tokens=4096)
        losses.append(arms.ours(arms.Work(tmp_path), "cuda", 1)["losses"])
    assert np.allclose(*losses, rtol=1e-3)


@pytest.mark.parametrize("rank", [0, 4])
def test_a_run_learns_in_bf16_over_fp32_weights_and_goes_on_where_it_stopped(
    tmp_path: Path, rank: int
) -> None:
    from train.fit import resume

    written(tmp_path)
    known = tokenizer()
    from_scratch(sizes(**HEADS), known).save_pretrained(tmp_path / "base")
    known.save_pretrained(tmp_path / "base")
    told = options(tmp_path, str(tmp_path / "base"), lora={"rank": rank}, optim={"steps": 12, "lr": 1e-2})
    done = fit(told, tmp_path / "run")
    lines = [line for line in log.read(tmp_path / "run" / "log.jsonl") if line["kind"] == "step"]
    assert lines[-1]["loss"] < lines[0]["loss"]
    trained = [weight for weight in done.model.parameters() if weight.requires_grad]
    assert trained and {weight.dtype for weight in trained} == {torch.float32}
    assert resume(tmp_path / "run").state.step == 12
