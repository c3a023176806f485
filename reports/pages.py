"""The page of a run: facts in, one self-contained HTML file out."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from reports import charts, diffs
from reports.charts import Chart
from reports.shapes import Alarm, Count, Example, PassFacts, RunFacts, Slices
from reports.tables_view import Table, table
from reports.words import Words, load

FILES = resources.files("reports")


@dataclass(frozen=True)
class PassView:
    """A pass as the page shows it: what it is, what it did, its reasons."""

    facts: PassFacts
    says: str
    kind: str
    did: tuple[tuple[str, str, str], ...]
    reasons: Table | None


@dataclass(frozen=True)
class AlarmView:
    """An alarm in words."""

    facts: Alarm
    title: str
    detail: str
    next: str


def render_report(facts: RunFacts, lang: str = "en") -> str:
    """The whole of `report.html` in English ("en") or French ("fr").

    Everything the page needs stands in it. A Content-Security-Policy names the hashes of its two scripts and
    its styles: nothing else runs, and nothing is loaded. Raises ReportError for a language without words.
    """
    words = load(lang)
    drawn = _charts(facts, words)
    data = Markup(_script_safe(json.dumps({"lang": lang, "charts": [one.data() for one in drawn.values()]})))
    view = {
        "facts": facts,
        "words": words,
        "headline": headline(facts, words),
        "alarms": tuple(_alarm(alarm, words) for alarm in facts.alarms),
        "charts": drawn,
        "passes": tuple(_pass(one, words) for one in facts.passes),
        "tables": _tables(facts, words),
        "started": words.date(facts.started),
        "scorers": _scorers(facts.scorers),
        "data": data,
        **_inlined(),
    }
    return _template("report.html").render(view)


def headline(facts: RunFacts, words: Words) -> tuple[str, tuple[str, ...]]:
    """The verdict in one sentence, and the sentences under it."""
    read, kept, gone = facts.read.conversations, facts.kept.conversations, facts.removed.conversations
    if not read:
        first = words("head.empty")
    elif not kept:
        first = words("head.nothing")
    else:
        first = words("head.kept" if gone else "head.all", n=read, kept=kept)
    rest = []
    takers = sorted(facts.passes, key=lambda one: -one.took.conversations)
    if gone and takers and takers[0].took.conversations * 2 > gone and takers[0].took.conversations < gone:
        worst = takers[0]
        rest.append(words("head.removed_most", removed=gone, name=worst.name, count=worst.took.conversations))
    elif gone:
        rest.append(words("head.removed", removed=gone))
    if facts.masked.messages:
        rest.append(words("head.masked", n=facts.masked.messages))
    if facts.unreadable.total:
        rest.append(words("head.unreadable", n=facts.unreadable.total))
    return first, tuple(rest)


def _charts(facts: RunFacts, words: Words) -> dict[str, Chart]:
    """The page's charts by name, in order; none where there is nothing to show."""
    found: list[Chart] = []
    if facts.read.conversations:
        found.append(charts.sieve(facts, words))
    for slices in facts.slices:
        if any(one.name for one in slices.slices):
            found.append(charts.fates(slices, _slice_names(slices, words), words))
    for name, histogram in (("words", facts.words), ("turns", facts.turns)):
        if histogram.measured:
            found.append(charts.lengths(name, histogram, words))  # type: ignore[arg-type]
    if facts.toxicity:
        found.append(charts.toxicity(facts.toxicity, words))
    kinds = tuple(Count(name=words.name("pii", one.name), count=one.count) for one in facts.redacted.kinds)
    if kinds:
        summary = words("private.summary", n=facts.redacted.values, largest=kinds[0].name)
        head = (words("private.kind"), words("private.values"))
        found.append(charts.counted("private", words("private.chart"), summary, head, kinds, words))
    return {one.name: one for one in found}


def _slice_names(slices: Slices, words: Words) -> list[str]:
    tables = {"language": "languages", "role": "role"}
    names = []
    for one in slices.slices:
        told = words.name(tables[slices.kind], one.name) if slices.kind in tables else one.name
        names.append(told or words("unknown"))
    if slices.others:
        names.append(words("others", n=slices.left_out))
    return names


def _alarm(alarm: Alarm, words: Words) -> AlarmView:
    kind = "quarantine" if alarm.kind == "quarantine" else "pass"
    tables = {"language": "languages", "role": "role"}
    name = (
        words.name(tables[alarm.slice_kind], alarm.slice_name)
        if alarm.slice_kind in tables
        else alarm.slice_name
    )
    known = alarm.slice_kind in ("source", "language", "role")
    where = words(f"alarms.{alarm.slice_kind}", name=name) if known else words("alarms.all")
    share = words.percent(alarm.share)
    limit = words.percent(alarm.limit)
    title = words(f"alarms.by_{kind}", share=share, slice=where, **({"pass": alarm.by}))
    detail = words(f"alarms.detail_{kind}", count=alarm.count, of=alarm.of, limit=limit)
    return AlarmView(alarm, title, detail, words(f"alarms.next_{kind}"))


