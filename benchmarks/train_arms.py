"""One arm of the training benchmark, in a process of its own: `train_arms.py ARM FOLDER DEVICE WARM_UP`.

Prints one line of JSON: losses of each step (nats per target), median and 90th percentile of the timed steps,
tokens per second (padding not counted), MFU, peak memory, share of padding.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

LR = 1e-4


class Work:
    """The workload: sizes, conversations as arrays, and which of them make each step."""

    def __init__(self, folder: Path) -> None:
        told, found = json.loads((folder / "steps.json").read_text()), np.load(folder / "work.npz")
        self.groups, self.length, self.micro = told["groups"], told["length"], told["micro"]
        self.ids, self.trained, self.offsets = found["ids"], found["trained"], found["offsets"]
        self.sizes = json.loads((folder / "config.json").read_text())

    def document(self, number: int) -> tuple[Any, Any]:
        """Ids and targets of a conversation."""
        part = slice(self.offsets[number], self.offsets[number + 1])
        return self.ids[part], self.trained[part]

    def tokens(self, step: int) -> int:
        """Tokens of a step, without padding."""
        return int(sum(self.offsets[one + 1] - self.offsets[one] for one in self.groups[step]))

    def model(self, attention: str = "sdpa") -> Any:
        """The same fp32 weights in every arm."""
        from transformers import AutoModelForCausalLM

        torch.manual_seed(0)
        models: Any = AutoModelForCausalLM
        return models.from_config(self.config(), dtype=torch.float32, attn_implementation=attention)

    def config(self) -> Any:
        """The model's sizes as transformers takes them."""
        from transformers import AutoConfig

        told = dict(self.sizes)
        return AutoConfig.for_model(told.pop("model_type"), **told)

    def operations(self) -> tuple[float, float]:
        """Of forward and backward for one token: with the head at each, and only where one is learned."""
        from train import forecast

        config = self.config()
        mean = float((np.diff(self.offsets) ** 2).sum() / self.offsets[-1])
        every = forecast.flops_per_token(config, forecast.parameters_of(config)[1], mean)
        head = 6 * config.vocab_size * config.hidden_size
        return every, every - head * (1 - float(self.trained.mean()))


