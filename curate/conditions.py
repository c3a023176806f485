"""Conditions that users write: SQL over one message, refused where it looks at more than one."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from curate import schema
from curate.errors import RecipeError, unknown
from curate.passes.base import Decider

_EXAMPLE = "a condition is SQL over columns, such as: words > 4000 AND role = 'assistant'"
_ONE_MESSAGE = (
    "a rule looks at one message at a time: leave out averages, counts, sums, ranks, OVER and the like, "
    "and write a fixed limit instead"
)
# Kinds of expression that look at more than one row.
_SEVERAL = frozenset(
    [
        "Agg",
        "Over",
        "Rolling",
        "Len",
        "Filter",
        "Sort",
        "SortBy",
        "Gather",
        "Slice",
        "Explode",
        "AnonymousFunction",
        "Window",
        "SubPlan",
        "Shift",
        "ShiftAndFill",
        "Rank",
        "CumSum",
        "CumProd",
        "CumMin",
        "CumMax",
        "CumCount",
        "Diff",
        "PctChange",
        "Unique",
        "UniqueCounts",
        "ArgUnique",
        "ValueCounts",
        "Mode",
        "Hist",
        "ForwardFill",
        "BackwardFill",
        "FillNullWithStrategy",
        "Reverse",
        "ArgSort",
        "ArgMax",
        "ArgMin",
        "TopK",
        "TopKBy",
        "Range",
        "Interpolate",
        "InterpolateBy",
        "EwmMean",
        "EwmStd",
        "EwmVar",
        "Repeat",
        "RLE",
        "RLEID",
        "Random",
        "PeakMin",
        "PeakMax",
        "Any",
        "All",
        "IsFirstDistinct",
        "IsLastDistinct",
        "IsUnique",
        "IsDuplicated",
        "Mean",
        "Median",
        "Quantile",
        "Skew",
        "Kurtosis",
        "Bitwise",
    ]
)
_OPAQUE = ("Column", "Literal", "StringExpr", "TemporalExpr")  # names, values, work within one value
_WORDS = (
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "LIKE",
    "ILIKE",
    "BETWEEN",
    "NULL",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
)
"""Words of SQL, which Polars reads as columns where one is out of place."""
_STRING = r"'(?:[^']|'')*'"
_VALUE = rf"(?:{_STRING}|-?\d+(?:\.\d+)?)"
_IS_IN = re.compile(
    rf"(?P<string>{_STRING})|(?P<column>\"[^\"]+\"|[A-Za-z_]\w*)\s+(?P<no>NOT\s+)?IN\s*\(\s*"
    rf"(?P<values>{_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?:current_(?:date|time|timestamp)|now|localtime(?:stamp)?|random|rand)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Condition:
    """A condition read: the expression, and the columns it names in the order written."""

    expression: pl.Expr
    columns: tuple[str, ...]


@functools.cache
def read_condition(condition: str, rule: str) -> Condition:
    """The condition of the rule called `rule`; raises RecipeError for one that cannot be answered.

    >>> read_condition("language IN ('fr', 'en') AND words > 3", "r").columns
    ('language', 'words')
    >>> read_condition("toxicity > avg(toxicity)", "r")
    Traceback (most recent call last):
    curate.errors.RecipeError: condition of 'r' looks at more than one message (Agg); a rule looks at one \
