"""Our trainer beside others on one GPU: the same weights, conversations, order and steps, a process an arm.

    python benchmarks/train.py --size 124m            # on a GPU: about ten minutes
    python benchmarks/train.py --all                  # the three sizes one after the other (make bench-gpu)
    python benchmarks/train.py --cpu-smoke            # tiny, on a CPU: does everything run and agree?

Needs torch and transformers (and accelerate, trl, liger-kernel for the arms of others); nothing of `curate`.

Arms: `ours`; `trainer` (transformers' Trainer as people run it: padded, SDPA); `trainer-compiled`
(torch.compile, flex attention, one padded shape); `trl` (TRL's packing); `trl-liger` (and Liger's kernels).
An arm counts only if its loss agrees with ours at the first step and at the last. Every arm runs twice,
the second time in reverse order.

MFU counts 6 operations per parameter and token, the head at every token, as is usual; `needed` counts the
head only at tokens that are learned, which is all that a loss on the assistant's messages asks for.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "vocab_size": 512,
    },
    "124m": {
        "hidden_size": 768,
        "intermediate_size": 2048,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "num_key_value_heads": 12,
        "vocab_size": 50304,
    },
    "0.5b": {
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
    },
    "1.5b": {
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
    },
}
"""Llama-form models; 0.5b and 1.5b have the sizes of Qwen2.5's."""

TARGETS = {"124m": 0.40, "0.5b": 0.45, "1.5b": 0.50}
"""MFU that ours must reach on an H200."""
LENGTHS = {"124m": 1024, "0.5b": 2048, "1.5b": 2048}
"""Tokens of a row where none are given."""
MICRO = {"tiny": 512, "124m": 65536, "0.5b": 32768, "1.5b": 16384}
"""Tokens of a micro-batch, about the same in every arm: what a GPU of 80 GB holds without recomputation."""

ARMS = ("ours", "trainer", "trainer-compiled", "trl", "trl-liger")
FIRST, LAST = 0.01, 0.02
"""How far, relatively, an arm's loss may be from ours at the first and at the last step."""


def workload(folder: Path, size: str, length: int, steps: int, step_tokens: int, seed: int = 0) -> None:
    """Write model sizes and conversations: ids of a skewed vocabulary, lengths like chats' (log-normal,
    median 180 tokens, mean 248), every other 24 tokens learned; `steps` steps of as many conversations."""
    rng = np.random.default_rng(seed)
    vocabulary = SIZES[size]["vocab_size"]
    told = {"model_type": "llama", "max_position_embeddings": max(length, 2048), **SIZES[size]}
    (folder / "config.json").write_text(json.dumps(told))
    documents = max(4, round(step_tokens / 248 / 32) * 32)
    sizes = rng.lognormal(np.log(180), 0.8, documents * steps).clip(16, length).astype(np.int64)
    groups = np.arange(len(sizes)).reshape(steps, documents).tolist()
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    ids = (rng.zipf(1.2, offsets[-1]) % (vocabulary - 8) + 8).astype(np.int32)
    trained = np.concatenate([np.arange(one) // 24 % 2 == 1 for one in sizes])
    trained[offsets[:-1]] = False
    np.savez(folder / "work.npz", ids=ids, trained=trained, offsets=offsets)
    (folder / "steps.json").write_text(json.dumps({"groups": groups, "length": length, "micro": MICRO[size]}))


def available(arm: str) -> str:
    """Why an arm cannot run here, or nothing."""
    needs = {
        "trl": ("trl", "datasets"),
        "trl-liger": ("trl", "datasets", "liger_kernel"),
        "trainer": ("accelerate",),
    }
    missing = [name for name in needs.get(arm, ()) if importlib.util.find_spec(name) is None]
    return f"needs {', '.join(missing)}" if missing else ""


def measured(arm: str, folder: Path, device: str, warm_up: int, limit: int) -> dict[str, Any]:
    """One arm in a process of its own, stopped after `limit` seconds."""
    root = Path(__file__).parents[1]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.train_arms", arm, str(folder), device, str(warm_up)],
            capture_output=True,
            text=True,
            check=False,
            cwd=root,
            timeout=limit,
            env={**_environment(), "PYTHONPATH": _path(root)},
        )
    except subprocess.TimeoutExpired:
        return {"arm": arm, "failed": [f"not done after {limit} s"]}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines()
        return {"arm": arm, "failed": said[-1:] or ["no result"], "said": said[-40:]}
    found: dict[str, Any] = json.loads(lines[-1])
    return {"arm": arm, **found}


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}


def _path(root: Path) -> str:
    import os

    return os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])


