"""Do limits by group bring false positives together? HateCheck and its French sister, half against half.

    python benchmarks/calibrate.py DATA/tox

Limits are found on one half of the cases and measured on the other, both ways round. Printed for each group
that HateCheck says its case is about, and for each group mentioned: false positives with the shared limit and
with limits of their own, and what is missed; then the spread (largest less smallest rate among groups).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))

from curate.bias.stats import wilson
from curate.calibration.finding import calibrate
from curate.calibration.labelled import scored
from curate.kernels.hashing import hash_texts
from curate.passes.too_toxic import TooToxic
from curate.passes.toxicity import Toxicity

FILES = {"en": "hatecheck_en.csv", "fr": "mhc_french.dev.csv"}


def cases(folder: Path) -> pl.DataFrame:
    """Every case with language, target, label, score, groups mentioned, and its half."""
    parts = [
        pl.read_csv(folder / name, infer_schema=False).select(
            pl.col("test_case").alias("text"),
            (pl.col("label_gold") == "hateful").alias("toxic"),
            pl.lit(language).alias("language"),
            pl.format("{} {}", pl.lit(language), pl.col("target_ident").fill_null("no group")).alias(
                "target"
            ),
        )
        for language, name in FILES.items()
    ]
    told = scored(pl.concat(parts), Toxicity())
    return told.with_columns((hash_texts(told["text"]) % 2).alias("half"), role=pl.lit("assistant"))


def held_out(told: pl.DataFrame, shared: float, every: bool) -> pl.DataFrame:
    """Each case judged by the shared limit (`before`) and by limits found on the other half (`after`)."""
    parts = []
    for half in (0, 1):
        found = calibrate(told.filter(pl.col("half") != half), shared, every=every)
        rules = TooToxic(limit=shared), TooToxic(limit=shared, group_limits=found.limits)
        some = told.filter(pl.col("half") == half)
        parts.append(
            some.with_columns(
                r.decide_when().alias(n) for n, r in zip(("before", "after"), rules, strict=True)
            )
        )
        told_of = f"{len(found.limits)} limits of {len(found.groups)} groups"
        print(f"  half {1 - half}: {told_of}, usual rate {found.target:.1%}")
    return pl.concat(parts)


def rates(judged: pl.DataFrame, key: str) -> pl.DataFrame:
    """By key: harmless texts, false positives before and after; toxic texts, missed before and after."""
    return judged.group_by(key).agg(
        (~pl.col("toxic")).sum().alias("n"),
        *((pl.col(name) & ~pl.col("toxic")).sum().alias(f"wrong {name}") for name in ("before", "after")),
        pl.col("toxic").sum().alias("toxic"),
        *((~pl.col(name) & pl.col("toxic")).sum().alias(f"missed {name}") for name in ("before", "after")),
    ).sort(key)  # fmt: skip


def shown(table: pl.DataFrame, key: str) -> None:
    """The table with intervals."""
    print(f"| {key} | n | wrong before | after | toxic | missed before | after |")
    print("|---|---:|---|---|---:|---:|---:|")
    for row in table.iter_rows(named=True):
        cells = []
        for name in ("before", "after"):
            low, high = wilson(row[f"wrong {name}"], row["n"])
            cells.append(f"{row[f'wrong {name}'] / row['n']:.1%} ({low:.1%}-{high:.1%})")
        missed = [f"{row[f'missed {name}'] / max(row['toxic'], 1):.0%}" for name in ("before", "after")]
        print(f"| {row[key]} | {row['n']} | {' | '.join(cells)} | {row['toxic']} | {' | '.join(missed)} |")


def spread(table: pl.DataFrame) -> str:
    """Largest less smallest rate among keys of 30 harmless texts or more."""
    large = table.filter(pl.col("n") >= 30)
    told = [large.select(pl.col(f"wrong {name}") / pl.col("n")).to_series() for name in ("before", "after")]
    return " -> ".join(f"{float(one.max()) - float(one.min()):.1%}" for one in told)  # type: ignore[arg-type]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    told = cases(parser.parse_args().folder)
    for shared in (0.5, 0.8):
        for every in (False, True):
            print(f"shared limit {shared}, {'every group' if every else 'groups that stand out'}")
            judged = held_out(told, shared, every)
            by_target = rates(judged, "target")
            mentions = (
                judged.drop_nulls("groups").with_columns(pl.col("groups").str.split(" ")).explode("groups")
            )
            by_mention = rates(
                mentions.with_columns(groups=pl.col("language") + "/" + pl.col("groups")), "groups"
            )
            shown(by_target, "target")
            shown(by_mention.filter(pl.col("n") >= 30), "groups")
            print(f"spread by target {spread(by_target)}, by mention {spread(by_mention)}")


if __name__ == "__main__":
    main()
