"""Verbs that let models speak: chat, duel."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from train.verbs.app import Json, Quiet, app

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

    from train.chat import opening as chats
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


@app.command(epilog="Example: train duel base/ model/ --prompts out/ --to duel/")
def duel(
    first: Annotated[str, typer.Argument(metavar="A", help="Folder of a model, or a hub name.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    prompts: Annotated[
        str,
        typer.Option("--prompts", help="Conversations (OUT, Parquet, JSONL), or a .txt: one prompt a line."),
    ],
    to: Annotated[str, typer.Option("--to", help="Folder to write.")] = "duel",
    count: Annotated[int, typer.Option(help="Prompts to draw.")] = 50,
    until: Annotated[str, typer.Option(help="Turn of a conversation to answer: first or last.")] = "first",
    votes: Annotated[
        list[str] | None, typer.Option("--votes", metavar="FILE", help="Votes that the page saved.")
    ] = None,
    judge: Annotated[str, typer.Option(metavar="URL", help="Ask a model behind OpenAI's API to judge.")] = "",
    judge_model: Annotated[str, typer.Option("--judge-model", help="Its name there.")] = "",
    judge_key: Annotated[
        str, typer.Option("--judge-key", metavar="VARIABLE", help="Environment variable with its key.")
    ] = "OPENAI_API_KEY",
    temperature: Temperature = 0.7,
    top_p: TopP = 0.95,
    most: Most = 256,
    seed: Annotated[int, typer.Option(help="Another seed draws other prompts and answers.")] = 0,
    device: Device = "auto",
    dtype: Dtype = "auto",
    lang: Annotated[str, typer.Option("--lang", help="Language of the page: en or fr.")] = "en",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let two models answer the same prompts, and people or a judge say blind which answers help more."""
    from rich.console import Console

    from train.duel import contest
    from train.duel import pairs as duels
    from train.duel.judge import Judge
    from train.generate import Sampling

    asked = duels.Asked(
        models=(first, second),
        prompts=prompts,
        count=count,
        until=until,
        seed=seed,
        sampling=Sampling(temperature=temperature, top_p=top_p, most=most),
        device=device,
        dtype=dtype,
    )
    counting = contest.Counting(
        files=tuple(votes or ()), judge=Judge(judge, judge_model, judge_key) if judge else None
    )
    told = contest.run(Console(stderr=True, highlight=False, quiet=quiet), asked, to, counting, lang)
    if as_json and told is not None:
        print(json.dumps(told.as_dict(), ensure_ascii=False))
