"""Steps weighted by tokens, against transformers' Trainer; batches without a target; small rates; processes."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

import numpy as np

from tests.train.making import chats, sizes, tokenizer
from train import attention, loop, lora
from train.checkpoint import State
from train.config import Config, Lora, Optim, Run, changed
from train.errors import ConfigError, TrainError
from train.models import from_scratch
from train.records import conversation
from train.render import Renderer

torch.set_num_threads(1)

OPTIM = Optim(lr=1e-2, clip=0.0, weight_decay=0.0, warmup=0.0, schedule="constant")


def setup(
    sequences: Any, plan: Any, *, rows: int = 1, optim: Optim = OPTIM, length: int = 256, **more: Any
) -> loop.Setup:
    model = from_scratch(sizes(), tokenizer())
    attention.attach(model, "sdpa", length)
    config = changed(Config(optim=optim, run=Run(rows=rows, kernel_chunk=64)), "run", **more.pop("run", {}))
    return loop.Setup(
        config=config, model=model, sequences=sequences, plan=plan, rows=rows, row_length=length, documents=64,
        pad=tokenizer().pad_token_id, backend="sdpa", device="cpu", dtype=torch.float32, **more,
    )  # fmt: skip


def trained(made: loop.Setup) -> tuple[list[loop.Step], list[Any]]:
    optimizer = loop.optimizer_of(made.model, made.config.optim, "cpu")
    return list(loop.run(made, optimizer, State())), [one.detach().clone() for one in made.model.parameters()]


def sequences_of_lengths(*lengths: int) -> Any:
    return Renderer(tokenizer()).render(
        [
            conversation(str(n), [("user", "Hello"), ("assistant", "the " * size)])
            for n, size in enumerate(lengths)
        ]
    )


def test_accumulation_in_any_cut_gives_the_same_weights() -> None:
    # The mean of micro-batch means is wrong as soon as they hold unequal numbers of targets.
    sequences = sequences_of_lengths(200, 30, 90, 15, 60, 120, 8, 45)
    plan = [tuple((one,) for one in range(8))] * 3
    cuts = {rows: trained(setup(sequences, plan, rows=rows, length=512)) for rows in (1, 2, 4, 8)}
    for rows in (2, 4, 8):
        apart = max((a - b).abs().max().item() for a, b in zip(cuts[1][1], cuts[rows][1], strict=True))
        assert apart < 1e-5
        assert cuts[rows][0][-1].loss == pytest.approx(cuts[1][0][-1].loss, abs=1e-5)


def test_packing_gives_the_weights_that_one_sequence_a_row_gives() -> None:
    sequences = sequences_of_lengths(100, 30, 90, 15)
    apart = trained(setup(sequences, [((0,), (1,), (2,), (3,))] * 5, rows=2, length=512))[1]
    packed = trained(setup(sequences, [((0, 1, 3), (2,))] * 5, rows=1, length=512))[1]
    assert max((a - b).abs().max().item() for a, b in zip(apart, packed, strict=True)) < 1e-5


@pytest.mark.filterwarnings("ignore")
def test_the_weights_are_those_of_transformers_trainer(tmp_path: Path) -> None:
    """The oracle: the same data, order, optimiser and steps through transformers' own trainer."""
    from transformers import Trainer, TrainingArguments

    sequences = sequences_of_lengths(60, 30, 90, 15, 40, 70, 8, 45)
    plan = [((0,), (1,), (2,), (3,)), ((4,), (5,), (6,), (7,))]
    optim = Optim(lr=1e-2, clip=1.0, weight_decay=0.1, warmup=0.0, schedule="constant")
    ours = trained(setup(sequences, plan, rows=2, optim=optim))[1]
    model = from_scratch(sizes(), tokenizer())

    def collate(chosen: list[dict[str, Any]]) -> dict[str, Any]:
        long = max(len(one["input_ids"]) for one in chosen)
        pad = {"input_ids": 0, "labels": -100, "attention_mask": 0}
        return {
            key: torch.tensor([one[key] + [fill] * (long - len(one[key])) for one in chosen])
            for key, fill in pad.items()
        }

    data = [
        {
            "input_ids": one.ids.tolist(),
            "labels": np.where(one.trained, one.ids, -100).tolist(),
            "attention_mask": [1] * len(one),
        }
        for one in sequences
    ]
    arguments = TrainingArguments(
        str(tmp_path), per_device_train_batch_size=2, gradient_accumulation_steps=2, max_steps=2, learning_rate=1e-2,
        lr_scheduler_type="constant", weight_decay=0.1, adam_beta2=0.95, max_grad_norm=1.0, report_to=[], use_cpu=True,
        save_strategy="no", train_sampling_strategy="sequential", disable_tqdm=True,
    )  # fmt: skip
    Trainer(model, arguments, train_dataset=data, data_collator=collate).train()
    apart = max((a - b).abs().max().item() for a, b in zip(ours, model.parameters(), strict=True))
    assert apart < 1e-5


def test_a_sequence_that_is_masked_as_a_whole_changes_nothing() -> None:
    sequences = Renderer(tokenizer()).render(
        [*chats(2), conversation("masked", [("user", "Hello"), ("assistant", "the fox " * 20, 0)])]
    )
    assert sequences[2].targets == 0
    without = trained(setup(sequences, [((0,), (1,))] * 3))[1]
    steps, among = trained(setup(sequences, [((0,), (2,), (1,))] * 3))
    assert all(np.isfinite(step.loss) and np.isfinite(step.norm) for step in steps)
    assert all(torch.equal(a, b) for a, b in zip(without, among, strict=True))


