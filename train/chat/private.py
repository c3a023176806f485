"""`--redact`: private values out before the model sees a chat, and back into its answer; in memory only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from train.errors import ConfigError
from train.folder import RUN
from train.generate import begun
from train.records import Message

PASS = "redact_pii"


@dataclass(frozen=True)
class Redaction:
    """The redaction of a curation run, for chats: `settings` are those of `curate.pii`."""

    settings: Any
    of_run: bool
    """Whether they are the options by which the model's data was redacted; if not, the defaults."""

    def redact(self, messages: Sequence[Message]) -> tuple[list[Message], dict[str, str]]:
        """The messages as the model may see them, and the value of each stand-in."""
        from curate.pii.turns import redact_turns

        spoken = [(one.name, one.role) for one in messages if one.name and one.role != "tool"]
        called = [n for n, one in enumerate(messages) if one.tool_calls]
        told = redact_turns(
            [one.content for one in messages],
            spoken,
            self.settings,
            [json.dumps(messages[n].tool_calls, ensure_ascii=False) for n in called],
        )
        shown = [
            replace(one, content=text, name=one.name if one.role == "tool" else None)
            for one, text in zip(messages, told.texts, strict=False)
        ]
        for n, text in zip(called, told.texts[len(messages) :], strict=True):
            shown[n] = replace(shown[n], tool_calls=tuple(json.loads(text)))
        return shown, told.values


def redaction_of(model: str | Path) -> Redaction:
    """The redaction that the model's data went through, by the manifest beside it; else the default one.

    Names, values to keep and the key are never told in a manifest, so those of a run are not known here.
    Raises ConfigError where the curation part is not installed.
    """
    try:
        from curate.passes.redact_pii import RedactPii
    except ImportError:
        raise ConfigError(
            "--redact needs the curation part, which is not installed; 'pip install tamis'"
        ) from None
    options = options_of(manifest_of(Path(model)))
    if options is None:
        return Redaction(RedactPii().settings, of_run=False)
    known: dict[str, Any] = {key: tuple(options[key]) for key in ("kinds", "regions") if key in options}
    return Redaction(RedactPii(**known).settings, of_run=True)


def options_of(manifest: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The options of the redaction pass in a curation run's manifest; None where there was none."""
    for one in (manifest or {}).get("recipe", {}).get("passes", ()):
        if one.get("use", one.get("name")) == PASS:
            options: Mapping[str, Any] = one["options"]
            return options
    return None


def manifest_of(folder: Path) -> Mapping[str, Any] | None:
    """The manifest of the run that curated a model's data: exported beside it, or where it was read."""
    beside = folder / "data_manifest.json"
    if not beside.exists() and (folder / RUN).exists():
        told = json.loads((folder / RUN).read_text("utf-8"))
        beside = Path(told["config"]["data"]["source"]) / "manifest.json"
    if not beside.is_file():
        return None
    found: Mapping[str, Any] = json.loads(beside.read_text("utf-8"))
    return found


def restored(text: str, values: Mapping[str, str]) -> str:
    """The text with each stand-in's value in its place.

    >>> restored("Write to <EMAIL_1> or <EMAIL_7>.", {"<EMAIL_1>": "a@b.fr"})
    'Write to a@b.fr or <EMAIL_7>.'
    """
    return "".join(restoring([text], values))


def restoring(pieces: Iterable[str], values: Mapping[str, str]) -> Iterator[str]:
    """The pieces with values put back; what may be the beginning of a stand-in waits for the next piece."""
    held = ""
    for piece in pieces:
        held += piece
        ready = len(held) - begun(held, values)
        if ready:
            yield exchanged(held[:ready], values)
            held = held[ready:]
    if held:
        yield exchanged(held, values)


def exchanged(text: str, values: Mapping[str, str]) -> str:
    """The text with stand-ins replaced, each place once: what a value holds is not looked at again."""
    if not values or "<" not in text:
        return text
    wanted = re.compile("|".join(map(re.escape, values)))
    return wanted.sub(lambda found: values[found[0]], text)


def restored_within(value: Any, values: Mapping[str, str]) -> Any:
    """A JSON value with stand-ins restored in its strings."""
    if isinstance(value, str):
        return restored(value, values)
    if isinstance(value, Mapping):
        return {key: restored_within(one, values) for key, one in value.items()}
    return [restored_within(one, values) for one in value] if isinstance(value, list) else value
