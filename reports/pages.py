"""The page of a run: facts in, one self-contained HTML file out."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from reports import diffs, diversity, limits, views
from reports.diversity_facts import Facts as Diverse
from reports.evidence import reason
from reports.shapes import Example, RunFacts
from reports.words import load

FILES = resources.files("reports")


def render_report(facts: RunFacts, lang: str = "en", diverse: Diverse | None = None) -> str:
    """The whole of `report.html` in English ("en") or French ("fr").

    Everything the page needs stands in it. A Content-Security-Policy names the hashes of its two scripts and
    its styles: nothing else runs, and nothing is loaded. Raises ReportError for a language without words.
    """
    words = load(lang)
    drawn = views.draw(facts, words)
    moving, still = limits.views(facts, words)
    told = {
        "lang": lang,
        "charts": [one.data() for one in drawn.values()],
        "limits": [one.data() for one in moving],
    }
    data = Markup(_script_safe(json.dumps(told)))
    view = {
        "facts": facts,
        "words": words,
        "headline": views.headline(facts, words),
        "alarms": views.alarms(facts, words),
        "charts": drawn,
        "passes": views.passes(facts, words),
        "tables": views.tables(facts, words),
        "started": words.date(facts.started),
        "scorers": views.scorers(facts.scorers),
        "limits": moving,
        "still": still,
        "data": data,
        **diversity.section(diverse, lang),
        **_inlined(),
    }
    return _template("report.html").render(view)


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
    sliders = _read("templates/limits.js").strip()
    fonts = {name: _base64(f"vendor/{name}.woff2") for name in ("newsreader", "instrument-sans")}
    style = _read("templates/page.css")
    for name, data in fonts.items():
        style = style.replace(f"url({name}.woff2)", f"url(data:font/woff2;base64,{data})")
    scripts = " ".join(_hash(text) for text in (plot, page, sliders, diversity.script()))
    styles = " ".join(_hash(text) for text in (style, _read("vendor/plot.style.css")))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    inlined = {"plot": plot, "script": page, "sliders": sliders, "style": style, "policy": policy}
    return {name: Markup(text) for name, text in inlined.items()}


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
    environment.globals |= {
        "compare": diffs.compare,
        "bits": diffs.bits,
        "breakable": diffs.breakable,
        "why": why,
        "reason": reason,
    }
    return environment.get_template(name)
