"""Everything that is counted in one part of a run, as small tables that add up over parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from curate import schema
from curate.bias import origins
from curate.bias.facts import Settings
from curate.bias.lexicon import LANGUAGES, load
from curate.bias.matching import group_keys, matches
from curate.bias.saying import answers, drawn, gendered, measures, sentences, word_counts
from curate.bias.sentiment import sentiment
from curate.kernels.hashing import hash_columns

SLICES = ("source", "language", "role")
FATE = ("flags", "verdict", "decided_by")
NEEDED = ("conversation_id", "tree", "turn", "role", "text", "source", "extra", *schema.DECISIONS)
VERDICT_COLUMNS = (*schema.DECISIONS, "duplicate_of")
"""Those that lie in verdicts/."""
MEASURED = ("language", "toxicity", "refusal", "duplicate_of")
"""Columns that are read where the run has them."""


@dataclass(frozen=True)
class Counts:
    """Tables of one part, or of several together.

    `fates`: n messages by kind, slice, role, block and what was decided. `units`: conversations by kind and
    slice; `mentioning`: by the mask of groups they mention. `measures`: n, total, squares by kind (group,
    source or a declared field), language, group ("" for any), about, measure, block, of kept messages;
    `read`: of all. `words`: conversations by language, mask of groups, word; `documents` the same without
    words; `spelled`: how a word is written. `gendered`: conversations by language, kind (role or occupation)
    and name. `answers`: a row per question of a user that names one group of an axis. `sentences`: texts to
    swap groups in.
    """

    fates: pl.DataFrame
    units: pl.DataFrame
    mentioning: pl.DataFrame
    measures: pl.DataFrame
    read: pl.DataFrame
    words: pl.DataFrame
    spelled: pl.DataFrame
    documents: pl.DataFrame
    gendered: pl.DataFrame
    answers: pl.DataFrame
    sentences: pl.DataFrame


def count(part: pl.DataFrame, settings: Settings, declared: Iterable[str] = ()) -> Counts:
    """The counts of a part: rows of messages with their verdicts, whole conversations."""
    rows = prepared(part, settings, declared)
    found = matches(rows["text"], rows["language"] if "language" in part.columns else None)
    marked = with_marks(rows, found)
    mentions = (
        found.filter(pl.col("kind") == "group")
        .select("row", pl.col("means").alias("group"))
        .unique(maintain_order=True)
    )
    spoken = marked.filter(pl.col("mask") != 0)
    kept = spoken.filter(pl.col("kept"))
    documents, counted, spelled = word_counts(kept)
    return Counts(
        fates=fates(marked, mentions, declared),
        units=units(marked, mentions, declared),
        mentioning=mentioning(marked),
        measures=every_kind(marked, mentions, declared, every=False),
        read=every_kind(marked, mentions, declared, every=True),
        words=counted,
        spelled=spelled,
        documents=documents,
        gendered=gendered(marked, found),
        answers=answers(marked, found),
        sentences=sentences(marked, found, settings),
    )


def together(parts: Iterable[Counts], settings: Settings) -> Counts:
    """The counts of all parts; equal keys are added up."""
    held = list(parts)
    measured = (
        ["kind", "language", "group", "about", "measure", "block"],
        ["n", "total", "squares", "conversations"],
    )
    sums = {
        "fates": (["kind", "slice", "role", "block", *FATE], ["n"]),
        "units": (["kind", "slice"], ["conversations"]),
        "mentioning": (["mask", "role", "kept"], ["conversations"]),
        "measures": measured,
        "read": measured,
        "words": (["language", "mask", "word"], ["n"]),
        "documents": (["language", "mask"], ["n"]),
        "gendered": (["language", "kind", "name", "gender"], ["n"]),
    }
    joined = {}
    for one in fields(Counts):
        whole = pl.concat([getattr(part, one.name) for part in held])
        if one.name in sums:
            keys, values = sums[one.name]
            whole = whole.group_by(keys).agg(pl.col(values).sum()).sort(keys)
        elif one.name == "spelled":
            whole = whole.unique(["language", "word"], keep="first", maintain_order=True)
        elif one.name == "sentences":
            whole = drawn(whole, settings)
        joined[one.name] = whole
    return Counts(**joined)


def every_kind(
    marked: pl.DataFrame, mentions: pl.DataFrame, declared: Iterable[str], *, every: bool
) -> pl.DataFrame:
    """The measures by `kind`: of groups mentioned, by source, and by what each declared field says."""
    found = [measures(marked, mentions, every=every).with_columns(kind=pl.lit("group"))]
    found.append(origins.toxicity(marked, every=every).select(found[0].columns))
    for name in declared:
        kind = f"declared.{name}"
        told = marked.with_columns((pl.col(kind) != "").cast(pl.UInt64).alias("mask"))
        said = told.filter(pl.col("mask") != 0).select("row", pl.col(kind).alias("group"))
        found.append(measures(told, said, every=every).with_columns(kind=pl.lit(kind)))
    return pl.concat(found)


def prepared(part: pl.DataFrame, settings: Settings, declared: Iterable[str]) -> pl.DataFrame:
    """The part's rows with `row`, `conversation`, `block`, `kept`; missing measures are null.

    A block is a bucket of conversations, by hash. Conversations that were branches of one tree, or copies of
    one another, are in one block: they are no independent evidence.
    """
    rows = schema.number_conversations(part).with_row_index("row")
    missing = {
        "language": pl.String,
        "toxicity": pl.Float64,
        "refusal": pl.Boolean,
        "duplicate_of": pl.String,
    }
    rows = rows.with_columns(
        pl.lit(None, kind).alias(name) for name, kind in missing.items() if name not in rows.columns
    )
    cluster = pl.coalesce("tree", "duplicate_of", "conversation_id").alias("cluster")
    firsts = rows.select(schema.CONVERSATION, cluster).unique(
        schema.CONVERSATION, keep="first", maintain_order=True
    )
    hashes = hash_columns(firsts, ["cluster"])
    blocks = firsts.select(schema.CONVERSATION).with_columns(
        pl.Series("block", (hashes % np.uint64(settings.blocks)).astype(np.uint16))
    )
    told = [
        pl.col("extra").str.json_path_match(f"$['{name}']").fill_null("").alias(f"declared.{name}")
        for name in declared
    ]
    return rows.join(blocks, on=schema.CONVERSATION, how="left", maintain_order="left").with_columns(
        (pl.col("verdict") == "keep").alias("kept"), pl.col("role", "verdict").cast(pl.String), *told
    )


def with_marks(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The rows with the mask of the groups they mention, whether they are polite, say she, say he; sentiment.

    Sentiment is null in languages without terms.

    Where the run measured no language, a message has that of the terms found in it.
    """
    bits = pl.DataFrame(
        {
            "means": group_keys(),
            "bit": np.left_shift(np.uint64(1), np.arange(len(group_keys()), dtype=np.uint64)),
        }
    )
    masks = (
        found.filter(pl.col("kind") == "group")
        .select("row", "means")
        .unique()
        .join(bits, on="means")
        .group_by("row")
        .agg(pl.col("bit").sum().alias("mask"))
    )
    if rows["language"].null_count() == rows.height:
        told = found.filter(pl.col("kind") == "group").unique("row", keep="first", maintain_order=True)
        rows = rows.drop("language").join(
            told.select("row", "language"), on="row", how="left", maintain_order="left"
        )
    marked = rows.join(masks, on="row", how="left", maintain_order="left")
    flags = {}
    for kind in ("polite", "she", "he"):
        hit = np.zeros(rows.height, np.bool_)
        hit[found.filter(pl.col("kind") == kind)["row"].to_numpy()] = True
        flags[kind] = hit
    marked = marked.with_columns(
        pl.col("mask").fill_null(0),
        pl.col("language").fill_null("und"),
        *(pl.Series(name, hit) for name, hit in flags.items()),
    ).join(sentiment(found), on=["row", "language"], how="left", maintain_order="left")
    value = pl.when(pl.col("language").is_in(list(LANGUAGES))).then(pl.col("sentiment").fill_null(0.0))
    return marked.with_columns(value.alias("sentiment"))


