"""How often the intervals of `curate preview` hold what a run then tells, and how far its forecast is off.

    python benchmarks/preview.py --conversations 60000 --seeds 100

One run gives the truth; each seed draws another sample. `all at once` counts the seeds in which every figure
of the funnel lay within its interval. The forecast is compared with runs in processes of their own: compare
CPU seconds where other programs use the cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it also runs as a script

import numpy as np
import polars as pl

from benchmarks.make_corpus import make
from curate import preview as looked
from curate import readers, runs, schema, sieve
from curate.engines import InProcess
from curate.preview.carry import Load, carry
from curate.preview.expected import Step, asked, funnel
from curate.preview.overview import bands_of, look_over, together
from curate.preview.sample import draw, neighbours
from curate.readers.types import InputOptions
from curate.recipe import Recipe, load

ROOT = Path(__file__).resolve().parent.parent
Figures = dict[tuple[str, str, str], int]


def main() -> None:
    """Make a corpus unless one is given, run once, preview often, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversations", type=int, default=60_000)
    parser.add_argument("--logs", type=Path, help="measure on these logs instead of an invented corpus")
    parser.add_argument("--recipe", default="chat")
    parser.add_argument("--sample", type=int, default=looked.SAMPLE)
    parser.add_argument("--seeds", type=int, default=100, help="0: the forecast alone")
    parser.add_argument("--runs", type=int, default=3, help="runs that the forecast is compared with")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs = given.logs
        if logs is None:
            make(given.conversations, 7, Path(folder) / "corpus")
            logs = Path(folder) / "corpus" / "logs"
        if given.runs:
            compare_forecast(str(logs), given.recipe, folder, given.runs)
        if given.seeds:
            compare_intervals(str(logs), given.recipe, folder, given.sample, given.seeds)


def compare_intervals(logs: str, recipe: str, folder: str, sample: int, seeds: int) -> None:
    """Coverage of each figure over the seeds."""
    made = load(recipe)
    truth = told_by(made, runs.run(logs, f"{folder}/truth", recipe).messages.collect())
    shards = runs.cut_into_shards(readers.plan([InputOptions(files=(logs,))]), runs.SHARD_BYTES)
    shares = any(one.shared_above for one in made.globals)
    tasks = [(shard, bands_of(made), shares) for shard in shards]
    overview = together(list(InProcess().map(look_over, tasks)))
    everything = schema.number_conversations(pl.concat([sieve.read(shard).messages for shard in shards]))
    held, widths, all_at_once, most_beside, unnamed = Counter(), defaultdict(list), 0, 0, Counter()
    for seed in range(seeds):
        chosen = draw(overview.names, sample, seed)
        beside, _ = neighbours(overview, chosen, looked.NEIGHBOURS * max(sample, 500))
        places = np.union1d(chosen, beside)
        wanted = pl.Series(places, dtype=pl.UInt32).implode()
        messages = everything.filter(pl.col(schema.CONVERSATION).is_in(wanted)).drop(schema.CONVERSATION)
        carried = carry(Load(made, messages, places, 1, overview.said, False))
        steps = funnel(made, overview, looked.of_sample(carried.messages, places, chosen))
        missed = [key for key, low, high in figures(steps) if not low <= truth.get(key, 0) <= high]
        unnamed.update(set(truth) - {key for key, _, _ in figures(steps)})
        all_at_once += not missed
        most_beside = max(most_beside, len(beside))
        for key, low, high in figures(steps):
            held[key] += key not in missed
            widths[key].append((low, high))
    print(f"\n{overview.conversations:,} conversations, {sample:,} drawn, {seeds} seeds")
    print(f"{'figure':44}{'the run':>10}{'mean interval':>22}{'held':>7}")
    for key, pairs in widths.items():
        low, high = np.mean(pairs, axis=0)
        name = " ".join(part for part in key if part)
        print(f"{name:44}{truth.get(key, 0):>10,}{f'{low:,.0f} to {high:,.0f}':>22}{held[key]:>7}")
    print(f"{'all at once':44}{'':>32}{all_at_once:>7}   (at most {most_beside:,} neighbours carried)")
    if unnamed:
        print(f"figures of the run that some samples did not name: {dict(unnamed)}")


def told_by(made: Recipe, messages: pl.DataFrame) -> Figures:
    """What the run says, figure by figure."""
    numbered = schema.number_conversations(messages)
    found: Figures = {}
    for verb, by, rows, counted in asked(made, numbered):
        each = numbered.group_by(schema.CONVERSATION).agg(rows.sum().alias("rows"), counted.alias("counted"))
        found[verb, by, "messages"] = int(each["rows"].sum())
        if verb != "kept_masked":
            found[verb, by, "conversations"] = int(each["counted"].sum())
    return found


def figures(steps: list[Step]) -> list[tuple[tuple[str, str, str], int, int]]:
    """Each figure with its interval."""
    return [
        ((step.verb, step.by, unit), one.low, one.high)
        for step in steps
        for unit, one in (("conversations", step.conversations), ("messages", step.messages))
        if one is not None
    ]


def compare_forecast(logs: str, recipe: str, folder: str, times: int) -> None:
    """Forecasts beside what runs took: wall and CPU seconds, most memory of all processes together."""
    print(f"{'':12}{'seconds':>10}{'CPU s':>10}{'memory MB':>12}{'written MB':>12}")
    for number in range(times):
        wall, cpu, memory, told = watched(["preview", logs, "--recipe", recipe, "--json", "--quiet"])
        one = json.loads(told)["forecast"]
        line("preview took", wall, cpu, memory, 0)
        line("it forecast", one["seconds"], one["cpu_seconds"], one["memory"], one["written"])
        out = Path(folder) / f"out{number}"
        wall, cpu, peak, _ = watched(["run", logs, "--recipe", recipe, "--out", str(out), "--quiet"])
        line("the run took", wall, cpu, peak, sum(p.stat().st_size for p in out.rglob("*") if p.is_file()))
        off = [one["seconds"] / wall - 1, one["cpu_seconds"] / cpu - 1, one["memory"] / max(peak, 1) - 1]
        print(f"{'off by':12}{off[0]:>10.0%}{off[1]:>10.0%}{off[2]:>12.0%}\n")


def line(name: str, wall: float, cpu: float, memory: float, written: float) -> None:
    """One line of the table."""
    print(f"{name:12}{wall:>10.1f}{cpu:>10.1f}{memory / 2**20:>12,.0f}{written / 2**20:>12,.1f}")


def watched(arguments: list[str]) -> tuple[float, float, int, str]:
    """Wall seconds, CPU seconds, most resident bytes of the whole process tree, and standard output."""
    command = [sys.executable, "-m", "curate.cli", *arguments]
    before, begun = os.times(), time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        child = subprocess.Popen(command, cwd=ROOT, stdout=told)
        most = 0
        while child.poll() is None:
            most = max(most, sum(map(resident, family(child.pid))))
            time.sleep(0.02)
        told.seek(0)
        text = told.read()
    if child.returncode:
        raise SystemExit(child.returncode)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, cpu, most, text


def family(process: int) -> list[int]:
    """A process and all below it (Linux; elsewhere it alone)."""
    found = [process]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:  # it ended meanwhile
                continue
    return found


def resident(process: int) -> int:
    """Bytes resident; 0 for a process that ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    main()
