"""The laws on any logs: conservation, split invariance, fixpoint, crash safety.

    python benchmarks/laws.py LOGS [--recipe chat]

Prints a line per law; exit status 1 where one is broken. Identity and leaks need planted truth: see
tests/run/test_laws.py.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it also runs as a script

import polars as pl

import curate
from curate.runs import Run
from curate.verify import verify

ROOT = Path(__file__).resolve().parent.parent


def laws(logs: Path, recipe: str, folder: Path) -> Iterator[tuple[str, bool, str]]:
    """Each law, whether it holds, and on what."""
    run = curate.run(logs, folder / "whole", recipe, workers=1)
    counts, table = run.manifest["counts"], run.messages.collect()
    wrong = verify(run.out)
    told = f"{counts['records']:,} records, {counts['messages']:,} messages; " + ("; ".join(wrong) or "whole")
    yield "conservation", not wrong and table.height == counts["messages"], told
    for shard_bytes, workers in ((200_000, 1), (1_000_000, 2)):
        name = f"{shard_bytes:,} bytes a shard, {workers} worker(s)"
        other = curate.run(
            logs, folder / f"cut{shard_bytes}", recipe, workers=workers, shard_bytes=shard_bytes
        )
        same = other.manifest["content"] == run.manifest["content"]
        parts = len(other.storage.names("messages"))
        yield "split invariance", same, f"{name}, {parts} shards" + different(table, other)
    again = curate.run(folder / "whole" / "curated", folder / "again", recipe, workers=1)
    rows = again.messages.collect()
    changed = rows.filter(pl.col("changed_by").is_not_null()).height
    kept, read = (again.manifest["counts"][name] for name in ("kept", "conversations"))
    yield (
        "fixpoint",
        changed == 0 and kept == read,
        f"{read:,} curated again, {changed} changed, {kept:,} kept",
    )
    killed = folder / "killed"
    call = f"{str(logs)!r}, {str(killed)!r}, {recipe!r}, workers=1, shard_bytes=200_000"
    code = f"import curate; curate.run({call})"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while child.poll() is None and len(list((killed / "_work" / "sieved").glob("*.json"))) < 2:
        time.sleep(0.005)
    child.kill()
    child.wait()
    after = curate.run(logs, killed, recipe, workers=1, shard_bytes=200_000)
    same = after.manifest["content"] == run.manifest["content"]
    yield "crash safety", same, "killed after 2 shards and run again" + different(table, after)


def different(table: pl.DataFrame, other: Run) -> str:
    """Which columns differ, for the reader of a broken law."""
    rows = other.messages.collect()
    if rows.height != table.height:
        return f"; {rows.height} rows for {table.height}"
    names = [name for name in table.columns if not table[name].equals(rows[name], null_equal=True)]
    return f"; differ: {', '.join(names)}" if names else ""


def main() -> None:
    """Check and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs", type=Path)
    parser.add_argument("--recipe", default="chat")
    asked = parser.parse_args()
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        for law, holds, told in laws(asked.logs, asked.recipe, Path(folder)):
            print(f"{'holds ' if holds else 'BROKEN'} {law:18} {told}", flush=True)
            broken += not holds
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
