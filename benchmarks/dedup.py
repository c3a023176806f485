"""Speed of near-duplicate detection beside datasketch with Python shingles, on the same texts, in one run.

    python benchmarks/dedup.py [--conversations 100000] [--peer 2000] [--copies 50000] [FILE.jsonl ...]

Prints a table. Without files the texts are made (seeded); a file gives a conversation per line, its
messages under `messages` (role, content). `--threads` runs the kernel in so many threads.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import polars as pl

from curate.dedup.bands import choose_bands
from curate.dedup.conversations import batch_evidence, conversation_table
from curate.kernels.folding import fold, fold_table
from curate.kernels.minhash import band_keys, signatures
from curate.kernels.shingles import shingle_sets
from curate.passes.near_duplicates import NearDuplicates
from curate.schema import messages, number_conversations

Rows = list[tuple[str, str, str]]


def made(conversations: int, seed: int = 1) -> Rows:
    """Short chats, two messages each, about 75 characters together; one in ten nearly repeats another."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("etaoinshrdlucmfwyp", k=draw.randint(2, 8))) for _ in range(5000)]
    rows: Rows = []
    for number in range(conversations):
        if number and draw.random() < 0.1:
            before = 2 * draw.randrange(number)
            said = [rows[before][2], rows[before + 1][2] + " ok"]
        else:
            said = [" ".join(draw.choices(words, k=draw.randint(3, 9))) for _ in range(2)]
        rows += [
            (f"{number:08d}", role, text) for role, text in zip(("user", "assistant"), said, strict=True)
        ]
    return rows


def template(copies: int, seed: int = 2) -> Rows:
    """Copies of one chat that differ in a number and a word."""
    draw = random.Random(seed)
    asked, answered = made(1, seed)[0][2] * 4, made(1, seed + 1)[1][2] * 4
    rows: Rows = []
    for number in range(copies):
        rows.append((f"{number:08d}", "user", f"{asked} order {draw.randrange(10**6)}"))
        rows.append((f"{number:08d}", "assistant", f"{answered} {draw.choice('abcdefgh')}"))
    return rows


def read(paths: Sequence[Path]) -> Rows:
    rows: Rows = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            turns = json.loads(line)["messages"]
            name = f"{path.name}#{len(rows):08d}"
            rows += [(name, turn["role"], turn["content"] or "") for turn in turns]
    return rows


def table_of(rows: Rows) -> pl.DataFrame:
    ids, roles, texts = (list(column) for column in zip(*rows, strict=True))
    return number_conversations(messages({"conversation_id": ids, "role": roles, "text": texts}))


def timed(
    work: Callable[[], object], repeats: int = 3, clock: Callable[[], float] = time.process_time
) -> float:
    """The least seconds of several; of the processor, which other programs on the machine do not lengthen."""
    best = float("inf")
    for _ in range(repeats):
        start = clock()
        work()
        best = min(best, clock() - start)
    return best


def datasketch_seconds(frame: pl.DataFrame) -> float:
    """The same work as `survey`, one Python object a shingle: fold, shingle, MinHash, band keys."""
    import xxhash
    from datasketch import MinHash

    bands = choose_bands(0.8)
    said = (
        frame.group_by("conversation", maintain_order=True).agg("role", "text").select("role", "text").rows()
    )

    def run() -> None:
        for roles, texts in said:
            shingles = set()
            for role, text in zip(roles, texts, strict=True):
                folded = fold(text)
                shingles |= {f"{role}{folded[at : at + 5]}".encode() for at in range(max(len(folded) - 4, 1))}
            signature = MinHash(num_perm=128, scheme="affine32", hashfunc=xxhash.xxh32_intdigest)
            signature.update_batch(shingles)
            words = signature.hashvalues
            [words[at : at + bands.rows].tobytes() for at in range(0, bands.bands * bands.rows, bands.rows)]

    return timed(run, repeats=1)


def in_threads(parts: Sequence[pl.DataFrame]) -> Callable[[], object]:
    gathered = [batch_evidence(part) for part in parts]

    def run() -> None:
        with ThreadPoolExecutor(len(gathered)) as threads:
            list(threads.map(signatures, gathered))

    return run


