"""Before and after: how shares of groups and gaps between them moved from what was read to what is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy import special  # type: ignore[import-untyped]

from curate.bias.facts import Delta, Gap, Settings
from curate.bias.matching import group_keys
from curate.bias.means import dense
from curate.bias.stats import Floats, benjamini_hochberg, effective, fisher, ratio_interval, two_sided

LEAST_GONE = 10
"""Messages of a group, and of the others, that must have gone before a moved gap is claimed: where few went,
what they were is chance that no interval sees."""


def deltas(
    fates: pl.DataFrame,
    units: pl.DataFrame,
    read: pl.DataFrame,
    kept: pl.DataFrame,
    gaps: list[Gap],
    settings: Settings,
) -> list[Delta]:
    """A Delta for the share of each group that is large enough, and for each gap that was tested.

    `read` and `kept` are `counting` measures of all messages and of those kept. p-values are corrected over
    all shares together, and over all gaps.
    """
    told = []
    for found in (shares(fates, units, settings), moved_gaps(read, kept, gaps, settings)):
        q = benjamini_hochberg([one["p"] for one in found])
        told += [
            Delta(
                **{key: value for key, value in one.items() if key != "enough"},
                q=float(value),
                claimed=bool(value <= settings.family_level and one["enough"]),
            )
            for one, value in zip(found, q, strict=True)
        ]
    return told


def shares(fates: pl.DataFrame, units: pl.DataFrame, settings: Settings) -> list[dict[str, Any]]:
    """The share of messages that mention each group, as read and as kept.

    What was read is taken as it is; the interval says how sure the sieve's part is. A share s becomes
    s r / (s r + 1 - s) where r is the ratio of what is kept of the group to what is kept of all other
    messages: its interval is that of r (see `sieving`), p Fisher's on effective numbers.
    """
    known = dict(units.filter(pl.col("kind") == "group").select("slice", "conversations").iter_rows())
    total = float(units.filter(pl.col("kind") == "all")["conversations"].sum())
    names = [key for key in group_keys() if known.get(key, 0) >= settings.least_conversations]
    names = [key for key in names if total - known[key] >= settings.least_conversations]
    if not names:
        return []
    n, hits = (_blocks(fates, names, settings.blocks, kept=kept) for kept in (False, True))
    whole, whole_hits = (_blocks(fates, None, settings.blocks, kept=kept) for kept in (False, True))
    own = np.array([known[key] for key in names], np.float64)
    y, m = effective(hits, n, own)
    x, k = effective(whole_hits - hits, whole - n, np.maximum(total - own, 1))
    ratio, low, high = ratio_interval(y, m, x, k)
    p = fisher(y, m, x, k)
    before = n.sum(0) / max(float(whole.sum()), 1)
    ends = [_share(before, np.nan_to_num(one, nan=1.0, posinf=1e9)) for one in (ratio, low, high)]
    return [
        {
            "kind": "group",
            "measure": "share",
            "group": key,
            "language": "",
            "about": "",
            "n": int(n[:, i].sum()),
            "n_kept": int(hits[:, i].sum()),
            "read": float(before[i]),
            "kept": float(ends[0][i]),
            "difference": float(ends[0][i] - before[i]),
            "low": float(ends[1][i] - before[i]),
            "high": float(ends[2][i] - before[i]),
            "p": float(p[i]),
            "enough": n[:, i].sum() >= settings.least_messages,
        }
        for i, key in enumerate(names)
    ]


def _share(before: Floats, ratio: Floats) -> Floats:
    """The share after keeping `ratio` times as much of it as of the rest."""
    return before * ratio / (before * ratio + 1 - before)


def _blocks(fates: pl.DataFrame, names: list[str] | None, blocks: int, *, kept: bool) -> Floats:
    """Messages by block (rows) and group (columns); of all messages, one column, without names."""
    rows = fates.filter(pl.col("kind") == ("all" if names is None else "group"))
    rows = rows.filter(pl.col("verdict") == "keep") if kept else rows
    table = np.zeros((blocks, len(names or [""])))
    sums = rows.filter(pl.col("slice").is_in(names or [""])).group_by("slice", "block").agg(pl.col("n").sum())
    at = [(names or [""]).index(name) for name in sums["slice"]]
    table[sums["block"].to_numpy().astype(np.int64), at] = sums["n"].to_numpy()
    return table


def moved_gaps(
    read: pl.DataFrame, kept: pl.DataFrame, gaps: list[Gap], settings: Settings
) -> list[dict[str, Any]]:
    """Each gap as read and as kept: means of a group less those of messages about others.

    The error of the difference is linearised over blocks of conversations, what is kept and what is read
    together (a kept message is in both); intervals and p-values are Student's.
    """
    if not gaps:
        return []
    keys = ["kind", "language", "about", "measure"]
    places = pl.DataFrame([{name: getattr(gap, name) for name in (*keys, "group")} for gap in gaps])
    places = places.with_row_index("test")
    estimates, influence, sizes = [], np.zeros((settings.blocks, len(gaps))), []
    for sign, table in ((-1, read), (1, kept)):
        own = dense(table.join(places, on=[*keys, "group"]), len(gaps), settings.blocks)
        every = table.filter(pl.col("group") == "").drop("group").join(places, on=keys)
        whole = dense(every, len(gaps), settings.blocks)
        one, u = _mean(own[0], own[1])
        other, v = _mean(whole[0] - own[0], whole[1] - own[1])
        estimates.append(one - other)
        influence += sign * (u - v)
        sizes.append((own[0].sum(0), (whole[0] - own[0]).sum(0), (own[0] > 0).sum(0)))
    difference = estimates[1] - estimates[0]
    error = np.sqrt((influence**2).sum(0) * settings.blocks / (settings.blocks - 1))
    freedom = np.maximum(sizes[0][2] - 1, 1)
    half = special.stdtrit(freedom, 0.975) * error
    with np.errstate(all="ignore"):
        t = np.where(error > 0, difference / error, 0.0)
    p = two_sided(t, freedom)
    gone = np.minimum(sizes[0][0] - sizes[1][0], sizes[0][1] - sizes[1][1])
    return [
        {
            **{name: getattr(gap, name) for name in ("kind", "measure", "group", "language", "about")},
            "n": int(sizes[0][0][i]),
            "n_kept": int(sizes[1][0][i]),
            "read": float(estimates[0][i]),
            "kept": float(estimates[1][i]),
            "difference": float(difference[i]),
            "low": float(difference[i] - half[i]),
            "high": float(difference[i] + half[i]),
            "p": float(p[i]),
            "enough": bool(gone[i] >= LEAST_GONE),
        }
        for i, gap in enumerate(gaps)
    ]


def _mean(n: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Means by test, and what each block adds to their error."""
    sizes = np.maximum(n.sum(0), 1)
    mean: Floats = total.sum(0) / sizes
    return mean, (total - mean * n) / sizes
