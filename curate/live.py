"""What a person sees while a verb works: on a terminal a live line for each stage, elsewhere a plain one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

Told = Callable[[str, int, int], None]

STAGES = {
    "sieving": ("reading and sieving", "bytes"),
    "pairing exact_duplicates": ("exact duplicates", "partitions"),
    "pairing near_duplicates": ("near duplicates", "partitions"),
    "writing": ("writing", "shards"),
    "limits": ("counting other limits", "shards"),
    "telling": ("topics, audit, pages", ""),
    "looking over": ("looking over", "shards"),
    "fetching the sample": ("fetching the sample", "shards"),
}
"""Stage: what it is called, and the unit of its amounts."""


class Amount(ProgressColumn):
    """How much is done of how much, and how fast, in the unit of the stage."""

    def render(self, task: Task) -> Text:
        """The amount of one stage; nothing where it has no unit."""
        done, of, unit = task.completed, task.total or 0, task.fields["unit"]
        if not unit:
            return Text("")
        if unit != "bytes":
            return Text(f"{done:,.0f} of {of:,.0f} {unit}".rstrip())
        speed = task.finished_speed or task.speed
        rate = f", {decimal(int(speed))}/s" if speed else ""
        return Text(f"{decimal(int(done))} of {decimal(int(of))}{rate}")


@contextmanager
def live(console: Console, quiet: bool) -> Iterator[Told | None]:
    """A function to tell of progress; None where nothing is to be said."""
    if quiet:
        yield None
        return
    say_of_kernels(console)
    if not console.is_terminal:
        yield plain(console)
        return
    columns = (
        TextColumn("[bold]{task.description:<22}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f}%"),
        Amount(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        lines: dict[str, TaskID] = {}

        def told(stage: str, done: int, of: int) -> None:
            if stage not in lines:
                name, unit = STAGES.get(stage, (stage, ""))
                lines[stage] = bars.add_task(name, total=of, unit=unit)
            bars.update(lines[stage], completed=done, total=of)

        yield told


def plain(console: Console) -> Told:
    """Progress for a log: a line when a stage begins."""
    seen: set[str] = set()

    def told(stage: str, done: int, of: int) -> None:
        if stage not in seen:
            seen.add(stage)
            console.print(f"{STAGES.get(stage, (stage, ''))[0]} …")

    return told


def say_of_kernels(console: Console) -> None:
    """Say what the very first run waits for."""
    from curate.kernels.jit import compiled_before

    if not compiled_before():
        console.print(
            "first run here: kernels are compiled for this machine, about half a minute, once", style="dim"
        )
