"""Who is spoken of: how many messages and conversations mention each group; pronouns and occupations."""

from __future__ import annotations

import numpy as np
import polars as pl

from curate.bias.facts import Occupation, Pronouns, Settings, Share, Slice
from curate.bias.lexicon import LANGUAGES, load
from curate.bias.matching import group_keys
from curate.bias.stats import Floats, effective, wilson

LARGEST = 20
"""Slices of a kind that are told."""
ROLES = ("", "user", "assistant")


def representation(
    fates: pl.DataFrame, mentioning: pl.DataFrame, units: pl.DataFrame, settings: Settings
) -> list[Share]:
    """Shares of messages and of conversations that mention each group, as read and as kept, by role.

    The interval of a share of messages counts conversations, not messages, where these hang together. Kept
    messages are those that are neither dropped nor masked, kept conversations those not dropped.
    """
    found = []
    known = dict(units.filter(pl.col("kind") == "group").select("slice", "conversations").iter_rows())
    for stage in ("read", "kept"):
        some = fates if stage == "read" else fates.filter(pl.col("verdict") == "keep")
        for role in ROLES:
            found += _messages(some, stage, role, known, settings)
            found += _conversations(mentioning, stage, role, settings)
    return found


def _messages(
    fates: pl.DataFrame, stage: str, role: str, known: dict[str, int], settings: Settings
) -> list[Share]:
    some = fates.filter(pl.col("role") == role) if role else fates
    whole = np.zeros((settings.blocks, 1))
    sums = some.filter(pl.col("kind") == "all").group_by("block").agg(pl.col("n").sum())
    whole[sums["block"].to_numpy().astype(np.int64), 0] = sums["n"].to_numpy()
    keys = group_keys()
    hits = np.zeros((settings.blocks, len(keys)))
    rows = some.filter(pl.col("kind") == "group").group_by("slice", "block").agg(pl.col("n").sum())
    at = [keys.index(name) for name in rows["slice"]]
    hits[rows["block"].to_numpy().astype(np.int64), at] = rows["n"].to_numpy()
    of = float(whole.sum())
    if not of:
        return []
    units = np.array([known.get(key, 0) for key in keys], np.float64)
    y, n = effective(hits, np.broadcast_to(whole, hits.shape), np.maximum(units, of / 10))
    low, high = wilson(y, n)
    return [
        Share(
            group=key,
            stage=stage,
            unit="messages",
            role=role,
            count=int(hits[:, i].sum()),
            of=int(of),
            share=float(hits[:, i].sum() / of),
            low=float(low[i]),
            high=float(high[i]),
            claimed=bool(known.get(key, 0) >= settings.least_conversations),
        )
        for i, key in enumerate(keys)
        if known.get(key, 0)
    ]


def slices(fates: pl.DataFrame, units: pl.DataFrame, settings: Settings) -> list[Slice]:
    """Shares of messages by language, source, role and declared value, as read and as kept; the largest 20.

    Of a declared field, the whole is all messages, those that declare nothing too. Intervals count
    conversations where messages of one hang together.
    """
    found = []
    known = {(kind, name): count for kind, name, count in units.iter_rows()}
    kinds = sorted(set(fates["kind"]) - {"all", "mention", "group"})
    for stage in ("read", "kept"):
        some = fates if stage == "read" else fates.filter(pl.col("verdict") == "keep")
        whole = _by_block(some.filter(pl.col("kind") == "all"), [""], settings.blocks)
        of = float(whole.sum())
        for kind in kinds if of else ():
            rows = some.filter((pl.col("kind") == kind) & pl.col("slice").is_not_null())
            sizes = rows.group_by("slice").agg(pl.col("n").sum()).sort("n", "slice", descending=[True, False])
            names = sizes["slice"].head(LARGEST).to_list()
            hits = _by_block(rows, names, settings.blocks)
            own = np.array([known.get((kind, name), 0) for name in names], np.float64)
            y, n = effective(hits, np.broadcast_to(whole, hits.shape), np.maximum(own, of / 10))
            low, high = wilson(y, n)
            found += [
                Slice(
                    kind=kind,
                    slice=name,
                    stage=stage,
                    count=int(hits[:, i].sum()),
                    of=int(of),
                    share=float(hits[:, i].sum() / of),
                    low=float(low[i]),
                    high=float(high[i]),
                    claimed=bool(own[i] >= settings.least_conversations),
                )
                for i, name in enumerate(names)
            ]
    return found


def _by_block(rows: pl.DataFrame, names: list[str], blocks: int) -> Floats:
    """Messages by block (rows) and slice (columns)."""
    table = np.zeros((blocks, len(names)))
    places = pl.DataFrame({"slice": names, "place": range(len(names))}, schema_overrides={"slice": pl.String})
    sums = rows.join(places, on="slice").group_by("block", "place").agg(pl.col("n").sum())
    table[sums["block"].to_numpy().astype(np.int64), sums["place"].to_numpy()] = sums["n"].to_numpy()
    return table


def _conversations(mentioning: pl.DataFrame, stage: str, role: str, settings: Settings) -> list[Share]:
    some = mentioning.filter((pl.col("role") == role) & (pl.col("kept") == (stage == "kept")))
    masks, counts = some["mask"].to_numpy(), some["conversations"].to_numpy().astype(np.float64)
    of = float(counts.sum())
    found = []
    for bit, key in enumerate(group_keys()):
        count = float(counts[(masks >> np.uint64(bit)) & np.uint64(1) == 1].sum()) if len(masks) else 0.0
        if not count:
            continue
        low, high = wilson(count, of)
        found.append(
            Share(
                group=key,
                stage=stage,
                unit="conversations",
                role=role,
                count=int(count),
                of=int(of),
                share=count / of,
                low=float(low),
                high=float(high),
                claimed=count >= settings.least_conversations,
            )
        )
    return found


def pronouns(gendered: pl.DataFrame) -> list[Pronouns]:
    """Of kept conversations in which a role says she or he and not both, the share of she."""
    found = []
    rows = gendered.filter(pl.col("kind") == "role")
    for (language, role), some in sorted(rows.group_by("language", "name"), key=lambda pair: pair[0]):
        she, of = _women(some)
        low, high = wilson(she, of)
        found.append(
            Pronouns(
                language=str(language),
                role=str(role),
                she=she,
                of=of,
                share=she / of,
                low=float(low),
                high=float(high),
            )
        )
    return found


def occupations(gendered: pl.DataFrame, settings: Settings) -> list[Occupation]:
    """Of kept conversations that speak of an occupation and of one gender, the share of women.

    English: the message that names the occupation says she or he and not both. French: the word itself tells.
    """
    found = []
    rows = gendered.filter(pl.col("kind") == "occupation")
    known = {language: load(language).occupations for language in LANGUAGES}
    for (language, name), some in sorted(rows.group_by("language", "name"), key=lambda pair: pair[0]):
        women, of = _women(some)
        low, high = wilson(women, of)
        percent = known[str(language)].get(str(name))
        found.append(
            Occupation(
                language=str(language),
                occupation=str(name),
                women=women,
                of=of,
                share=women / of,
                low=float(low),
                high=float(high),
                reference=None if percent is None else percent / 100,
                approximate=str(name) in load(str(language)).approximate,
                claimed=of >= settings.least_conversations,
            )
        )
    return found


def _women(some: pl.DataFrame) -> tuple[int, int]:
    women = int(some.filter(pl.col("gender") == "she")["n"].sum())
    return women, int(some["n"].sum())
