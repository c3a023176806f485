"""What is said of an augmented set: its card, and the lines that the verb prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SAID = {
    "nothing": "names nobody's gender",
    "language": "in a language without rules for swapping",
    "tool": "a tool call names a gender",
    "law": "legal text",
    "fact": "a fact that hangs on gender: medicine, history, titles of state",
    "topic": "gender is the topic",
    "person": "about a public person, or a full name",
    "group": "a statement about a group",
    "quoted": "a quote, code or an address names a gender",
    "name": "a name of which no gender is known",
    "ambiguous": "a word can be read in two ways",
    "agreement": "a word may have to agree, and is not known",
    "no_return": "swapped twice it would not be the same",
}
"""Each reason in plain words."""


def summary(counts: Mapping[str, Any]) -> str:
    """The counts as lines: copies, what was not drawn, what was left out and why."""
    lines = [f"{counts['copies']:,} copies of {counts['conversations']:,} conversations"]
    if counts["spared"]:
        lines.append(f"  {counts['spared']:,} could be swapped, and were not drawn")
    ordered = sorted(counts["left_out"].items(), key=lambda one: (-one[1], one[0]))
    return "\n".join([*lines, *(f"  {n:,} left out: {SAID[reason]}" for reason, n in ordered)])


def card(told: Mapping[str, Any]) -> str:
    """The card's text from the manifest's data, with a header by which load_dataset gives the set."""
    counts, options = told["counts"], told["options"]
    rows = "\n".join(f"| {SAID[reason]} (`{reason}`) | {n:,} |" for reason, n in counts["left_out"].items())
    what = "The copies alone" if options["only"] else "The originals and the copies"
    return f"""---
configs:
- config_name: default
  data_files:
  - split: train
    path: curated/*.parquet
tags:
- conversational
- tamis
---

# {counts["copies"]:,} counterfactual copies of {counts["conversations"]:,} conversations

Made by Tamis {told["tamis"]} from the run whose manifest has SHA-256 `{told["run"]}`. {what}: in a copy
the {options["axis"]} of everyone is the other one, and `augmented_from` is its original's id.
Share {options["share"]}, seed {options["seed"]}. Measures taken on the original's text
are empty in a copy.

Swapped by rules, all of a conversation or nothing; {counts["spared"]:,} could be swapped and were not drawn.
Read some before you train on them: a rule knows words, not what they are about.

| left out because | conversations |
|---|---:|
{rows}
"""
