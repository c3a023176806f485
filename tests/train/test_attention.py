"""Packed attention gives each document what it would get alone, on every backend that a CPU can run."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

from itertools import pairwise

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

import numpy as np
from transformers import AutoModelForCausalLM

from tests.train.making import chats, sizes, tokenizer
from train import attention, pack
from train.errors import ConfigError
from train.loss import hidden_states
from train.models import from_scratch
from train.render import Renderer

torch.set_num_threads(1)


def kernel(query, key, value, starts, _, longest, __, *, window_size, scale=None, enable_gqa=False):  # type: ignore[no-untyped-def]
    """What torch's varlen kernel computes, document by document: it runs on GPUs only."""
    assert window_size == (-1, 0)
    parts = []
    for start, stop in pairwise(starts.tolist()):
        if stop > start:
            q, k, v = (one[start:stop].transpose(0, 1).unsqueeze(0) for one in (query, key, value))
            out = torch.nn.functional.scaled_dot_product_attention(
                q, k, v, is_causal=True, scale=scale, enable_gqa=enable_gqa
            )
            parts.append(out.squeeze(0).transpose(0, 1))
    return torch.cat(parts)


@pytest.fixture(params=["sdpa", "eager", "flex", "varlen"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(attention, "varlen_kernel", lambda: kernel)
    return str(request.param)


def packed() -> tuple:
    known = tokenizer()
    sequences = Renderer(known).render(chats(6))
    rows = tuple(
        tuple(row) for row in pack.best_fit([len(one) for one in sequences], 192, range(len(sequences)))
    )
    return sequences, pack.collate(rows, sequences, row_length=192, documents=64, pad=known.pad_token_id)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_packed_documents_are_as_each_alone(backend: str, kind: str, mode: str) -> None:
    # Leaks if positions are not reset, if a mask of ones is given, or if a cache is used.
    sequences, batch = packed()
    model = from_scratch(sizes(kind), tokenizer())
    attention.attach(model, backend, 192)
    getattr(model, mode)()
    with torch.no_grad():
        together = hidden_states(model, **attention.inputs(batch, backend, "cpu")).reshape(-1, 32)
        model.set_attn_implementation("sdpa")
        places = batch.documents.reshape(-1)
        for line, row in enumerate(batch.rows):
            for number, one in enumerate(row, int(batch.documents[line, 0])):
                alone = hidden_states(
                    model, input_ids=torch.from_numpy(sequences[one].ids[None].astype(np.int64))
                )[0]
                assert (together[places == number] - alone).abs().max() < 2e-5


def test_every_batch_has_the_same_shapes_whatever_it_holds() -> None:
    sequences = Renderer(tokenizer()).render(chats(30))
    rows = [tuple(row) for row in pack.best_fit([len(one) for one in sequences], 128, range(len(sequences)))]
    made = pack.batches(rows, sequences, rows=3, row_length=128, documents=64, pad=0)
    shapes = {
        tuple(
            (name, tuple(one.shape))
            for name, one in attention.inputs(batch, "varlen", "cpu").items()
            if hasattr(one, "shape")
        )
        for batch in made
    }
    lengths = {
        attention.inputs(batch, "varlen", "cpu")["max_length_q"]
        for batch in pack.batches(rows, sequences, rows=3, row_length=128, documents=64, pad=0)
    }
    assert len(shapes) == len(lengths) == 1


def test_a_hundred_packed_batches_compile_once() -> None:
    # cu_seqlens of varying length cost nanochat 25 s per step; a block mask has one shape here too.
    from torch._dynamo.utils import counters

    torch._dynamo.reset()
    counters.clear()
    sequences = Renderer(tokenizer()).render(chats(60))
    model = from_scratch(sizes("llama"), tokenizer())
    attention.attach(model, "sdpa", 128)
    body = torch.compile(model.model, dynamic=False, backend="eager")
    lengths, ran = [len(one) for one in sequences], 0
    for epoch in range(100):
        rows = pack.epoch_rows(lengths, 128, 0, epoch)
        batch = next(pack.batches(rows, sequences, rows=2, row_length=128, documents=64, pad=0))
        with torch.no_grad():
            body(use_cache=False, **attention.inputs(batch, "sdpa", "cpu"))
        ran += 1
        if ran == 1:
            after_first = counters["stats"]["unique_graphs"]
    assert ran == 100
    assert counters["stats"]["unique_graphs"] == after_first


def test_a_window_shorter_than_a_row_is_refused_where_it_would_be_ignored() -> None:
    model = from_scratch(
        sizes("qwen2", use_sliding_window=True, sliding_window=64, max_window_layers=0), tokenizer()
    )
    with pytest.raises(ConfigError, match="64"):
        attention.attach(model, "sdpa", 128)
    attention.attach(model, "sdpa", 64)


def test_varlen_is_told_to_be_causal_in_each_releases_words() -> None:
    told = []

    def older(q, k, v, cu, cu2, a, b, is_causal=False):  # type: ignore[no-untyped-def]
        told.append((is_causal, k.shape[1]))
        return q

    def newer(q, k, v, cu, cu2, a, b, window_size=(-1, -1), enable_gqa=False):  # type: ignore[no-untyped-def]
        told.append((window_size, k.shape[1]))
        return q

    query, key = torch.zeros(1, 4, 6, 8), torch.zeros(1, 2, 6, 8)
    given = (None, query, key, key, None)
    attention.varlen_forward(older)(*given, cu_seq_lens_q=torch.tensor([0, 6]))
    attention.varlen_forward(newer)(*given, cu_seq_lens_q=torch.tensor([0, 6]))
    attention.varlen_forward(newer)(*given, sliding_window=3, cu_seq_lens_q=torch.tensor([0, 6]))
    assert told == [(True, 4), ((-1, 0), 2), ((2, 0), 2)]
    with pytest.raises(ConfigError, match="sliding window"):
        attention.varlen_forward(older)(*given, sliding_window=3, cu_seq_lens_q=torch.tensor([0, 6]))


def test_varlen_gets_sixteen_bit_numbers_under_autocast_though_rotation_leaves_fp32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = []

    def strict(q, k, v, *given, window_size, **options):  # type: ignore[no-untyped-def]
        kinds.extend({q.dtype, k.dtype, v.dtype})
        return kernel(q, k, v, *given, window_size=window_size, **options)

    monkeypatch.setattr(attention, "varlen_kernel", lambda: strict)
    _, batch = packed()
    model = from_scratch(sizes("llama"), tokenizer())
    attention.attach(model, "varlen", 192)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        hidden_states(model, **attention.inputs(batch, "varlen", "cpu"))
    assert set(kinds) == {torch.bfloat16}


def test_full_precision_takes_a_kernel_that_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "varlen_kernel", lambda: kernel)
    config = from_scratch(sizes(), tokenizer()).config
    assert attention.choose("auto", config, "cuda") == "varlen"
    assert attention.choose("auto", config, "cuda", torch.float32) == "sdpa"
    with pytest.raises(ConfigError, match="16-bit"):
        attention.choose("varlen", config, "cuda", torch.float32)


def test_varlen_without_a_gpu_is_refused_with_what_to_take_instead() -> None:
    config = AutoModelForCausalLM.from_config(from_scratch(sizes(), tokenizer()).config).config
    with pytest.raises(ConfigError, match="sdpa"):
        attention.choose("varlen", config, "cpu")
    assert attention.choose("auto", config, "cpu") == "sdpa"