def fates(marked: pl.DataFrame, mentions: pl.DataFrame, declared: Iterable[str]) -> pl.DataFrame:
    """Messages by kind, slice, role, block and what was decided; kinds "all" and "mention" are the totals."""
    keys = ["kind", "slice", "role", "block", *FATE]
    lean = marked.select("row", *SLICES, *(f"declared.{name}" for name in declared), "block", *FATE, "mask")

    def told(frame: pl.DataFrame, kind: str, name: pl.Expr) -> pl.DataFrame:
        grouped = frame.group_by(
            name.alias("slice"), "role" if kind != "role" else pl.lit("").alias("role"), "block", *FATE
        ).agg(pl.len().alias("n"))
        return grouped.with_columns(pl.lit(kind).alias("kind")).select(*keys, "n")

    of_groups = mentions.join(lean, on="row", how="left")
    parts = [
        told(lean, "all", pl.lit("")),
        told(lean.filter(pl.col("mask") != 0), "mention", pl.lit("")),
        told(of_groups, "group", pl.col("group")),
        *(told(lean, kind, pl.col(kind)) for kind in SLICES),
        *(
            told(
                lean.filter(pl.col(f"declared.{name}") != ""), f"declared.{name}", pl.col(f"declared.{name}")
            )
            for name in declared
        ),
    ]
    return pl.concat(parts)


