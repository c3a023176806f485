"""A maker of raw chat corpora of any size in which every planted flaw is known.

    python benchmarks/make_corpus.py --conversations 100000 --seed 7 --out corpus/
    curate run corpus/logs --out out/

`corpus/logs` holds the raw logs, `corpus/truth/*.parquet` a row per planted flaw (see benchmarks/README.md),
`corpus/corpus.json` what was asked and the counts. Same arguments, same texts; memory is that of one chunk.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it also runs as a script

from benchmarks.corpus_plant import Carried, choose, plant
from benchmarks.corpus_text import Language, conversations, load_grammar
from benchmarks.corpus_write import FORMATS, Stream, finish

CHUNK = 20_000


def make(
    count: int, seed: int, out: Path, formats: tuple[str, ...] = tuple(FORMATS), flaws: float = 1.0
) -> Counter[str]:
    """Write a corpus of `count` conversations and give the number of each flaw planted.

    Chunks go to the formats in turn. `flaws` scales the shares of KINDS (0: a flawless corpus).
    Raises ValueError if `out` already holds a corpus, for an unknown format, and where `flaws` is too large.
    """
    if wrong := sorted(set(formats) - set(FORMATS)):
        raise ValueError(f"unknown format '{wrong[0]}'; allowed: {', '.join(FORMATS)}")
    if (out / "corpus.json").exists() or (out / "logs").exists():
        raise ValueError(f"'{out}' already holds a corpus; give an empty folder")
    (out / "logs").mkdir(parents=True)
    (out / "truth").mkdir()
    maker = Maker(seed, flaws, formats, out)
    chunk_size = min(CHUNK, -(-count // len(formats)))  # a small corpus too comes in every format
    planted = Counter[str]()
    for number, start in enumerate(range(0, count, chunk_size)):
        planted.update(maker.chunk(number, start, min(chunk_size, count - start)))
    for stream in maker.streams.values():
        finish(stream)
    facts = {
        "conversations": count,
        "seed": seed,
        "formats": formats,
        "flaws": flaws,
        "planted": dict(planted),
    }
    (out / "corpus.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return planted


@dataclass
class Maker:
    """Writes chunk after chunk; holds the open streams and the few conversations that the next may copy."""

    seed: int
    flaws: float
    formats: tuple[str, ...]
    out: Path
    grammar: list[Language] = field(default_factory=load_grammar)
    streams: dict[str, Stream] = field(default_factory=dict)
    carried: Carried | None = None

    def chunk(self, number: int, start: int, size: int) -> list[str]:
        """Write chunk `number`, whose first conversation has number `start`; the flaws planted in it."""
        chosen = FORMATS[self.formats[number % len(self.formats)]]
        rng = np.random.default_rng([self.seed, number])
        clean = conversations(self.grammar, size, chosen.system, rng)
        flaw = choose(size, self.flaws, chosen.spoilable, rng)
        seed = int(rng.integers(2**62))
        messages, truth, self.carried = plant(clean, flaw, start, self.carried, seed)
        if not chosen.system:  # a copy of a conversation of another format may bring its system message along
            messages, truth = without_system(messages, truth, start)
        place = chosen.file.format(number)
        stream = self.streams.setdefault(place, Stream(self.out / "logs" / place, chosen.by_row))
        told = placed(truth, messages, stream, start)
        lines = told.filter(pl.col("by") == "reader")
        spoil = dict(zip((lines["conversation"] - start).to_list(), lines["flaw"].to_list(), strict=True))
        chosen.write(stream, messages.with_columns(pl.col("conversation") + start), spoil)
        stream.records += messages.height if chosen.by_row else size
        told.write_parquet(self.out / "truth" / f"part-{number:05d}.parquet")
        return told["flaw"].to_list()


def without_system(
    messages: pl.DataFrame, truth: pl.DataFrame, start: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both without system messages, the turns of the truth moved up where one went."""
    headed = messages.filter(pl.col("role") == "system")["conversation"].cast(pl.UInt64) + start
    moved = pl.col("turn") - pl.col("conversation").is_in(headed.implode()).cast(pl.UInt32)
    return messages.filter(pl.col("role") != "system"), truth.with_columns(turn=moved)


def placed(truth: pl.DataFrame, messages: pl.DataFrame, stream: Stream, start: int) -> pl.DataFrame:
    """The truth with the file and the 1-based record of each flaw (of its message, in a row per message)."""
    own = (pl.col("conversation") - start).cast(pl.UInt32)
    if not stream.by_row:
        return truth.with_columns(
            file=pl.lit(stream.path.name), record=own.cast(pl.UInt64) + stream.records + 1
        )
    firsts = messages.with_row_index("at").group_by("conversation").agg(pl.col("at").min().cast(pl.UInt64))
    found = truth.with_columns(own=own).join(
        firsts, left_on="own", right_on="conversation", how="left", maintain_order="left"
    )
    record = pl.col("at") + pl.col("turn").fill_null(0) + stream.records + 2  # row 1 is the headline
    return found.with_columns(file=pl.lit(stream.path.name), record=record).drop("own", "at")


def main() -> None:
    """Read the command line, make the corpus, say what it holds."""
    parser = argparse.ArgumentParser(
        description="Make a raw chat corpus in which every planted flaw is known.",
        epilog="example: python benchmarks/make_corpus.py --conversations 100000 --seed 7 --out corpus/",
    )
    parser.add_argument("--conversations", type=int, required=True, help="how many")
    parser.add_argument("--out", type=Path, required=True, help="an empty folder, or one to be made")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another corpus (default 0)")
    parser.add_argument("--formats", default=",".join(FORMATS), help="of: %(default)s")
    parser.add_argument(
        "--flaws", type=float, default=1.0, help="scales all flaws; 0 plants none (default 1)"
    )
    asked = parser.parse_args()
    began = time.perf_counter()
    try:
        planted = make(
            asked.conversations, asked.seed, asked.out, tuple(asked.formats.split(",")), asked.flaws
        )
    except ValueError as error:
        sys.exit(f"make_corpus: {error}")
    took = time.perf_counter() - began
    size = sum(path.stat().st_size for path in (asked.out / "logs").iterdir())
    print(f"{asked.conversations:,} conversations, {size / 1e6:,.1f} MB in {took:.1f} s", file=sys.stderr)
    for name, number in sorted(planted.items()):
        print(f"{number:>9,}  {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
