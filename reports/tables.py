"""Counts over a run: one narrow pass over each part, integer sums that add up whatever the cut into parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from curate.schema import ROLE, VERDICT
from reports.files import Part

SLICE_KINDS = ("source", "language", "role")
WORD_EDGES = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
TURN_EDGES = (1, 2, 3, 4, 5, 7, 9, 13, 17, 33, 65)
SCORE_BINS = 20
MEASURES = ("toxicity", "garbled", "repetition", "pii", "characters")
FINE = 1_000_000  # jaccards are summed up as integers: the same whatever the order
NUMBER = r"(?:[1-9]\d*(?:[.,]\d+)*|0(?:[.,]\d+)+)"
LIMIT = "\ue000"  # stands before a number that is a limit, while the others are taken out
KEPT_NAMES = 5_000

KEPT, MASKED, DROPPED = (pl.col("verdict") == name for name in ("keep", "mask", "drop"))
CONVERSATIONS = pl.col("conversation").n_unique().cast(pl.Int64).alias("conversations")
MESSAGES = pl.len().cast(pl.Int64).alias("messages")


@dataclass
class Tables:
    """The sums: a frame per question, its keys first, its counts after."""

    rows: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def add(self, name: str, frame: pl.DataFrame) -> None:
        """One part's answer; text keys, so that the answers of all parts meet."""
        text = [key for key, kind in frame.schema.items() if isinstance(kind, (pl.Enum, pl.Categorical))]
        parts = self.rows.setdefault(name, [])
        parts.append(frame.with_columns(pl.col(text).cast(pl.String)))
        if len(parts) >= 16:
            self.rows[name] = [_summed(parts)]

    def get(self, name: str) -> pl.DataFrame:
        """The sums over all parts, ordered by key; an empty frame where no part had an answer."""
        found = self.rows.get(name)
        return _summed(found) if found else pl.DataFrame()