def test_a_step_without_any_target_is_skipped_and_counted() -> None:
    sequences = Renderer(tokenizer()).render([conversation("m", [("assistant", "the", 0)]), *chats(1)])
    made = setup(sequences, [((0,),), ((1,),)])
    state = State()
    steps = list(loop.run(made, loop.optimizer_of(made.model, OPTIM, "cpu"), state))
    assert (len(steps), state.skipped, state.step) == (1, 1, 2)


def test_a_loss_that_is_no_number_stops_the_run_before_the_weights_change() -> None:
    sequences = Renderer(tokenizer()).render(chats(2))
    made = setup(sequences, [((0,), (1,))])
    with torch.no_grad():
        made.model.get_input_embeddings().weight[5:50] = float("inf")
    before = [one.detach().clone() for one in made.model.model.layers.parameters()]
    with pytest.raises(TrainError, match="c0, c1"):
        trained(made)
    assert all(torch.equal(a, b) for a, b in zip(before, made.model.model.layers.parameters(), strict=True))


def test_each_sequence_is_told_its_own_loss() -> None:
    sequences = Renderer(tokenizer()).render(chats(6))
    steps, _ = trained(setup(sequences, [((0, 1), (2,), (3, 4, 5))], rows=2))
    told = steps[0].losses
    assert {one: count for one, (_, count) in told.items()} == {
        n: one.targets for n, one in enumerate(sequences)
    }
    assert sum(nats for nats, _ in told.values()) / steps[0].targets == pytest.approx(steps[0].loss, rel=1e-5)


def test_a_small_rate_moves_fp32_masters_under_half_precision() -> None:
    # Weights of pure bf16 stay where they are: an update of 1e-6 is rounded away.
    sequences = Renderer(tokenizer()).render(chats(2))
    optim = Optim(lr=1e-6, schedule="constant", warmup=0.0, weight_decay=0.0)
    made = setup(sequences, [((0, 1),)] * 100, optim=optim)
    half = loop.Setup(
        **{**{name: getattr(made, name) for name in made.__dataclass_fields__}, "dtype": torch.bfloat16}
    )
    before = [one.detach().clone() for one in half.model.parameters()]
    after = trained(half)[1]
    moved = [
        ((a - b).abs() > 1e-5).float().mean().item() for a, b in zip(before, after, strict=True) if a.ndim > 1
    ]
    assert min(moved) > 0.05
    assert all(one.dtype == torch.float32 for one in after)


def test_pure_half_precision_is_refused_for_small_rates() -> None:
    with pytest.raises(ConfigError, match="fp32 masters"):
        Config(run=Run(dtype="pure-bfloat16"), optim=Optim(lr=1e-5))
    assert Config(run=Run(dtype="pure-bfloat16"), optim=Optim(lr=1e-3)).run.dtype == "pure-bfloat16"


def test_after_overfitting_a_greedy_answer_stops() -> None:
    # Where pad is eos, ends of turn are hidden from the loss and a model never stops.
    known = tokenizer()
    assert known.pad_token_id != known.eos_token_id
    sequences = Renderer(known).render(
        [conversation("a", [("user", "Hello"), ("assistant", "the quick fox")])]
    )
    made = setup(sequences, [((0,),)] * 60, length=64)
    trained(made)
    renderer = Renderer(known)
    from train.records import Message

    asked = torch.tensor([renderer.prompt([Message("user", "Hello")])])
    answer = made.model.eval().generate(
        asked, max_new_tokens=30, do_sample=False, pad_token_id=known.pad_token_id
    )
    assert known.decode(answer[0, asked.shape[1] :]) == "the quick fox<|end|>"


def test_adapters_alone_learn_and_merge_into_equal_logits() -> None:
    sequences = Renderer(tokenizer()).render(chats(4))
    made = setup(sequences, [((0, 1), (2, 3))] * 8, rows=2, length=512)
    before = {name: one.detach().clone() for name, one in made.model.named_parameters()}
    adapted = lora.adapt(made.model, Lora(rank=4))
    optimizer = loop.optimizer_of(adapted, OPTIM, "cpu")
    steps = list(loop.run(made, optimizer, State()))
    assert steps[-1].loss < steps[0].loss
    frozen = {
        name.replace(".base_layer", ""): one
        for name, one in made.model.named_parameters()
        if "lora_" not in name
    }
    assert all(torch.equal(one, frozen[name]) for name, one in before.items())
    adapted.eval()
    ids = torch.from_numpy(sequences[0].ids[None].astype(np.int64))
    with torch.no_grad():
        apart = adapted(input_ids=ids).logits
        assert torch.allclose(lora.merged(adapted)(input_ids=ids).logits, apart, atol=1e-5)


def test_in_sixteen_bits_layers_hand_on_sixteen_bits_over_fp32_weights_and_the_model_is_left_as_it_was() -> (
    None
):
    made = setup(sequences_of_lengths(20, 30), [((0,), (1,))] * 2)
    made = replace(made, dtype=torch.bfloat16)
    kinds = []
    made.model.model.layers[1].register_forward_pre_hook(lambda _, given: kinds.append(given[0].dtype))
    trained(made)
    assert set(kinds) == {torch.bfloat16}
    assert {weight.dtype for weight in made.model.parameters()} == {torch.float32}
    assert made.model.get_input_embeddings()(torch.tensor([1])).dtype == torch.float32
