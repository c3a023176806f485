"""What every page is made with: templates, scripts and styles, and the policy that lets these alone in."""

from __future__ import annotations

import base64
import hashlib
import shlex
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from reports import diffs
from reports.evidence import reason
from reports.shapes import Example

FILES = resources.files("reports")


def why(example: Example) -> str:
    """The command that tells an example's whole story."""
    return f"curate why OUT {shlex.quote(example.conversation_id)}"


def script_safe(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def inlined() -> dict[str, Markup]:
    """Scripts and styles, and the policy that lets these alone in."""
    plot = read("vendor/plot.min.js").strip()
    page = read("templates/page.js").strip()
    sliders = read("templates/limits.js").strip()
    fonts = {name: base64_of(f"vendor/{name}.woff2") for name in ("newsreader", "instrument-sans")}
    style = read("templates/page.css")
    for name, data in fonts.items():
        style = style.replace(f"url({name}.woff2)", f"url(data:font/woff2;base64,{data})")
    scripts = " ".join(
        hash_of(text) for text in (plot, page, sliders, read("templates/diversity.js").strip())
    )
    styles = " ".join(hash_of(text) for text in (style, read("vendor/plot.style.css")))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    inlined = {"plot": plot, "script": page, "sliders": sliders, "style": style, "policy": policy}
    return {name: Markup(text) for name, text in inlined.items()}


def hash_of(text: str) -> str:
    """What a Content-Security-Policy names a script or a style by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def read(path: str) -> str:
    """A text file of this package, its lines ended by a line feed on any system."""
    return FILES.joinpath(path).read_text(encoding="utf-8").replace("\r\n", "\n")


def base64_of(path: str) -> str:
    """A file of this package as base64."""
    return base64.b64encode(FILES.joinpath(path).read_bytes()).decode()


@cache
def template(name: str) -> jinja2.Template:
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