def judged(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results with `void` where an arm's loss does not agree with ours."""
    ours = next((one for one in results if one["arm"] == "ours" and "failed" not in one), None)
    for one in results:
        if "failed" in one or ours is None:
            continue
        apart = [abs(one["losses"][at] / ours["losses"][at] - 1) for at in (0, -1)]
        one["void"] = bool(apart[0] > FIRST or apart[1] > LAST)
        one["apart"] = [round(value, 5) for value in apart]
    return results


def told(results: list[dict[str, Any]], size: str) -> str:
    """The results as a table, with what the targets ask."""
    lines = [
        f"{'arm':<18}{'tokens/s':>12}{'MFU':>8}{'needed':>8}{'median s':>10}{'p90 s':>9}{'peak GB':>9}"
        f"{'padding':>9}  loss"
    ]
    for one in results:
        if "failed" in one:
            lines.append(f"{one['arm']:<18} failed: {one['failed']}")
            continue
        agrees = "void: differs" if one.get("void") else "agrees"
        lines.append(
            f"{one['arm']:<18}{one['tokens_per_second']:>12,.0f}{one['mfu']:>8.1%}{one['mfu_needed']:>8.1%}"
            f"{one['median']:>10.3f}{one['p90']:>9.3f}{one['peak_bytes'] / 1e9:>9.2f}{one['padding']:>9.1%}  "
            f"{agrees} {one.get('apart')}"
        )
    counted = [one for one in results if "failed" not in one and not one.get("void")]
    best = {
        name: max((one["tokens_per_second"] for one in counted if one["arm"] == name), default=0)
        for name in ARMS
    }
    others = {name: speed for name, speed in best.items() if speed and name != "ours"}
    mine = [one for one in counted if one["arm"] == "ours"]
    if mine and best["trainer"]:
        lines.append(f"ours / trainer: {best['ours'] / best['trainer']:.2f} (target 1.5)")
    if mine and others:
        fastest = max(others, key=lambda name: others[name])
        lines.append(f"ours / {fastest}, the fastest other: {best['ours'] / others[fastest]:.2f} (target 1)")
    if mine and size in TARGETS:
        lines.append(f"MFU {max(one['mfu'] for one in mine):.1%} (target {TARGETS[size]:.0%} on an H200)")
    if mine:
        lines.append(f"recompiled after warm-up: {max(one['recompiled'] for one in mine)} (target 0)")
    liger = [one["peak_bytes"] for one in counted if one["arm"] == "trl-liger"]
    if mine and liger:
        ratio = max(one["peak_bytes"] for one in mine) / min(liger)
        lines.append(f"peak memory, ours / Liger's: {ratio:.2f} (target 1 or less)")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> list[dict[str, Any]]:
    """Run the arms and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=sorted(SIZES), default="124m")
    parser.add_argument("--all", action="store_true", help="124m, 0.5b and 1.5b, one after the other")
    parser.add_argument("--length", type=int, default=0, help="tokens of a row; 0: by size")
    parser.add_argument("--steps", type=int, default=60, help="timed steps")
    parser.add_argument("--warm-up", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2, help="how often each arm runs")
    parser.add_argument("--limit", type=int, default=600, help="seconds after which an arm is stopped")
    parser.add_argument("--step-tokens", type=int, default=131072)
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    parser.add_argument("--cpu-smoke", action="store_true", help="tiny, on a CPU: correctness, not speed")
    given = parser.parse_args(arguments)
    sizes = list(TARGETS) if given.all else [given.size]
    if given.cpu_smoke:
        sizes, given.length, given.steps, given.warm_up, given.step_tokens = ["tiny"], 256, 3, 1, 1500
        given.arms = ",".join(arm for arm in given.arms.split(",") if arm in ("ours", "trainer", "trl"))
    found = {size: raced(size, given) for size in sizes}
    if given.out:
        told = [{"size": size, "results": results} for size, results in found.items()]
        given.out.write_text(json.dumps(told, indent=1))
    return [one for results in found.values() for one in results]


def raced(size: str, given: argparse.Namespace) -> list[dict[str, Any]]:
    """The arms on one size of model, twice on a GPU, judged and printed."""
    device, rounds = ("cpu", 1) if given.cpu_smoke else ("cuda", given.rounds)
    arms = given.arms.split(",")
    length = given.length or LENGTHS[size]
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        workload(Path(place), size, length, given.steps + given.warm_up, given.step_tokens)
        for number in range(rounds):
            for arm in arms if number % 2 == 0 else arms[::-1]:
                why = available(arm)
                results.append(
                    {"arm": arm, "failed": [why]}
                    if why
                    else measured(arm, Path(place), device, given.warm_up, given.limit)
                )
                print(f"{arm}: {'failed' if 'failed' in results[-1] else 'done'}", file=sys.stderr)
    judged(results)
    print(f"\n{size}, {length} tokens a row\n{told(results, size)}")
    return results


if __name__ == "__main__":
    main()