def units(marked: pl.DataFrame, mentions: pl.DataFrame, declared: Iterable[str]) -> pl.DataFrame:
    """Conversations by kind and slice."""
    lean = marked.select(
        "row", schema.CONVERSATION, *SLICES, *(f"declared.{name}" for name in declared), "mask"
    )

    def told(frame: pl.DataFrame, kind: str, name: pl.Expr) -> pl.DataFrame:
        grouped = frame.group_by(name.alias("slice")).agg(
            pl.col(schema.CONVERSATION).n_unique().cast(pl.Int64).alias("conversations")
        )
        return grouped.select(pl.lit(kind).alias("kind"), "slice", "conversations")

    return pl.concat(
        [
            told(lean, "all", pl.lit("")),
            told(lean.filter(pl.col("mask") != 0), "mention", pl.lit("")),
            told(mentions.join(lean, on="row", how="left"), "group", pl.col("group")),
            *(told(lean, kind, pl.col(kind)) for kind in SLICES),
            *(
                told(
                    lean.filter(pl.col(f"declared.{name}") != ""),
                    f"declared.{name}",
                    pl.col(f"declared.{name}"),
                )
                for name in declared
            ),
        ]
    )


def mentioning(marked: pl.DataFrame) -> pl.DataFrame:
    """Conversations by mask of the groups that they mention, by role ("" for any) and as read or kept."""
    parts = []
    for stage, rows in ((False, marked), (True, marked.filter(pl.col("verdict") != "drop"))):
        for role in ("", "user", "assistant"):
            some = rows if not role else rows.filter(pl.col("role") == role)
            masks = some.group_by(schema.CONVERSATION).agg(pl.col("mask").bitwise_or())
            counted = masks.group_by("mask").agg(pl.len().cast(pl.Int64).alias("conversations"))
            parts.append(counted.with_columns(pl.lit(role).alias("role"), pl.lit(stage).alias("kept")))
    return pl.concat(parts)


def names() -> dict[str, dict[str, str]]:
    """For each group its name in each language (English where a language lacks it)."""
    found: dict[str, dict[str, str]] = {}
    for key in group_keys():
        told = {
            one.language: group.name
            for one in map(load, LANGUAGES)
            for group in one.groups
            if group.key == key
        }
        found[key] = {language: told.get(language) or next(iter(told.values())) for language in LANGUAGES}
    return found
