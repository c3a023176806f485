"""The dataset card: README.md of a finished run, whose header makes load_dataset give the curated set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card(told: Mapping[str, Any]) -> str:
    """The card's text from the manifest's data: a header for the hub's loader, then what was done.

    Source: the dataset card metadata of the Hugging Face Hub (`configs`, `data_files`), read 2026-11.
    """
    counts = told["counts"]
    rows = "\n".join(step_line(step) for step in told["funnel"])
    passes = "\n".join(f"- `{one['name']}`" + options_line(one) for one in told["recipe"]["passes"])
    inputs = "\n".join(
        f"| {cell(one['source'])} | {one['format']} | {one['conversations']} |" for one in told["inputs"]
    )
    more = counts["kept_in_an_epoch"]
    often = f"; `repeat` says how often each counts: {more:,} in an epoch" if more != counts["kept"] else ""
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

# A curated set of {counts["kept"]:,} conversations

Made by Tamis {told["tamis"]} with the recipe `{told["recipe"]["name"]}`, finished {told["finished"]}.
`report.html` shows what happened and why; `curate why` explains one conversation.

| step | messages | conversations |
|---|---:|---:|
{rows}

{counts["quarantined"] + counts["files_unreadable"]:,} records or files could not be read: `quarantine.jsonl`.

## Passes

{passes}

## Inputs

| file | format | conversations |
|---|---|---:|
{inputs}

## Files

- `curated/`: one row per kept conversation, `messages` in OpenAI's form;
  `weight` 0 marks answers that are shown, not learned{often}. Measures stand beside them: of a number
  (`toxicity`, `words`) the largest of the conversation's messages, of a text (`language`) its longest
  message's; `messages/` has each message's own.
- `messages/`: every message that was read, with its measures;
  `verdicts/`: what was decided, row by row beside it.
- `pairs/`: the verified pairs of duplicates, from which limits can be moved without measuring again.
- `limits.json`: what would be kept at 20 values of each limit, each moved alone; `curate rejudge` moves it.
- `manifest.json`: recipe, versions, hashes and counts.
"""


def step_line(step: Mapping[str, Any]) -> str:
    """One step of the funnel as a row of the table."""
    words = {"read": "read", "mask": "shown, not learned by", "drop": "removed by", "kept": "kept"}
    name = words[step["step"]] + (f" `{step['pass']}`" if "pass" in step else "")
    return f"| {name} | {step['messages']:,} | {step['conversations']:,} |"


def options_line(one: Mapping[str, Any]) -> str:
    """The options of a pass, in brackets."""
    told = ", ".join(f"{key} = {value}" for key, value in one["options"].items())
    return f" ({told})" if told else ""


def cell(text: str) -> str:
    """Text that cannot break a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
