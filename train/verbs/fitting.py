"""Verbs that train and what stands around it: fit, resume, tokens, settings, export."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from train.verbs.app import (
    ConfigFile,
    Folder,
    Json,
    ModelSource,
    Quiet,
    Sets,
    Source,
    Template,
    Tokenizer,
    app,
    configured,
)


@app.command(epilog="Example: train fit out/ --model config.json --to model/ --set optim.lr=1e-3")
def fit(
    source: Source,
    model: ModelSource = "",
    to: Annotated[str, typer.Option("--to", help="Folder to write.")] = "model",
    lora: Annotated[int, typer.Option("--lora", metavar="RANK", help="Train adapters of this rank.")] = 0,
    config: ConfigFile = "",
    sets: Sets = None,
    tokenizer: Tokenizer = "",
    template: Template = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace a run in the folder.")] = False,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="Tell memory and hours; train nothing.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model on the assistant messages that curation kept: in full, with adapters, or from scratch.

    From scratch, --model is a Hugging Face config.json of sizes alone, such as {"model_type": "llama",
    "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 6, "num_attention_heads": 4,
    "num_key_value_heads": 4}; a tokenizer is trained on the data (--set model.vocabulary=8192).
    """
    from rich.console import Console

    from train import config as configs
    from train import terminal

    told = configured(source, model, config, sets, tokenizer=tokenizer, template=template)
    if lora:
        told = configs.changed(told, "lora", rank=lora)
    console = Console(stderr=True, highlight=False, quiet=quiet)
    if forecast:
        terminal.forecast(console, told)
        return
    done = terminal.fit(console, told, to, fresh=fresh, quiet=quiet)
    if as_json:
        print(json.dumps(terminal.result(done)))


@app.command(epilog="Example: train resume model/")
def resume(
    run: Folder,
    force: Annotated[bool, typer.Option("--force", help="Even if options or data have changed.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was stopped or killed, from its last checkpoint."""
    from rich.console import Console

    from train import terminal

    done = terminal.resume(Console(stderr=True, highlight=False, quiet=quiet), run, force=force, quiet=quiet)
    if as_json:
        print(json.dumps(terminal.result(done)))


@app.command(epilog="Example: train tokens out/ --model config.json --count 2")
def tokens(
    source: Source,
    model: ModelSource = "",
    conversation: Annotated[str, typer.Option("--conversation", metavar="ID", help="Show this one.")] = "",
    count: Annotated[int, typer.Option("--count", help="Conversations to show.")] = 1,
    config: ConfigFile = "",
    sets: Sets = None,
    tokenizer: Tokenizer = "",
    template: Template = "",
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Write message text even if the output is no terminal.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show conversations as tokens, what is learned in green, and where every token of the set goes."""
    from rich.console import Console

    from train import terminal

    told = configured(source, model, config, sets, tokenizer=tokenizer, template=template)
    console = Console(highlight=False)
    counted = terminal.tokens(console, told, conversation, count, show_text or console.is_terminal, as_json)
    if as_json:
        print(json.dumps(counted.as_dict()))
    counted.stand(told.data.lost_limit)


@app.command(epilog="Example: train settings optim")
def settings(
    section: Annotated[str, typer.Argument(metavar="[SECTION]", help="One section; all without.")] = "",
) -> None:
    """List what --set and a --config file may change, with defaults and what each means."""
    from rich.console import Console

    from train import settings as found
    from train import show

    show.settings(Console(highlight=False), found.sections(section))


@app.command(epilog="Example: train export model/ --to exported/ --dtype bfloat16")
def export(
    run: Folder,
    to: Annotated[str, typer.Option("--to", help="Folder to write.")] = "exported",
    dtype: Annotated[str, typer.Option("--dtype", help="float32, bfloat16 or float16.")] = "float32",
    gguf: Annotated[str, typer.Option("--gguf", metavar="LLAMA_CPP", help="llama.cpp's folder.")] = "",
) -> None:
    """Write a model that transformers loads, adapters merged, with tokenizer, card and data manifest."""
    from train import export as exports
    from train import terminal

    terminal.silence()
    print(exports.export(run, to, dtype=dtype, gguf=gguf))
