"""A run from data to folder: killed and gone on with bit for bit, refused where it should be, logged, exported."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import os
import signal
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

import numpy as np
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.train.making import chats, sizes, tokenizer
from train import checkpoint, forecast, log, lora, sizing
from train.config import Config, changed, from_dict
from train.errors import ConfigError, DataError, LimitBrokenError, TrainError
from train.export import export, open_model
from train.fit import fit, resume
from train.folder import read_run
from train.loop import Step
from train.models import from_scratch
from train.prepare import prepare
from train.records import conversation

torch.set_num_threads(1)


def written(folder: Path, talked: Any = None) -> Path:
    """A data file in the form of a curated set."""
    path = folder / "set.jsonl"
    rows = [
        {
            "conversation_id": one.id,
            "messages": [{"role": m.role, "content": m.content} for m in one.messages],
        }
        for one in (talked or chats(24))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def options(folder: Path, model: str = "", **sections: Any) -> Config:
    """A run of a tiny model with dropout (so that random numbers matter), saved every two steps."""
    if not model:
        told = sizes("gpt2", resid_pdrop=0.1, embd_pdrop=0.1, n_positions=256)
        (folder / "config.json").write_text(json.dumps(told))
        model = str(folder / "config.json")
    base = {
        "model": {"source": model, "vocabulary": 300},
        "data": {"source": str(folder / "set.jsonl"), "max_length": 256},
        "optim": {"lr": 1e-2, "tokens_per_step": 150, "epochs": 2.0},
        "run": {"rows": 1, "save_every": 2, "threads": 1},
    }
    return from_dict(
        {name: {**base.get(name, {}), **sections.get(name, {})} for name in {*base, *sections}}, "test"
    )


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


def killed(config: Config, folder: Path, at: int) -> None:
    """Run in a process of its own that kills itself (-9) in the middle of step `at`."""
    child = os.fork()
    if child == 0:
        try:
            fit(
                config,
                folder,
                watch=lambda step, state, run: (
                    os.kill(os.getpid(), signal.SIGKILL) if state.step == at else None
                ),
            )
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def test_a_killed_run_ends_with_the_bits_of_one_never_killed(tmp_path: Path) -> None:
    written(tmp_path)
    config = options(tmp_path)
    whole = fit(config, tmp_path / "whole")
    assert whole.state.step >= 7
    killed(config, tmp_path / "killed", at=5)
    assert checkpoint.latest(tmp_path / "killed" / "checkpoints").name == "step-000004"
    gone_on = resume(tmp_path / "killed")
    expected, found = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert gone_on.state.targets == whole.state.targets
    steps = [
        [
            (one["step"], one["loss"])
            for one in log.read(tmp_path / name / "log.jsonl")
            if one["kind"] == "step"
        ]
        for name in ("whole", "killed")
    ]
    assert steps[0] == steps[1]


def test_a_checkpoint_that_was_not_finished_is_not_taken(tmp_path: Path) -> None:
    written(tmp_path)
    killed(options(tmp_path), tmp_path / "run", at=3)
    places = tmp_path / "run" / "checkpoints"
    (places / ".step-000099.1").mkdir()
    (places / "step-000098").mkdir()
    assert checkpoint.latest(places).name == "step-000002"
    assert resume(tmp_path / "run").state.step > 3


def test_only_the_last_checkpoints_stay(tmp_path: Path) -> None:
    written(tmp_path)
    done = fit(options(tmp_path), tmp_path / "run")
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 2
    assert checkpoint.latest(tmp_path / "run" / "checkpoints").name == f"step-{done.state.step:06d}"


def test_going_on_with_other_data_is_refused_unless_forced(tmp_path: Path) -> None:
    written(tmp_path)
    killed(options(tmp_path), tmp_path / "run", at=3)
    written(tmp_path, chats(23))
    with pytest.raises(TrainError, match="another data"):
        resume(tmp_path / "run")


def test_a_folder_with_a_run_is_refused_with_what_to_do(tmp_path: Path) -> None:
    written(tmp_path)
    config = options(tmp_path, optim={"steps": 1})
    fit(config, tmp_path / "run")
    with pytest.raises(ConfigError, match="train resume"):
        fit(config, tmp_path / "run")
    assert fit(config, tmp_path / "run", fresh=True).state.step == 1


def test_a_run_is_told_in_its_folder(tmp_path: Path) -> None:
    written(tmp_path)
    done = fit(options(tmp_path), tmp_path / "run")
    told = read_run(tmp_path / "run")
    counted = told["accounting"]
    assert (
        counted["rendered"]
        == counted["trained"] + counted["masked"] + counted["truncated"] + counted["dropped"]
    )
    assert from_dict(told["config"], "x").hash() == told["hashes"]["config"]
    lines = list(log.read(tmp_path / "run" / "log.jsonl"))
    assert [one["kind"] for one in lines] == ["start", *["step"] * done.state.step, "end"]
    assert sum(one["targets"] for one in lines if one["kind"] == "step") == done.state.targets
    shown = (tmp_path / "run" / "log.jsonl").read_text() + (tmp_path / "run" / "train.json").read_text()
    assert "quick brown" not in shown and "sleeps" not in shown


def test_two_epochs_see_every_target_twice(tmp_path: Path) -> None:
    written(tmp_path)
    done = fit(options(tmp_path), tmp_path / "run")
    assert 2 * done.prepared.accounting.trained <= done.state.targets < 2.2 * done.prepared.accounting.trained


def test_a_conversation_that_curation_repeats_counts_that_often_in_each_epoch(tmp_path: Path) -> None:
    path = written(tmp_path)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    once = prepare(options(tmp_path, optim={"epochs": 1.0}))
    path.write_text(
        "".join(json.dumps(row | {"repeat": 3 if i == 2 else 1}) + "\n" for i, row in enumerate(rows))
    )
    often = prepare(options(tmp_path, optim={"epochs": 1.0}))
    name = rows[2]["conversation_id"]
    own = sum(piece.targets for piece in once.sequences if piece.conversation_id == name)
    counts = Counter(piece.conversation_id for piece in often.sequences)
    assert counts.pop(name) == 3 and set(counts.values()) == {1}
    planned = [one for step in often.plan for row in step for one in row]
    assert {often.sequences[one].conversation_id for one in planned} == {
        row["conversation_id"] for row in rows
    }
    assert sum(piece.targets for piece in often.sequences) == once.accounting.trained + 2 * own
    assert often.accounting.trained == once.accounting.trained
    assert often.data_hash != once.data_hash


@pytest.mark.parametrize("repeat", [0, 1.5, "2", True])
def test_a_repeat_that_is_no_count_is_refused(tmp_path: Path, repeat: object) -> None:
    path = written(tmp_path)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row | {"repeat": repeat}) + "\n" for row in rows))
    with pytest.raises(DataError, match="whole number from 1 on"):
        prepare(options(tmp_path))


def test_losing_assistant_tokens_over_the_limit_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    written(tmp_path, [conversation("a", [("user", "Hello"), ("assistant", "the fox " * 300)])])
    with pytest.raises(LimitBrokenError, match=r"lost_limit = 1\.0%"):
        fit(options(tmp_path), tmp_path / "run")
    assert fit(options(tmp_path, data={"lost_limit": 1.0}), tmp_path / "run").prepared.accounting.lost > 0


def test_activations_are_recomputed_only_where_a_row_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    (tmp_path / "deep.json").write_text(json.dumps(sizes(num_hidden_layers=12, intermediate_size=512)))
    prepared = prepare(options(tmp_path, model=str(tmp_path / "deep.json"), run={"rows": 1}))
    kept = sizing.sized(prepared, changed(prepared.config, "run", checkpointing="off"))[1].needed
    again = sizing.sized(prepared, changed(prepared.config, "run", checkpointing="on"))[1].needed
    assert again < kept
    for memory, recompute in ((2 * kept, False), (kept, True)):
        monkeypatch.setattr(forecast, "memory", lambda device, memory=memory: memory)
        assert sizing.forecasted(prepared)[2] == recompute
    monkeypatch.setattr(forecast, "memory", lambda device: again // 2)
    with pytest.raises(ConfigError, match="what fits"):
        sizing.forecasted(prepared)


@pytest.mark.filterwarnings("error::FutureWarning")
def test_recomputed_activations_give_the_same_weights(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "llama.json").write_text(json.dumps(sizes()))
    for way in ("on", "off"):
        config = options(
            tmp_path, model=str(tmp_path / "llama.json"), run={"checkpointing": way}, optim={"steps": 3}
        )
        fit(config, tmp_path / way)
    one, other = weights(tmp_path / "on"), weights(tmp_path / "off")
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)


def test_two_conversations_of_one_id_are_refused(tmp_path: Path) -> None:
    written(tmp_path, [*chats(2), *chats(1)])
    with pytest.raises(DataError, match="id c0"):
        fit(options(tmp_path), tmp_path / "run")


def test_tensorboard_is_written_or_said_to_be_missing(tmp_path: Path) -> None:
    import importlib.util

    written(tmp_path)
    config = options(tmp_path, run={"tensorboard": True}, optim={"steps": 1})
    if importlib.util.find_spec("tensorboard") is None:
        with pytest.raises(ConfigError, match="pip install tensorboard"):
            fit(config, tmp_path / "run")
    else:
        fit(config, tmp_path / "run")
        assert any((tmp_path / "run" / "tensorboard").iterdir())


def test_nothing_to_learn_is_said(tmp_path: Path) -> None:
    written(tmp_path, [conversation("a", [("user", "Hello")])])
    with pytest.raises(DataError, match="nothing to learn"):
        fit(options(tmp_path), tmp_path / "run")


def test_a_spike_is_traced_to_its_conversation(tmp_path: Path) -> None:
    sequences = [type("S", (), {"conversation_id": f"c{n}"})() for n in range(3)]
    written_log = log.Log(tmp_path / "log.jsonl")
    for number in range(20):
        loss = 9.0 if number == 15 else 2.0 + number % 3 / 10
        losses = {0: (20.0, 10), 1: (300.0 if number == 15 else 10.0, 5), 2: (1.0, 5)}
        written_log.step(Step(number, loss, 20, 64, 1e-3, 1.0, 0.1, losses), sequences)
    written_log.close()
    (spike,) = [one for one in log.read(tmp_path / "log.jsonl") if one["kind"] == "spike"]
    assert (spike["step"], spike["worst"][0]["conversation_id"], spike["worst"][0]["loss"]) == (
        15,
        "c1",
        60.0,
    )


def test_the_exported_folder_loads_in_plain_transformers_with_equal_logits(tmp_path: Path) -> None:
    written(tmp_path)
    done = fit(options(tmp_path, optim={"steps": 3}), tmp_path / "run")
    export(tmp_path / "run", tmp_path / "out")
    model, known = (
        AutoModelForCausalLM.from_pretrained(tmp_path / "out"),
        AutoTokenizer.from_pretrained(tmp_path / "out"),
    )
    ids = torch.from_numpy(done.prepared.sequences[0].ids[None].astype(np.int64))
    with torch.no_grad():
        assert torch.equal(model.eval()(input_ids=ids).logits, done.model.eval()(input_ids=ids).logits)
    assert known.get_vocab() == done.tokenizer.get_vocab()
    card = (tmp_path / "out" / "README.md").read_text()
    assert done.prepared.data_hash in card
    assert "quick" not in card


def from_scratch_rows(config: Config, done: Any) -> Any:
    """Output rows of the base as it was before it learned."""
    from train.models import load as load_model

    return load_model(config, done.tokenizer, torch.float32, "cpu").get_output_embeddings().weight


@pytest.mark.parametrize("tied", [True, False])
def test_adapters_with_new_tokens_merge_and_load_with_equal_logits(tmp_path: Path, tied: bool) -> None:
    # Tied embeddings, rows for new tokens and merging: transformers #45127, peft #2972.
    written(tmp_path)
    known = tokenizer("own", 422)
    known.chat_template = None
    base = from_scratch(sizes(tie_word_embeddings=tied), known)
    base.save_pretrained(tmp_path / "base")
    known.save_pretrained(tmp_path / "base")
    config = options(tmp_path, model=str(tmp_path / "base"), lora={"rank": 4}, optim={"steps": 4})
    done = fit(config, tmp_path / "run")
    assert len(done.tokenizer) == base.config.vocab_size + 2
    export(tmp_path / "run", tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    ids = torch.from_numpy(done.prepared.sequences[0].ids[None].astype(np.int64))
    end = done.tokenizer.eos_token_id
    with torch.no_grad():
        assert torch.allclose(
            model.eval()(input_ids=ids).logits, done.model.eval()(input_ids=ids).logits, atol=1e-5
        )
        reopened, _ = open_model(tmp_path / "run")
        assert torch.allclose(reopened(input_ids=ids).logits, model(input_ids=ids).logits, atol=1e-5)
    before, after = from_scratch_rows(config, done), model.get_output_embeddings().weight[end]
    assert not torch.equal(before[end], after)
    rows = model.get_input_embeddings().weight.shape[0]
    assert rows == len(done.tokenizer) > end
    assert (tmp_path / "run" / "adapter_config.json").exists()


@pytest.mark.filterwarnings("error::FutureWarning")
def test_adapters_go_on_bit_for_bit_too(tmp_path: Path) -> None:
    written(tmp_path)
    from_scratch(sizes(), tokenizer()).save_pretrained(tmp_path / "base")
    tokenizer().save_pretrained(tmp_path / "base")
    config = options(
        tmp_path, model=str(tmp_path / "base"), lora={"rank": 2, "dropout": 0.1}, optim={"steps": 6}
    )
    fit(config, tmp_path / "whole")
    killed(config, tmp_path / "killed", at=3)
    resume(tmp_path / "killed")
    one, other = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("whole", "killed"))
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_only_the_one_warning_of_peft_is_kept_from_who_trains() -> None:
    with pytest.warns(FutureWarning, match="something else"), lora.asked_by_its_old_name():
        warnings.warn("something else will go", FutureWarning, stacklevel=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with lora.asked_by_its_old_name():
            warnings.warn("`is_gradient_checkpointing` is deprecated and so on", FutureWarning, stacklevel=1)
        with pytest.raises(FutureWarning):
            warnings.warn("`is_gradient_checkpointing` is deprecated and so on", FutureWarning, stacklevel=1)


def test_a_missing_converter_is_said_before_anything_is_written(tmp_path: Path) -> None:
    written(tmp_path)
    fit(options(tmp_path, optim={"steps": 1}), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"clone llama\.cpp"):
        export(tmp_path / "run", tmp_path / "out", gguf=str(tmp_path))
    assert not (tmp_path / "out").exists()


CONVERTER = "import sys\nsys.stderr.write('WARNING: The BPE pre-tokenizer was not recognized')\nsys.exit(1)\n"


def test_a_tokenizer_that_the_converter_does_not_know_is_said_and_the_folder_stands(tmp_path: Path) -> None:
    written(tmp_path)
    fit(options(tmp_path, optim={"steps": 1}), tmp_path / "run")
    (tmp_path / "convert_hf_to_gguf.py").write_text(CONVERTER)
    with pytest.raises(ConfigError, match="does not know this tokenizer"):
        export(tmp_path / "run", tmp_path / "out", gguf=str(tmp_path))
    assert (tmp_path / "out" / "model.safetensors").exists()


def test_a_model_without_type_or_file_is_said(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "bad.json").write_text('{"hidden_size": 8}')
    for source, sentence in (
        (str(tmp_path / "bad.json"), "model_type"),
        (str(tmp_path / "no.json"), "write one of sizes alone"),
        ("", "--model"),
    ):
        config = changed(options(tmp_path), "model", source=source)
        with pytest.raises(ConfigError, match=sentence):
            fit(config, tmp_path / "run")