def _summed(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat(frames, how="vertical_relaxed")
    counts = [name for name, kind in whole.schema.items() if kind == pl.Int64]
    keys = [name for name in whole.columns if name not in counts]
    if not keys:
        return whole.sum()
    return whole.group_by(keys).agg(pl.col(counts).sum()).sort(keys)


def read_part(part: Part, extra: Sequence[str] = ()) -> pl.DataFrame:
    """What counting needs of a part, `row` and `conversation` (numbers in the part) beside it.

    Columns that the run did not measure come as null; `words` is counted where it was not measured.
    """
    texts, verdicts = pl.scan_parquet(part.messages), pl.scan_parquet(part.verdicts)
    found = texts.collect_schema()
    wanted = ["conversation_id", "turn", "role", "source", "record", "changed_by", *extra]
    numbers = [name for name in MEASURES if name in found]
    pii = [
        name
        for name, kind in found.items()
        if name.startswith("pii_") and (kind.is_integer() or kind == pl.String)
    ]
    words = pl.col("words") if "words" in found else pl.col("text").str.count_matches(r"\S+")
    language = pl.col("language") if "language" in found else pl.lit(None)
    narrow = texts.select(
        *wanted,
        *numbers,
        *pii,
        words.cast(pl.Int64).alias("words"),
        language.cast(pl.String).alias("language"),
    ).collect()
    lines = ["verdict", "decided_by", "evidence", "flags", "duplicate_of", "jaccard"]
    told = verdicts.collect_schema()
    decided = verdicts.select(
        pl.col(name) if name in told else pl.lit(None).alias(name) for name in lines
    ).collect()
    missing = [name for name in MEASURES if name not in found]
    return pl.concat([narrow, decided], how="horizontal").with_columns(
        pl.col("conversation_id").rle_id().alias("conversation"),
        pl.col("role").cast(ROLE),
        pl.col("verdict").cast(VERDICT),
        pl.col("duplicate_of").cast(pl.String),
        pl.col("jaccard").cast(pl.Float64),
        *(pl.lit(None, dtype=pl.Float64).alias(name) for name in missing),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
    )


def tally(frame: pl.DataFrame, order: Sequence[str], tables: Tables) -> None:
    """Add the counts of one part to `tables`. `order` names the passes as the recipe runs them."""
    whole = _conversations(frame, order)
    tables.add("totals", _totals(frame, whole))
    tables.add("taken", whole.filter("gone").group_by("taker").agg(MESSAGES.alias("conversations")))
    for name, column in (("changed", "changed_by"), ("flagged", "flags")):
        marked = frame.filter(pl.col(column).is_not_null()).select(
            "conversation", pl.col(column).str.split(" ").alias("name")
        )
        tables.add(name, marked.explode("name").group_by("name").agg(CONVERSATIONS, MESSAGES))
    decided = frame.filter(~KEPT)
    tables.add("decided", decided.group_by("decided_by", "verdict").agg(CONVERSATIONS, MESSAGES))
    tables.add("reasons", _reasons(decided))
    for kind in SLICE_KINDS:
        key = pl.col(kind).cast(pl.String).fill_null("").alias("name")
        tables.add(kind, frame.group_by(key).agg(CONVERSATIONS, MESSAGES, *_fates()))
        by = frame.filter(DROPPED).group_by(key, "decided_by").agg(MESSAGES)
        tables.add(f"{kind} by", by)
    tables.add("words", _histogram(frame, "words", WORD_EDGES))
    tables.add("turns", _histogram(whole.rename({"messages": "turns"}), "turns", TURN_EDGES))
    score = (pl.col("toxicity") * SCORE_BINS).floor().clip(0, SCORE_BINS - 1).cast(pl.Int32).alias("bin")
    scored = frame.filter(pl.col("toxicity").is_not_null())
    tables.add("toxicity", scored.group_by(score).agg(MESSAGES, KEPT.sum().cast(pl.Int64).alias("kept")))
    tables.add("clusters", _clusters(whole))
    tables.add("pii", _private(frame))


def _fates() -> list[pl.Expr]:
    """How many rows of a group came to each end."""
    marks = {
        "kept": KEPT,
        "masked": MASKED,
        "dropped": DROPPED,
        "flagged": pl.col("flags").is_not_null() & KEPT,
        "changed": pl.col("changed_by").is_not_null(),
    }
    return [mark.sum().cast(pl.Int64).alias(name) for name, mark in marks.items()]


def _conversations(frame: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """A row per conversation: what became of it, and which pass took the last of it."""
    place = {name: i for i, name in enumerate(order)}
    # A decision of no pass came with the input: before all of them.
    rank = pl.col("decided_by").replace_strict(place, default=-1, return_dtype=pl.Int32)
    return (
        frame.with_columns(pl.when(DROPPED).then(rank).alias("rank"))
        .group_by("conversation", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("messages"),
            DROPPED.all().alias("gone"),
            DROPPED.any().alias("cut"),
            MASKED.any().alias("masked"),
            (pl.col("flags").is_not_null() & KEPT).any().alias("flagged"),
            pl.col("changed_by").is_not_null().any().alias("changed"),
            (pl.col("role") == "assistant").any().alias("answered"),
            pl.col("decided_by").filter(pl.col("rank") == pl.col("rank").max()).last().alias("taker"),
            pl.col("duplicate_of").drop_nulls().first(),
            pl.col("jaccard").drop_nulls().first(),
            pl.col("conversation_id").first(),
        )
        .with_columns(
            pl.when("gone").then(pl.lit("drop")).otherwise(pl.lit("keep")).alias("verdict"),
        )
    )


def _totals(frame: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    of_messages = frame.select(MESSAGES, *(fate.name.prefix("messages_") for fate in _fates()))
    marks = {
        "gone": pl.col("gone"),
        "trimmed": pl.col("cut") & ~pl.col("gone"),
        "masked": pl.col("masked"),
        "flagged": pl.col("flagged"),
        "changed": pl.col("changed"),
        "unanswered": ~pl.col("answered") & ~pl.col("gone"),
    }
    of_whole = whole.select(
        pl.len().cast(pl.Int64).alias("conversations"),
        *(mark.sum().cast(pl.Int64).alias(f"conversations_{name}") for name, mark in marks.items()),
    )
    return pl.concat([of_messages, of_whole], how="horizontal")


def reason_shape() -> pl.Expr:
    """Evidence without what differs from message to message: places, ids, and numbers that are no limit."""
    return (
        pl.col("evidence")
        .fill_null("")
        .str.replace(r"^turn \d+: ", "")
        .str.replace(r"^(same as|(?:near-)?duplicate of) .*?( \(jaccard [\d.]+\))?$", "$1 …$2")
        .str.replace_all(r"([<>=]) (\d)", f"$1 {LIMIT}$2")
        .str.replace_all(r"(^|[ (])" + NUMBER, "${1}…")
        .str.replace_all(LIMIT, "")
        .alias("reason")
    )


def _reasons(decided: pl.DataFrame) -> pl.DataFrame:
    shaped = decided.with_columns(reason_shape().str.slice(0, 200))
    counts = shaped.group_by("decided_by", "reason").agg(MESSAGES)
    return counts.sort("messages", "decided_by", "reason", descending=[True, False, False]).head(KEPT_NAMES)


def _histogram(frame: pl.DataFrame, column: str, edges: Sequence[int]) -> pl.DataFrame:
    places = pl.lit(pl.Series(edges)).search_sorted(pl.col(column), side="right").cast(pl.Int32) - 1
    known = frame.filter(pl.col(column).is_not_null())
    kept = (pl.col("verdict").cast(pl.String) != "drop").sum().cast(pl.Int64).alias("kept")
    return known.with_columns(bin=places).group_by("bin").agg(MESSAGES, kept)


def _clusters(whole: pl.DataFrame) -> pl.DataFrame:
    removed = whole.filter(pl.col("duplicate_of").is_not_null())
    return removed.group_by("duplicate_of").agg(MESSAGES.alias("removed"))


def _private(frame: pl.DataFrame) -> pl.DataFrame:
    """Values replaced by kind, from `pii_<kind>` counts or from `pii_kinds` (`email:2 phone`)."""
    empty = pl.DataFrame(schema={"name": pl.String, "values": pl.Int64})
    columns = [name for name, kind in frame.schema.items() if name.startswith("pii_") and kind.is_integer()]
    if columns:
        sums = frame.select(pl.col(columns).sum().cast(pl.Int64)).unpivot(
            variable_name="name", value_name="values"
        )
        return sums.with_columns(pl.col("name").str.strip_prefix("pii_"))
    if "pii_kinds" not in frame.columns:
        return empty
    told = frame.filter(pl.col("pii_kinds").fill_null("") != "")
    words = told.select(pl.col("pii_kinds").str.extract_all(r"[^\s,;]+").alias("word")).explode("word")
    number = pl.col("word").str.extract(r"[:=](\d+)$").cast(pl.Int64).fill_null(1)
    name = pl.col("word").str.replace(r"[:=]\d+$", "").str.to_lowercase().alias("name")
    return words.group_by(name).agg(number.sum().alias("values")) if words.height else empty
