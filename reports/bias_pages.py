"""The bias page: facts in, one self-contained HTML file out."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from typing import Any

from markupsafe import Markup

from reports import assets, bias_charts, bias_tables, bias_views
from reports.bias_facts import Facts
from reports.words import Words, load

KINDS = ("group", "language", "source", "role")


def render_bias(facts: Facts, lang: str = "en") -> str:
    """The whole of `bias.html` in English ("en") or French ("fr").

    Like report.html it holds everything it needs, and its Content-Security-Policy lets nothing else in.
    Raises ReportError for a language without words.
    """
    words = load_bias(lang)
    found = bias_views.findings(facts, words)
    removed = {kind: bias_charts.removed(facts, kind, words) for kind in KINDS}
    mentions = bias_charts.mentions(facts, words)
    languages = sorted({one.language for one in facts.swaps})
    scorers = [one for one in (bias_charts.scorer(facts, name, words) for name in languages) if one]
    drawn = [one for one in (*removed.values(), mentions, *scorers) if one]
    data = json.dumps({"lang": lang, "charts": [], "intervals": [one.data() for one in drawn]})
    view = {
        "facts": facts,
        "words": words,
        "headline": bias_views.headline(facts, found, words),
        "found": found,
        "most": bias_views.MOST_FOUND,
        "counts": {
            name: sum(1 for one in rows if one.claimed)
            for name, rows in (("sieve", facts.sieve), ("words", facts.association), ("gaps", facts.gaps))
        },
        "removed": removed,
        "mentions": mentions,
        "beside": bias_views.beside(facts, words),
        "tables": bias_tables.tables(facts, words),
        "scorers": scorers,
        "method": method(facts, words),
        "started": words.date(facts.started),
        "data": Markup(assets.script_safe(data)),
        **inlined(),
    }
    return assets.template("bias.html").render(view)


def method(facts: Facts, words: Words) -> list[str]:
    """How sure the audit is, in sentences with this run's settings."""
    held = {name: words.number(value) for name, value in facts.settings.items() if isinstance(value, int)}
    held["level"] = words.percent(float(facts.settings["level"]))
    return [str(line).format_map(held) for line in words.get("bias.method.text")]


@cache
def load_bias(lang: str) -> Words:
    """The words of report.html with those of the bias page beside them."""
    plain = load(lang)
    text = assets.read(f"bias_words_{lang}.toml")
    return Words({**plain.table, **tomllib.loads(text)})


@cache
def inlined() -> dict[str, Any]:
    """Scripts and styles of both pages, and the policy that lets these alone in."""
    held = dict(assets.inlined())
    script = assets.read("templates/bias.js").strip()
    style = str(held["style"]) + assets.read("templates/bias.css")
    policy = str(held["policy"])
    policy = policy.replace("script-src ", f"script-src {assets.hash_of(script)} ")
    policy = policy.replace("style-src ", f"style-src {assets.hash_of(style)} ")
    return {**held, "bias_script": Markup(script), "style": Markup(style), "policy": Markup(policy)}