def halves(frame: pl.DataFrame, number: int) -> list[pl.DataFrame]:
    count = int(frame["conversation"].max() or 0) + 1  # type: ignore[arg-type]
    bounds = [count * part // number for part in range(number + 1)]
    return [
        number_conversations(frame.filter(pl.col("conversation").is_between(start, stop, closed="left")))
        for start, stop in pairwise(bounds)
    ]


def steps(frame: pl.DataFrame, threads: int) -> dict[str, float]:
    """Seconds of each step on the whole frame."""
    evidence = batch_evidence(frame)
    signed, _ = signatures(evidence)
    bands = choose_bands(0.8)
    seconds = {
        "texts to evidence": timed(lambda: batch_evidence(frame)),
        "shingles and signatures (kernel), 1 thread": timed(lambda: signatures(evidence)),
        "band keys": timed(lambda: band_keys(signed, bands.bands, bands.rows)),
        "table of conversations": timed(lambda: conversation_table(frame)),
        "near_duplicates.survey, 1 thread": timed(lambda: NearDuplicates().survey(frame)),
        "shingle sets, as verification needs": timed(lambda: shingle_sets(*evidence, fold_table())),
    }
    if threads > 1:
        seconds[f"shingles and signatures, {threads} threads, by the wall clock"] = timed(
            in_threads(halves(frame, threads)), clock=time.perf_counter
        )
    return seconds


def whole(frame: pl.DataFrame) -> tuple[dict[str, float], int, int]:
    """Seconds of survey, pair and settle; how many pairs and how many go."""
    step, seconds, clock = NearDuplicates(), {}, time.process_time()
    place = pl.col("conversation").cast(pl.UInt64).alias("id")
    rows = step.survey(frame).with_columns(place).drop("conversation")
    seconds["survey"] = time.process_time() - clock
    told = frame.select(place, "turn", "role", "text", "parts")
    clock = time.process_time()
    pairs = step.pair(
        rows, lambda ids: told.join(ids.to_frame("id"), on="id", how="semi", maintain_order="left")
    )
    seconds["pair"] = time.process_time() - clock
    table = conversation_table(frame).with_columns(place, alive=pl.lit(True))
    clock = time.process_time()
    gone = step.settle(pairs, table)
    seconds["settle"] = time.process_time() - clock
    return seconds, pairs.height, gone.height


def show(title: str, seconds: dict[str, float], number: int) -> None:
    print(f"\n{title}\n{'':58}{'seconds':>9}{'conversations/s':>18}")
    for name, spent in seconds.items():
        print(f"{name:58}{spent:9.3f}{number / spent:18,.0f}")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("files", nargs="*", type=Path)
    options.add_argument("--conversations", type=int, default=100_000)
    options.add_argument("--peer", type=int, default=2000, help="conversations given to datasketch")
    options.add_argument("--copies", type=int, default=50_000, help="copies of one template")
    options.add_argument("--threads", type=int, default=2)
    given = options.parse_args()
    frame = table_of(read(given.files) if given.files else made(given.conversations))
    NearDuplicates().survey(frame.head(100))  # compile
    whole(table_of(template(200)))
    number = int(frame["conversation"].max() or 0) + 1  # type: ignore[arg-type]
    length = frame["text"].str.len_chars().sum() / number
    title = f"{number:,} conversations of {length:.0f} characters, one after the other"
    measured = steps(frame, given.threads)
    show(title, measured, number)
    few = frame.filter(pl.col("conversation") < given.peer)
    peer = datasketch_seconds(few)
    few_number = min(given.peer, number)
    show("the same work by datasketch", {"Python shingles, datasketch": peer}, few_number)
    ours = measured["near_duplicates.survey, 1 thread"] / number
    print(f"ratio, both on one thread: {peer / few_number / ours:,.0f}")
    seconds, pairs, gone = whole(frame)
    show(f"survey, pair, settle: {pairs:,} pairs, {gone:,} go", seconds, number)
    seconds, pairs, gone = whole(table_of(template(given.copies)))
    show(f"{given.copies:,} copies of a template: {pairs:,} pairs, {gone:,} go", seconds, given.copies)


if __name__ == "__main__":
    main()
