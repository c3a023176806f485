"""`train tune` as a command: the search, its table on the terminal, JSON, a page and a configuration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from train.config import Config, changed, to_toml, with_sets
from train.figures import number, span
from train.proving import plain, put
from train.tune.facts import Tuned
from train.tune.search import Asked, tune

if TYPE_CHECKING:
    from rich.console import Console

BEST = "best.toml"


def run(
    console: Console, asked: Asked, to: str | Path, *, model: str = "", sets: Sequence[str] = ()
) -> Tuned:
    """Search, print, and write `best.toml`, `tune.json` and `tune.html` to `to`."""
    from train.tune import page

    to = Path(to)
    config = changed(asked.config, "model", source=model) if model else asked.config
    asked = replace(asked, config=with_sets(config, sets))
    told = replace(tune(asked, to, console.print), config=str(to / BEST))
    put(to / BEST, written(told, asked.config, to))
    put(to / "tune.json", json.dumps(plain(told.as_dict()), ensure_ascii=False, indent=1))
    put(to / "tune.html", page.render(told))
    show(console, told, asked)
    return told


def written(told: Tuned, config: Config, to: Path) -> str:
    """The configuration with the choice, and where it comes from, as TOML."""
    source = config.model.source
    tokenizer = to / "tokenizer"
    chosen = told.chosen.point.on(config)
    if not config.model.tokenizer and tokenizer.exists():
        chosen = changed(chosen, "model", tokenizer=str(tokenizer.resolve()))
    if Path(source).exists():
        chosen = changed(chosen, "model", source=str(Path(source).resolve()))
    head = (
        f"# Found by 'train tune' ({told.method}): {told.chosen.point}.\n"
        f"# {told.budget_note}\n"
        f"# {sentence(told)}\n\n"
    )
    return head + to_toml(chosen)


def sentence(told: Tuned) -> str:
    """What the choice is worth beside the default, in one sentence."""
    if told.chosen.name == "default":
        return "Nothing that was tried did better than the configuration's own setting."
    if told.gain is None:
        return "The configuration's own setting came to no number on any new seed."
    by = told.gain.interval
    verdict = {"better": "better", "worse": "worse", "not shown": "not shown to be better"}[told.gain.says]
    return (
        f"On {told.scored['held back']} conversations that no choice was made by and {len(told.seeds)} new "
        f"seeds it is {verdict} than the configuration's own: {number(by.value, 4)} bits per byte less "
        f"{span(by.low, by.high, 4)}."
    )


def show(console: Console, told: Tuned, asked: Asked) -> None:
    """Print the finalists and what was chosen."""
    from rich.table import Table

    made = Table(box=None, title="bits per byte on new seeds, conversations held back", title_justify="left")
    for name in ("setting", "bits/byte", "95%", "seed by seed"):
        made.add_column(name, justify="left" if name == "setting" else "right")
    for one in told.finalists:
        mark = " (chosen)" if one.name == told.chosen.name else ""
        made.add_row(
            f"{one.name}{mark}: {one.point}",
            number(one.figure.value, 4),
            span(one.figure.low, one.figure.high, 4),
            ", ".join(number(value, 4) for value in one.by_seed),
        )
    console.print(made)
    pruned = sum(one.pruned for one in told.attempts)
    console.print(f"{len(told.attempts)} settings tried, {pruned} pruned, {told.spent:,} target tokens")
    for line in (sentence(told), told.budget_note, told.edge_note):
        if line:
            console.print(line, soft_wrap=True)
    console.print(
        f"next: train fit {asked.source} --config {told.config} --to model/ (its page is tune.html)",
        soft_wrap=True,
    )