def _pass(one: PassFacts, words: Words) -> PassView:
    says = words.get("pass")
    kinds = words.get("kind")
    did = (
        ("changed", words("reasons.changed"), one.changed.messages),
        ("flagged", words("reasons.flagged"), one.flagged.messages),
        ("masked", words("reasons.masked"), one.masked.messages),
        ("removed", words("reasons.removed"), one.took.messages),
    )
    rows: list[list[object]] = [[count.name, count.count] for count in one.reasons]
    head = [words("reasons.reason"), words("reasons.messages")]
    return PassView(
        facts=one,
        says=says.get(one.use, says["other"]),
        kind=kinds.get(one.kind, kinds["other"]),
        did=tuple((tone, name, words.number(count)) for tone, name, count in did if count),
        reasons=table(words, f"{words('reasons.more_reasons')}: {one.name}", head, rows) if rows else None,
    )


def _tables(facts: RunFacts, words: Words) -> dict[str, Table]:
    """The page's tables that belong to no chart."""
    unreadable, run = facts.unreadable, "run"

    def head(section: str, *keys: str) -> list[str]:
        return [words(f"{section}.{key}") for key in keys]

    first = [
        [
            one.source,
            words("unreadable.whole") if one.record is None else one.record,
            _bytes(one.start, one.stop),
            one.reason,
        ]
        for one in unreadable.first
    ]
    passes = [
        [one.name, words.name("kind", one.kind), _settings(one.options) or words("run.defaults")]
        for one in facts.passes
    ]
    return {
        "reasons": table(
            words,
            words("unreadable.by_reason"),
            head("unreadable", "reason", "count"),
            _pairs(unreadable.reasons),
        ),
        "sources": table(
            words,
            words("unreadable.by_source"),
            head("unreadable", "source", "count"),
            _pairs(unreadable.sources),
        ),
        "first": table(
            words,
            words("unreadable.first"),
            head("unreadable", "source", "record", "bytes", "reason"),
            first,
            4,
        ),
        "recipe": table(
            words, words("run.recipe", name=facts.recipe), head(run, "pass", "kind", "settings"), passes, 3
        ),
        "inputs": table(
            words,
            words("run.inputs"),
            head(run, "source", "format", "records", "conversations"),
            [[one.source, one.format, one.records, one.conversations] for one in facts.inputs],
            2,
        ),
        "sizes": table(
            words,
            words("duplicates.sizes"),
            head("duplicates", "size", "groups"),
            _pairs(facts.duplicates.sizes),
        ),
    }


def _pairs(counts: Sequence[Count]) -> list[list[object]]:
    return [[one.name, one.count] for one in counts]


def _bytes(start: int | None, stop: int | None) -> str:
    return "" if start is None or stop is None else f"{start}–{stop}"


def _settings(options: dict[str, Any]) -> str:
    """Options as they stand in a recipe, cut where they are long.

    >>> _settings({"limit": 0.8, "allowed": ["en", "fr"]})
    'limit = 0.8, allowed = ["en", "fr"]'
    """
    told = (
        f"{name} = {json.dumps(value, ensure_ascii=False, default=str)}" for name, value in options.items()
    )
    return ", ".join(one if len(one) <= 200 else f"{one[:199]}…" for one in told)[:2_000]


def _scorers(scorers: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, _settings(told) if isinstance(told, dict) else str(told)[:400])
        for name, told in list(scorers.items())[:20]
    ]


def why(example: Example) -> str:
    """The command that tells an example's whole story."""
    return f"curate why OUT {shlex.quote(example.conversation_id)}"


def _script_safe(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _inlined() -> dict[str, Markup]:
    """Scripts and styles, and the policy that lets these alone in."""
    plot = _read("vendor/plot.min.js").strip()
    page = _read("templates/page.js").strip()
    fonts = {name: _base64(f"vendor/{name}.woff2") for name in ("newsreader", "instrument-sans")}
    style = _read("templates/page.css")
    for name, data in fonts.items():
        style = style.replace(f"url({name}.woff2)", f"url(data:font/woff2;base64,{data})")
    scripts = " ".join(_hash(text) for text in (plot, page))
    styles = " ".join(_hash(text) for text in (style, _read("vendor/plot.style.css")))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    return {"plot": Markup(plot), "script": Markup(page), "style": Markup(style), "policy": Markup(policy)}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(path: str) -> str:
    return FILES.joinpath(path).read_text(encoding="utf-8").replace("\r\n", "\n")


def _base64(path: str) -> str:
    return base64.b64encode(FILES.joinpath(path).read_bytes()).decode()


@cache
def _template(name: str) -> jinja2.Template:
    """A template: everything is escaped, a name that is not there is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"compare": diffs.compare, "bits": diffs.bits, "why": why}
    return environment.get_template(name)
