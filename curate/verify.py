"""Is a finished run whole? Files against their hashes, rows counted, every verdict beside its message."""

from __future__ import annotations

import polars as pl

from curate import manifest
from curate.runs import Run


def verify(out: str) -> list[str]:
    """What is wrong with a finished run, one sentence each; empty where it is whole.

    Raises InputError where there is no finished run.
    """
    run = Run(out)
    told, storage = run.manifest, run.storage
    wrong = []
    for name, expected in told["outputs"].items():
        if not storage.exists(name):
            wrong.append(f"{name} is missing")
        elif manifest.sha256(storage, name) != expected:
            wrong.append(f"{name} is not what the run wrote (its hash differs)")
    if wrong:
        return wrong
    messages, verdicts = storage.names("messages"), storage.names("verdicts")
    if messages:
        keys = ("conversation_id", "turn")
        left = pl.scan_parquet([storage.path(name) for name in messages]).select(keys).collect()
        right = pl.scan_parquet([storage.path(name) for name in verdicts]).select(keys).collect()
        if not left.equals(right):
            wrong.append("verdicts/ does not stand row by row beside messages/")
        if left.height != told["counts"]["messages"]:
            wrong.append(f"messages/ has {left.height} rows, the manifest says {told['counts']['messages']}")
        curated = pl.scan_parquet(
            [storage.path(n) for n in storage.names("curated") if n.endswith(".parquet")]
        )
        kept = int(curated.select(pl.len()).collect().item())
        if kept != told["counts"]["kept"]:
            wrong.append(f"curated/ has {kept} conversations, the manifest says {told['counts']['kept']}")
    return wrong
