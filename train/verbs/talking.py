"""Verbs that let a model speak: chat."""

from __future__ import annotations

from typing import Annotated

import typer

from train.verbs.app import Quiet, app

ModelFolder = Annotated[str, typer.Argument(metavar="MODEL", help="Folder of a model, or a hub name.")]
Most = Annotated[int, typer.Option("--most", help="Tokens of an answer; 0: as many as there is room for.")]
Temperature = Annotated[float, typer.Option(help="0 takes the likeliest words, 1 draws as the model says.")]
TopP = Annotated[float, typer.Option("--top-p", help="Draw from the words that hold this share.")]
Device = Annotated[str, typer.Option(help="cpu, cuda; auto: a GPU where there is one.")]
Dtype = Annotated[str, typer.Option(help="float32, bfloat16 or float16; auto: what the device does best.")]


@app.command(epilog='Example: echo "Where is my order?" | train chat model/ --redact')
def chat(
    model: ModelFolder,
    system: Annotated[str, typer.Option(metavar="TEXT", help="Instructions to begin with.")] = "",
    redact: Annotated[
        bool, typer.Option("--redact", help="Hide private values from the model, put them back after it.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Answer OpenAI's clients on localhost instead of the terminal.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port for --serve; 0: any free one.")] = 8000,
    name: Annotated[str, typer.Option(help="What clients call the model; its folder's name without.")] = "",
    temperature: Temperature = 0.7,
    top_p: TopP = 0.95,
    most: Most = 512,
    seed: Annotated[int | None, typer.Option(help="The same answers again.")] = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    quiet: Quiet = False,
) -> None:
    """Talk with a model on the terminal, or let OpenAI's clients talk with it on localhost."""
    from rich.console import Console

    from train import chat as chats
    from train.generate import Sampling

    chosen = Sampling(temperature=temperature, top_p=top_p, most=most, seed=seed)
    console = Console(stderr=True, highlight=False, quiet=quiet)
    asked = chats.Asked(
        model=model, sampling=chosen, system=system, redact=redact, device=device, dtype=dtype
    )
    if serve:
        chats.serve(console, asked, port, name)
    else:
        chats.terminal(console, asked)