message at a time: leave out averages, counts, sums, ranks, OVER and the like, and write a fixed limit instead
    """
    if not condition.strip():
        raise RecipeError(f"rule '{rule}' has no condition; {_EXAMPLE}")
    if _CLOCK.search(re.sub(_STRING, "''", condition)):
        raise RecipeError(
            f"condition of '{rule}' asks the clock or chance: its answer would change from run to run"
        )
    try:
        expression = pl.sql_expr(_IS_IN.sub(_one_by_one, condition))
        tree = json.loads(expression.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError, TypeError):
        raise RecipeError(
            f"condition of '{rule}' cannot be read: {condition.strip()!r}; {_EXAMPLE}"
        ) from None
    several = sorted(_kinds(tree) & _SEVERAL)
    if several:
        raise RecipeError(
            f"condition of '{rule}' looks at more than one message ({several[0]}); {_ONE_MESSAGE}"
        )
    columns = tuple(dict.fromkeys(expression.meta.root_names()))
    words = [name for name in columns if name.upper() in _WORDS and f'"{name}"' not in condition]
    if words:
        raise RecipeError(
            f"condition of '{rule}' cannot be read: '{words[0]}' stands where a column or a value should, in "
            f"{condition.strip()!r}; {_EXAMPLE}"
        )
    if not columns:
        raise RecipeError(f"condition of '{rule}' names no column; {_EXAMPLE}")
    return Condition(expression, columns)


def check_rule(rule: Decider, columns: pl.Schema = schema.MESSAGES) -> None:
    """Raises RecipeError unless the rule's condition can be answered for each message by itself.

    `columns` are those that the rule will find: the message table and the measures above it. The condition is
    asked about invented messages of two conversations jointly, for each conversation and for each message
    apart; every answer must be the same, and Boolean.
    """
    asked = rule.decide_when()
    for name in asked.meta.root_names():
        if name not in columns and name != schema.CONVERSATION:
            raise RecipeError(
                unknown(
                    "column",
                    name,
                    columns,
                    f"condition of '{rule.name}'",
                    "measures stand above the rules that read them",
                )
            )
    for turned in (False, True):
        table = _invented(columns, turned=turned)
        jointly = _answers(rule, table)
        for apart in (table.partition_by(schema.CONVERSATION, maintain_order=True), table.iter_slices(1)):
            if not pl.concat([_answers(rule, part) for part in apart]).equals(jointly):
                raise RecipeError(
                    f"condition of '{rule.name}' looks at more than one message; {_ONE_MESSAGE}"
                )


def _answers(rule: Decider, table: pl.DataFrame) -> pl.Series:
    try:
        found = table.select(rule.decide_when().alias("holds")).to_series()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        kinds = ", ".join(
            f"{name} {table.schema[name]}" for name in dict.fromkeys(rule.decide_when().meta.root_names())
        )
        raise RecipeError(
            f"condition of '{rule.name}' does not fit the types of its columns ({kinds}); "
            "compare numbers with numbers, texts with 'texts'"
        ) from None
    if found.dtype != pl.Boolean:
        raise RecipeError(f"condition of '{rule.name}' gives {found.dtype}, not yes or no; compare it: … > 0")
    if len(found) not in (1, table.height):
        raise RecipeError(
            f"condition of '{rule.name}' gives {len(found)} answers for {table.height} messages"
        )
    return found if len(found) == table.height else found.new_from_index(0, table.height)


def _invented(columns: pl.Schema, *, turned: bool) -> pl.DataFrame:
    """Eight messages of two conversations whose values differ, small in one and large in the other."""
    sizes = [0, 1, 1, 2, 10, 100, 1_000, 100_000]
    sizes = sizes[::-1] if turned else sizes
    table = pl.DataFrame(
        {schema.CONVERSATION: pl.Series([0, 0, 0, 0, 1, 1, 1, 1], dtype=pl.UInt32), "size": sizes}
    )
    fillings = [_filling(kind).alias(name) for name, kind in columns.items() if name != schema.CONVERSATION]
    return table.select(schema.CONVERSATION, *fillings)


def _filling(kind: Any) -> pl.Expr:
    size = pl.col("size")
    if isinstance(kind, pl.Enum):
        names = kind.categories.to_list()
        return pl.lit(pl.Series(names)).gather(size % len(names)).cast(kind)
    if kind == pl.String:
        return pl.format("word {}", size)
    if kind == pl.Boolean:
        return size > 1
    if kind.is_float():
        return (size / 1000).clip(upper_bound=1.0).cast(kind)
    if kind.is_integer():
        return size.clip(upper_bound=100).cast(kind)
    if kind.is_temporal():
        return (size * 86_400_000_000).cast(kind)
    return pl.lit(None, kind)


def _one_by_one(found: re.Match[str]) -> str:
    """`a IN (1, 2)` as `(a = 1 OR a = 2)`: the reader of conditions takes lists of values in no other way."""
    if found["string"] is not None:
        return found[0]
    values = re.findall(_VALUE, found["values"])
    either = " OR ".join(f"{found['column']} = {value}" for value in values)
    return f"{'NOT ' if found['no'] else ''}({either})"


def _kinds(node: Any) -> set[str]:
    """Names of the kinds of expression in a serialised tree, columns and values left out."""
    if isinstance(node, str):
        return {node}
    if isinstance(node, list):
        return set().union(*map(_kinds, node))
    if not isinstance(node, dict):
        return set()
    inside = {name: part for name, part in node.items() if name not in _OPAQUE}
    return set(inside).union(*map(_kinds, inside.values()))
