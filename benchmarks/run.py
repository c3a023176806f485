"""Conversations per second, megabytes per second and peak memory: pass by pass, for the run, and the floor.

    python benchmarks/run.py --conversations 60000

The floor is what nothing can be faster than: Polars' own scan of the same JSON lines, struct decoding, and a
Parquet file written. Every figure is of this run on this machine: compare within one table only.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it also runs as a script

import polars as pl

from benchmarks.make_corpus import make
from curate import engine, readers, runs, schema
from curate.dedup.conversations import conversation_table
from curate.readers.types import InputOptions
from curate.recipe import load

STATUS = Path("/proc/self/status")


def main() -> None:
    """Make a corpus unless one is given, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversations", type=int, default=60_000)
    parser.add_argument("--logs", type=Path, help="measure on these logs instead of an invented corpus")
    parser.add_argument("--recipe", default="chat")
    parser.add_argument("--workers", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs = asked.logs
        if logs is None:
            make(asked.conversations, 7, Path(folder) / "corpus")
            logs = Path(folder) / "corpus" / "logs"
        megabytes = sum(p.stat().st_size for p in logs.rglob("*") if p.is_file()) / 1e6
        print(f"{megabytes:,.0f} MB of logs, recipe {asked.recipe}\n")
        alone(measure_passes, asked.recipe, str(logs))
        alone(measure_floor, str(logs), folder)
        alone(measure_run, asked.recipe, str(logs), folder, asked.workers, megabytes)


def alone(function: Callable[..., None], *arguments: object) -> None:
    """Call in a process of its own, so that its peak memory is its own."""
    child = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(child.exitcode)


def peak() -> str:
    """Peak resident memory of this process and, apart, of its largest child."""
    own, child = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return f"{own:,.0f} MB" + (f" (+ {child:,.0f} MB a worker)" if child else "")


def forget_peak() -> None:
    """Begin to count this process's peak memory anew (Linux; elsewhere it is that of the whole process)."""
    if STATUS.exists():
        STATUS.with_name("clear_refs").write_text("5")


def peak_since() -> float:
    """MB that this process held at most since `forget_peak`, what it holds all the time included."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure_passes(recipe: str, logs: str) -> None:
    """One process, one shard after the other: seconds of reading and of each pass."""
    made = load(recipe)
    seconds: dict[str, float] = defaultdict(float)
    conversations = messages = size = 0

    peaks: dict[str, float] = defaultdict(float)

    def timed(name: str, call: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        forget_peak()
        begun = time.perf_counter()
        frame = call()
        seconds[name] += time.perf_counter() - begun
        peaks[name] = max(peaks[name], peak_since())
        return frame

    engine.apply(
        made.single, schema.messages({"conversation_id": ["a"], "role": ["user"], "text": ["<b>é</b>"]})
    )
    for piece in readers.plan([InputOptions(files=(logs,))]).pieces:
        frame = timed("read", lambda piece=piece: readers.read(piece).messages)
        for one in made.single:
            frame = timed(one.name, lambda one=one, frame=frame: engine.apply([one], frame))
        numbered = schema.number_conversations(frame)
        table = timed("contents", lambda numbered=numbered: conversation_table(numbered))
        for one in made.globals:
            timed(f"survey {one.name}", lambda one=one, numbered=numbered: one.survey(numbered))
        conversations, messages = conversations + table.height, messages + frame.height
        size += int(frame["text"].str.len_bytes().sum())
    print(
        f"{conversations:,} conversations, {messages:,} messages, {size / 1e6:,.0f} MB of text; peak {peak()}"
    )
    print(f"{'one process':28}{'seconds':>9}{'conv/s':>12}{'messages/s':>13}{'MB/s':>9}{'peak MB':>9}")
    peaks["all of these"] = max(peaks.values())
    for name, spent in [*seconds.items(), ("all of these", sum(seconds.values()))]:
        rates = f"{conversations / spent:>12,.0f}{messages / spent:>13,.0f}{size / 1e6 / spent:>9,.1f}"
        print(f"{name:28}{spent:>9.2f}{rates}{peaks[name]:>9,.0f}")


def measure_floor(logs: str, folder: str) -> None:
    """Polars alone on those JSON lines of the corpus that are sound: scan, decode, write."""
    lines = [line for path in Path(logs).rglob("openai*.jsonl") for line in path.open("rb") if sound(line)]
    if not lines:
        return
    clean, written = Path(folder) / "floor.jsonl", Path(folder) / "floor.parquet"
    clean.write_bytes(b"".join(lines))
    begun = time.perf_counter()
    frame = pl.scan_ndjson(clean, schema={"id": pl.String, "messages": pl.List(SPOKEN)})
    frame.explode("messages").unnest("messages").sink_parquet(written)
    spent = time.perf_counter() - begun
    rows = pl.scan_parquet(written).select(pl.len()).collect().item()
    told = f"{len(lines):,} JSON lines: {spent:.2f} s, {rows / spent:,.0f} messages/s"
    print(f"\nthe floor on {told}; peak {peak()}")


SPOKEN = pl.Struct({"role": pl.String, "content": pl.String})


def sound(line: bytes) -> bool:
    """Whether a line is JSON of the usual types."""
    try:
        return all(isinstance(m["content"], str) for m in json.loads(line)["messages"])
    except (ValueError, KeyError, TypeError):
        return False


def measure_run(recipe: str, logs: str, folder: str, workers: int, megabytes: float) -> None:
    """The whole run, as `curate run` does it, without the report."""
    begun = time.perf_counter()
    done = runs.run(logs, f"{folder}/out", recipe, workers=workers)
    spent, counts = time.perf_counter() - begun, done.manifest["counts"]
    rate = f"{counts['conversations'] / spent:,.0f} conversations/s, {megabytes / spent:,.1f} MB/s"
    kept = f"kept {counts['kept']:,} of {counts['conversations']:,}"
    print(f"\nthe run: {spent:.1f} s, {rate}, {kept}; peak {peak()}")


if __name__ == "__main__":
    main()