class Clock:
    """Times of steps; waits for the GPU."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.began = 0.0

    def start(self) -> None:
        self.wait()
        self.began = time.perf_counter()

    def stop(self) -> None:
        self.wait()
        self.times.append(time.perf_counter() - self.began)

    @staticmethod
    def wait() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()


def graphs() -> int:
    """Graphs that torch has compiled in this process."""
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])


def ours(work: Work, device: str, warm_up: int = 0) -> dict[str, Any]:
    """Our loop: packed rows, attention by document, chunked loss."""
    from train import attention, loop, pack
    from train.checkpoint import State
    from train.config import Config, Optim, Run
    from train.render import Rendered

    blank = np.zeros(0)
    sequences = [
        Rendered(str(n), *work.document(n), blank, blank, blank) for n in range(len(work.offsets) - 1)
    ]
    lengths = [len(one) for one in sequences]
    plan = [tuple(pack.best_fit(lengths, work.length, group)) for group in work.groups]
    rows = pack.even_rows(plan, max(1, work.micro // work.length))
    model = work.model().to(device)
    backend = attention.choose("auto", model.config, device)
    attention.attach(model, backend, work.length)
    optim = Optim(lr=LR, betas=(0.9, 0.95), weight_decay=0.1, clip=1.0, schedule="constant", warmup=0.0)
    setup = loop.Setup(
        config=Config(optim=optim, run=Run(rows=rows)),
        model=model,
        sequences=sequences,
        plan=plan,
        rows=rows,
        row_length=work.length,
        documents=pack.capacity(plan, rows),
        pad=0,
        backend=backend,
        device=device,
        dtype=torch.bfloat16 if device == "cuda" else torch.float32,
    )
    steps, warm = [], 0
    for step in loop.run(setup, loop.optimizer_of(model, optim, device), State()):
        steps.append(step)
        warm = graphs() if len(steps) <= warm_up else warm
    slots = sum(step.slots for step in steps)
    return {
        "losses": [step.loss for step in steps],
        "times": [step.seconds for step in steps],
        "padding": 1 - sum(work.tokens(n) for n in range(len(plan))) / slots,
        "attention": backend,
        "recompiled": graphs() - warm,
    }


def trainer(work: Work, device: str, compiled: bool = False) -> dict[str, Any]:
    """transformers' Trainer as people run it: padded batches, accumulation, its own loss."""
    from transformers import Trainer, TrainingArguments

    documents = len(work.groups[0])
    width = min(max(4, work.micro // 1024), documents)  # padded to the longest of so many: about `micro`
    slots = 0

    def padded(chosen: list[dict[str, Any]]) -> dict[str, Any]:
        nonlocal slots
        longest = work.length if compiled else max(len(one["input_ids"]) for one in chosen)
        slots += longest * len(chosen)
        return {
            name: torch.tensor([one[name] + [fill] * (longest - len(one[name])) for one in chosen])
            for name, fill in PADS.items()
        }

    data = []
    for ids, trained in map(work.document, [one for group in work.groups for one in group]):
        labels = np.where(trained, ids, -100).tolist()
        data.append({"input_ids": ids.tolist(), "labels": labels, "attention_mask": [1] * len(ids)})
    keeper = clock_callback()
    arguments = TrainingArguments(
        "/tmp/unused-trainer",
        torch_compile=compiled,
        train_sampling_strategy="sequential",
        per_device_train_batch_size=width,
        gradient_accumulation_steps=documents // width,
        remove_unused_columns=False,
        **common(work, device),
    )
    model = work.model("flex_attention" if compiled else "sdpa")
    Trainer(model, arguments, train_dataset=data, data_collator=padded, callbacks=[keeper]).train()
    padding = 1 - sum(work.tokens(n) for n in range(len(work.groups))) / slots
    return {"losses": keeper.losses, "times": keeper.clock.times, "padding": padding}


PADS = {"input_ids": 0, "labels": -100, "attention_mask": 0}


def common(work: Work, device: str) -> dict[str, Any]:
    """What the arms of others share: our optimiser's options, nothing saved or shown."""
    return {
        "max_steps": len(work.groups),
        "learning_rate": LR,
        "lr_scheduler_type": "constant",
        "weight_decay": 0.1,
        "adam_beta2": 0.95,
        "max_grad_norm": 1.0,
        "bf16": device == "cuda",
        "use_cpu": device == "cpu",
        "report_to": [],
        "save_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
    }


def clock_callback() -> Any:
    """Keeps the times and losses of steps."""
    from transformers import TrainerCallback

    class Keeper(TrainerCallback):
        def __init__(self) -> None:
            self.clock, self.losses = Clock(), []

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.clock.start()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.clock.stop()

        def on_log(self, arguments: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                self.losses.append(logs["loss"])

    return Keeper()


def trl(work: Work, device: str, liger: bool = False) -> dict[str, Any]:
    """TRL's SFTTrainer with its packing, in an order of its own: steps hold about as many tokens, but not the
    same conversations, so its losses agree within the limits only."""
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast
    from trl import SFTConfig, SFTTrainer

    order = [one for group in work.groups for one in group]
    documents = [work.document(one) for one in order]
    data = Dataset.from_dict(
        {
            "input_ids": [ids.tolist() for ids, _ in documents],
            "labels": [np.where(trained, ids, -100).tolist() for ids, trained in documents],
        }
    )
    rows = max(1, work.micro // work.length)
    mean = sum(map(work.tokens, range(len(work.groups)))) / len(work.groups)
    accumulated = max(1, round(mean / (rows * work.length)))
    arguments = SFTConfig(
        "/tmp/unused-trl",
        packing=True,
        max_length=work.length,
        per_device_train_batch_size=rows,
        gradient_accumulation_steps=accumulated,
        gradient_checkpointing=False,
        use_liger_kernel=liger,
        **common(work, device),
    )
    attention = "flex_attention" if device == "cuda" else "sdpa"
    plain: Any = PreTrainedTokenizerFast
    known = plain(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, "a")), pad_token="a", eos_token="a")
    keeper = clock_callback()
    SFTTrainer(
        work.model(attention), arguments, train_dataset=data, processing_class=known, callbacks=[keeper]
    ).train()
    return {
        "losses": keeper.losses,
        "times": keeper.clock.times,
        "padding": 0.0,
        "step_tokens": rows * accumulated * work.length,
    }


ARMS = {
    "ours": ours,
    "trainer": trainer,
    "trainer-compiled": lambda work, device: trainer(work, device, compiled=True),
    "trl": trl,
    "trl-liger": lambda work, device: trl(work, device, liger=True),
}


def main() -> None:
    arm, folder, device, warm_up = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    torch.set_float32_matmul_precision("high")
    if device == "cpu":
        torch.set_num_threads(1)
    from transformers.utils import logging

    from train import forecast

    logging.set_verbosity_error()
    work = Work(folder)
    began = time.perf_counter()
    found = ours(work, device, warm_up) if arm == "ours" else ARMS[arm](work, device)
    times = np.array(found.pop("times")[warm_up:])
    of_step = found.pop("step_tokens", 0)
    tokens = np.array([of_step or work.tokens(n) for n in range(warm_up, len(work.groups))])[: len(times)]
    every, needed = work.operations()
    speed = float(np.median(tokens / times))
    told = {
        **found,
        "median": float(np.median(times)),
        "p90": float(np.quantile(times, 0.9)),
        "tokens_per_second": speed,
        "mfu": speed * every / forecast.peak_flops(device),
        "mfu_needed": speed * needed / forecast.peak_flops(device),
        "peak_bytes": torch.cuda.max_memory_allocated() if device == "cuda" else 0,
        "seconds": time.perf_counter() - began,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
