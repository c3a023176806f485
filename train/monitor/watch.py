"""`train monitor`: fresh logs against a baseline run: measured, compared, told, kept in a history."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train import hub
from train.errors import DataError, LimitBrokenError
from train.monitor import history, judge, table
from train.monitor.limits import Limits
from train.monitor.measures import RATIO, SHARE, Finding, Measure, Table
from train.monitor.shift import compare

if TYPE_CHECKING:
    from rich.console import Console

    from train.evaluate import Scorer

FORMAT = 1
LEARNED = ("perplexity", "bits")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to watch: model ("" for none), baseline run, fresh logs, and what is an alarm."""

    model: str
    baseline: str
    logs: tuple[str, ...]
    limits: Limits


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of a batch. `line`: what the history keeps; `already`: it was there before."""

    line: Mapping[str, Any]
    alarms: tuple[Mapping[str, Any], ...]
    already: bool

    @property
    def before(self) -> str:
        """What is added to the sentence of a batch that was measured earlier."""
        return " (seen before)" if self.already else ""

    @property
    def sentence(self) -> str:
        """The outcome in one line, without a text."""
        line = self.line
        base, count = line["conversations"]
        claimed, measures, least = line["claimed"], len(line["measures"]), line["limits"]["least"]
        if not claimed:
            return (
                f"{count:,} fresh conversations beside {base:,} of the baseline: too few to tell anything; "
                f"{least} different ones are needed on either side ('least' in a --fail-on file)"
            )
        rest = "" if claimed == measures else f" (for the others fewer than {least} on a side)"
        first = f"{count:,} fresh conversations, {claimed} of {measures} measures compared{rest}"
        if not line["alarms"]:
            return f"{first}: no alarm"
        names = ", ".join(f"{one['measure']} ({one['slice']})" for one in line["alarms"][:3])
        more = f" and {len(line['alarms']) - 3} more" if len(line["alarms"]) > 3 else ""
        return f"{first}: {len(line['alarms'])} alarm(s): {names}{more}"


def run(console: Console, asked: Asked, to: str | Path) -> Told:
    """Watch a batch, write history, page and alarms into `to`; print one line, that of an alarm by `stand`.

    The same logs, model, baseline and limits are measured once: again, what the history says is given.
    """
    from train.monitor import page

    folder = Path(to)
    key = key_of(asked)
    if asked.model and not any(line["key"] == key for line in history.read(folder)):
        hub.reached(asked.model)
    with history.locked(folder):
        lines = history.read(folder)
        known = next((line for line in lines if line["key"] == key), None)
        if known is not None:
            told = Told(line=known, alarms=(), already=True)
        else:
            told = watched(asked, key)
            history.append(folder, told.line)
            history.put(folder / history.FOUND, json.dumps(list(told.alarms), ensure_ascii=False, indent=1))
            history.put(folder / history.PAGE, page.render(told, [*lines, told.line]))
    if not told.line["alarms"]:
        console.print(told.sentence + told.before, markup=False, soft_wrap=True)
    return told


def stand(told: Told, to: str | Path) -> None:
    """Raises LimitBrokenError (exit status 3) where there was an alarm."""
    if told.line["alarms"]:
        raise LimitBrokenError(
            f"{told.sentence}{told.before}; {Path(to) / history.PAGE} names the conversations to collect, "
            f"next: {told.line['alarms'][0]['command']}"
        )


def key_of(asked: Asked) -> str:
    """What makes a batch the same."""
    manifest = Path(asked.baseline) / "manifest.json"
    if not manifest.exists():
        raise DataError(
            f"no finished run at {asked.baseline}; 'curate run LOGS --out {asked.baseline}' makes one"
        )
    parts = (
        history.content(history.files(asked.logs)),
        history.model_key(asked.model) if asked.model else "",
        str(json.loads(manifest.read_text("utf-8"))["content"]),
        repr(asked.limits),
        str(FORMAT),
    )
    return "-".join(parts[:2]) + "-" + hashlib.sha256(repr(parts[2:]).encode()).hexdigest()[:12]


def watched(asked: Asked, key: str) -> Told:
    """Measure both sides and compare them; fresh texts live in a temporary folder, redacted, until then."""
    from curate import open_run

    scorer = scorer_of(asked.model) if asked.model else None
    with tempfile.TemporaryDirectory(prefix="tamis-monitor-") as place:
        fresh = table.curated(list(asked.logs), asked.baseline, Path(place) / "out")
        new = table.measured(fresh, asked.baseline, scorer, asked.limits)
    base = table.measured(open_run(asked.baseline), asked.baseline, scorer, asked.limits)
    learned = asked.model and learned_from(asked.model, asked.baseline)
    findings = compare(without_losses(base) if learned else base, new, asked.limits)
    command = judge.Command(asked.model, asked.baseline, asked.logs)
    alarms = judge.alarms(findings, base, new, asked.limits, command)
    line = {
        "format": FORMAT,
        "key": key,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": asked.model,
        "baseline": asked.baseline,
        "limits": asdict(asked.limits),
        "conversations": [len(base.ids), len(new.ids)],
        "claimed": sum(one.whole.low is not None for one in findings),
        "measures": [plain(one) for one in findings],
        "alarms": [shown(one) for one in alarms],
        "note": LEARNED_NOTE if learned else "",
    }
    return Told(
        line=line,
        alarms=tuple(
            {**shown(one), "count": one.count, "collect": list(one.collect), "command": one.command}
            for one in alarms
        ),
        already=False,
    )


LEARNED_NOTE = (
    "The model learned from this baseline, where its perplexity is lower than on anything new: perplexity is "
    "not compared. Give as --baseline a run of logs that the model never learned from."
)


def scorer_of(model: str) -> Scorer:
    """The model, ready to read."""
    from train import evaluate, terminal
    from train.config import Config
    from train.export import open_model
    from train.prepare import device_of

    terminal.silence()
    network, tokenizer = open_model(model, device_of(Config()))
    return evaluate.scorer_of(network, tokenizer, evaluate.Options())


def learned_from(model: str, baseline: str) -> bool:
    """Whether the model's folder says that it was trained on this run."""
    told = Path(model) / "train.json"
    if not told.exists():
        return False
    source = json.loads(told.read_text("utf-8"))["config"]["data"]["source"]
    return bool(source) and Path(source).resolve() == Path(baseline).resolve()


def without_losses(base: Table) -> Table:
    """The table without what the model said."""
    kept: dict[str, Measure] = {key: one for key, one in base.measures.items() if one.kind not in LEARNED}
    return replace(base, measures=kept)


def plain(one: Finding) -> dict[str, Any]:
    """A finding for JSON: numbers and names of slices, never a text."""
    from train.proving import plain as finite

    told: dict[str, Any] = finite(asdict(one))
    return told


def shown(one: judge.Alarm) -> dict[str, Any]:
    """An alarm for the history: no ids."""
    return {
        "measure": one.key,
        "shift": one.shift,
        "slice": one.slice,
        **asdict(one.change),
        "form": one.form,
        "effect": one.effect,
        "command": one.general,
    }


def said(value: float | None, form: str, signed: bool = True) -> str:
    """A difference in words: points of a share, per cent of a ratio, or the number.

    >>> said(0.05, SHARE), said(0.0488, RATIO), said(-0.2, "plain")
    ('+5.0 points', '+5.0%', '-0.200')
    """
    import math

    if value is None:
        return "-"
    if form == SHARE:
        return f"{100 * value:+.1f} points"
    return f"{100 * math.expm1(value):+.1f}%" if form == RATIO else f"{value:+.3f}"
