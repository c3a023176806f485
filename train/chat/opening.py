"""`train chat`: a model opened, then a conversation on the terminal or a server on localhost."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train import hub
from train.chat.private import Redaction, redaction_of
from train.errors import ConfigError, unknown
from train.generate import Sampling, Speaker

if TYPE_CHECKING:
    from rich.console import Console

DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which model speaks, and how."""

    model: str
    sampling: Sampling
    system: str = ""
    redact: bool = False
    device: str = "auto"
    dtype: str = "auto"


def opened(asked: Asked) -> tuple[Speaker, Redaction | None]:
    """The model, ready to answer, and the redaction before it where it was asked for."""
    hub.reached(asked.model)
    redaction = redaction_of(asked.model) if asked.redact else None
    return speaker(asked.model, asked.device, asked.dtype), redaction


def speaker(model: str, device: str = "auto", dtype: str = "auto") -> Speaker:
    """A model of a folder or the hub on a device. Raises ConfigError for what is not there."""
    import torch

    from train import terminal
    from train.export import open_model
    from train.render import Renderer

    if dtype not in DTYPES:
        raise ConfigError(unknown("dtype", dtype, DTYPES, "--dtype"))
    place = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    if place.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(f"no GPU is at hand for --device {device}; take cpu or auto")
    held = ("bfloat16" if place.startswith("cuda") else "float32") if dtype == "auto" else dtype
    terminal.silence()
    try:
        made, tokenizer = open_model(model, place, getattr(torch, held))
    except RuntimeError as error:
        raise ConfigError(f"--device {device} cannot be used; take cpu, cuda, or auto") from error
    return Speaker(made, Renderer(tokenizer))


def greet(console: Console, asked: Asked, redaction: Redaction | None) -> None:
    """What a person should know before they say something."""
    if redaction:
        source = "as in the run its data came from" if redaction.of_run else "with the default options"
        console.print(
            f"private values are hidden from the model, {source}; names that only stand in the text and "
            "postal addresses are not found",
            style="dim",
        )


def terminal(console: Console, asked: Asked) -> None:
    """Talk until the input ends: answers on standard output, everything else on standard error."""
    from train.chat import talk

    told, redaction = opened(asked)
    greet(console, asked, redaction)
    if sys.stdin.isatty():
        console.print("/help lists the commands; the end of the input (Ctrl-D) leaves", style="dim")
    conversation = talk.Talk(told, asked.sampling, redaction, asked.system)
    talk.converse(conversation, console, talk.typed("you: "))


def serve(console: Console, asked: Asked, port: int, name: str = "") -> None:
    """Serve until Ctrl-C; a line for each request, of counts only."""
    from train.chat.completions import Service
    from train.chat.serve import Server

    if asked.system:
        raise ConfigError("--system is for the terminal; a client sends its own system message")
    told, redaction = opened(asked)
    known = name or Path(asked.model).resolve().name
    say: Any = lambda line: console.print(line, style="dim", markup=False)  # noqa: E731
    with Server(Service(told, known, asked.sampling, redaction), port, say) as server:
        greet(console, asked, redaction)
        console.print(
            f"'{known}' answers at {server.url} (any API key will do); Ctrl-C ends it\n"
            f"  from openai import OpenAI\n"
            f"  client = OpenAI(base_url='{server.url}', api_key='none')\n"
            f"  client.chat.completions.create(model='{known}', "
            "messages=[{'role': 'user', 'content': 'Hello'}])",
            markup=False,
            soft_wrap=True,
        )
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("ended")
