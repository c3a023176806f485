"""What `train duel` does, from answers to the count, and what it shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train import hub
from train.chat.opening import speaker
from train.duel import page as duel_page
from train.duel import votes
from train.duel.judge import Judge, judged
from train.duel.pairs import Asked, Duel, Step, duel, write
from train.duel.votes import Result, Votes

if TYPE_CHECKING:
    from rich.console import Console

RESULT = "result.json"


@dataclass(frozen=True, kw_only=True)
class Counting:
    """Who votes: files that people saved, and a judge where one is given."""

    files: tuple[str, ...] = ()
    judge: Judge | None = None


def run(console: Console, asked: Asked, to: str, counting: Counting, lang: str = "en") -> Result | None:
    """Answers, the page, and the count where there are votes."""
    duel_page.check_language(lang)

    with steps(console) as step:
        made = duel(asked, to, lambda model: speaker(model, asked.device, asked.dtype), step, hub.reached)
        page = Path(to) / "duel.html"
        write(page, duel_page.render(made, lang))
        told = gathered(console, made, to, counting, step)
    if not told:
        invite(console, made, page)
        return None
    result = votes.tally(made, told)
    write(Path(to) / RESULT, json.dumps(result.as_dict(), indent=1, ensure_ascii=False))
    show(console, result, Path(to) / RESULT)
    return result


@contextmanager
def steps(console: Console) -> Iterator[Step]:
    """Progress as a bar on a terminal; elsewhere a line when somebody begins."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        known: dict[str, Any] = {}

        def step(who: str, done: int, of: int) -> None:
            if who not in known:
                known[who] = bars.add_task(who, total=of)
                if not console.is_terminal:
                    console.print(f"{who}: {of}", style="dim", markup=False)
            bars.update(known[who], completed=done)

        yield step


def gathered(console: Console, made: Duel, to: str, counting: Counting, step: Step) -> list[Votes]:
    """All votes; a judge's are kept beside the duel in the form of the page's, and not asked for again."""
    told = votes.read(counting.files, made)
    if counting.judge:

        def say(line: str) -> None:
            console.print(line, style="dim", markup=False)

        name = "".join(letter if letter.isalnum() else "-" for letter in counting.judge.model)
        place = Path(to) / f"votes-judge-{name}.json"
        if not place.exists():
            say(f"{len(made.pairs)} prompts with both answers go to {counting.judge.url}")
            said = judged(made, counting.judge, say, step)
            write(place, json.dumps({"duel": made.key, "voter": said.voter, "votes": said.said}))
        told.append(votes.read_one(place, made))
    return told


def invite(console: Console, made: Duel, page: Path) -> None:
    """Where to vote, and what to do then."""
    asked = sum(not pair.same for pair in made.pairs)
    if made.left_out:
        console.print(f"{made.left_out} prompts left a model no room to answer and are out")
    if asked < len(made.pairs):
        console.print(f"{len(made.pairs) - asked} prompts got the same answer twice: ties")
    console.print(
        f"{asked} pairs to judge: open {page}, vote, save the votes, and run the same command again with\n"
        "--votes FILE (once for each file); or ask a model with --judge URL --judge-model NAME",
        soft_wrap=True,
        markup=False,
    )


def show(console: Console, told: Result, path: Path) -> None:
    """The count as a table and a sentence."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    first, second = told.models
    rows: Sequence[tuple[str, str]] = (
        ("prompts", f"{told.prompts:,} ({told.same:,} of them with the same answer twice)"),
        ("votes", f"{told.votes:,} by {', '.join(told.voters)}"),
        (f"{first} better", f"{told.wins[0]:,}"),
        (f"{second} better", f"{told.wins[1]:,}"),
        ("as good / both bad", f"{told.ties:,} / {told.both_bad:,}"),
        (f"{first} wins", f"{told.win_rate.value:.1%}  95%: {shares(told.win_rate)} (ties half)"),
        ("left side chosen", f"{told.left.value:.1%}  95%: {shares(told.left)}"),
    )
    for name, value in rows:
        table.add_row(name, value)
    if told.agreement is not None:
        table.add_row("voters agree", f"{told.agreement:.1%} of pairs of votes on a prompt")
    console.print(table)
    console.print(f"[bold]{told.verdict}[/]; {path}")


def shares(told: Any) -> str:
    """An interval of shares in words."""
    return "unknown" if told.low is None else f"{told.low:.1%} to {told.high:.1%}"
