"""`duel.html`: the page on which people vote: one file, offline, without the names of the models."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from train.duel.pairs import Duel
from train.errors import ConfigError, unknown
from train.page import digest, styled


@cache
def words() -> dict[str, dict[str, Any]]:
    """What the page says, by language."""
    return tomllib.loads(resources.files("train").joinpath("templates/duel_words.toml").read_text("utf-8"))


def check_language(lang: str) -> None:
    """Raises ConfigError for a language that the page does not have."""
    if lang not in words():
        raise ConfigError(unknown("language", lang, words(), "--lang"))


def render(duel: Duel, lang: str = "en") -> str:
    """The page of a duel: pairs whose answers are the same are not asked about."""
    import jinja2
    from markupsafe import Markup

    check_language(lang)
    told = words()[lang]
    folder = resources.files("train").joinpath("templates")
    style = styled() + folder.joinpath("duel.css").read_text("utf-8")
    script = folder.joinpath("duel.js").read_text("utf-8")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(folder.joinpath("duel.html").read_text("utf-8"))
    return template.render(
        lang=lang,
        words=told,
        style=Markup(style),
        script=Markup(script),
        policy=policy,
        pairs=Markup(embedded({"key": duel.key, "pairs": shown(duel), "words": told})),
    )


def shown(duel: Duel) -> list[dict[str, Any]]:
    """The pairs as voters see them: answers by side, nothing that tells whose they are."""
    return [
        {
            "id": pair.id,
            "messages": pair.messages,
            "left": pair.answers[pair.left],
            "right": pair.answers[1 - pair.left],
        }
        for pair in duel.pairs
        if not pair.same
    ]


def embedded(value: Any) -> str:
    """JSON that may stand inside a script element, whatever its texts hold.

    >>> embedded("</script>")
    '"\\\\u003c/script>"'
    """
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
