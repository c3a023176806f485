"""The command line of training: each verb parses, calls once, prints. torch is imported when it is needed."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, NoReturn

import typer

from train.errors import LimitBrokenError, TrainError

app = typer.Typer(
    name="train",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Train on a curated set, measure what was learned, and prove that curation helped.\n\n"
    "Example: train fit out/ --model config.json --to model/",
)

Source = Annotated[
    str, typer.Argument(metavar="OUT", help="A curation run's folder, a Parquet or JSONL file.")
]
Folder = Annotated[str, typer.Argument(metavar="RUN", help="Folder of a training run.")]
ModelSource = Annotated[str, typer.Option("--model", help="Folder, hub name, or config.json (from scratch).")]
ConfigFile = Annotated[str, typer.Option("--config", help="A TOML file of options.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change an option.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Tokenizer = Annotated[str, typer.Option("--tokenizer", help="Another tokenizer: folder or hub name.")]
Template = Annotated[str, typer.Option("--template", help="A file with another chat template.")]


def main() -> NoReturn:
    """The entry point: errors of the user's making are one sentence and exit status 2 (3: a limit broken)."""
    try:
        app(standalone_mode=True)
    except LimitBrokenError as error:
        leave(str(error), 3)
    except TrainError as error:
        leave(str(error), 2)
    except BrokenPipeError:
        leave("", 0)
    sys.exit(0)


def leave(sentence: str, status: int) -> NoReturn:
    """Say why on standard error and exit."""
    if sentence:
        print(f"train: {sentence}", file=sys.stderr)
    sys.exit(status)


def configured(source: str, model: str, config: str, sets: list[str] | None, **more: Any) -> Any:
    """The configuration of a command: the file's, then the options', then --set's."""
    from train import config as configs

    told = configs.load(config) if config else configs.Config()
    changes = {"source": model, **more}
    told = configs.changed(told, "model", **{key: value for key, value in changes.items() if value})
    told = configs.changed(told, "data", source=source) if source else told
    return configs.with_sets(told, sets or ())


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
    """Train a model on the assistant messages that curation kept: in full, with adapters, or from scratch."""
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


@app.command(epilog="Example: train tokens out/ --model gpt2 --conversation c17")
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


@app.command("eval", epilog="Example: train eval model/ out/ --to eval.json")
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder of a model, or a hub name.")],
    source: Source,
    to: Annotated[str, typer.Option("--to", help="A JSON file to write.")] = "",
    against: Annotated[str, typer.Option("--against", help="An earlier JSON file to compare with.")] = "",
    trained_on: Annotated[
        str, typer.Option("--trained-on", metavar="OUT", help="Stop if its near-duplicates are evaluated on.")
    ] = "",
    limit: Annotated[int | None, typer.Option(help="Evaluate on this many conversations at most.")] = None,
    window: Annotated[int, typer.Option(help="Tokens of a window; 0: what the model takes.")] = 0,
    stride: Annotated[int, typer.Option(help="Tokens between windows; 0: half a window.")] = 0,
    rows: Annotated[int, typer.Option(help="Rows in a batch (no number depends on it).")] = 0,
    context: Annotated[int, typer.Option(help="Conversations for the gain by context; 0: none.")] = 200,
    stand_ins: Annotated[str, typer.Option("--stand-ins", help="mask or learn.")] = "mask",
    dtype: Annotated[str, typer.Option("--dtype", help="float32 or bfloat16.")] = "float32",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure perplexity and bits per byte of assistant messages, by slice, with intervals."""
    from rich.console import Console

    from train import evaluation
    from train.evaluate import Options

    asked = Options(
        window=window, stride=stride, rows=rows, context=context, stand_ins=stand_ins, dtype=dtype
    )
    console = Console(stderr=as_json, highlight=False, quiet=quiet)
    told = evaluation.run(
        console, model, source, asked, to=to, against=against, trained_on=trained_on, limit=limit
    )
    if as_json:
        print(json.dumps(told.as_dict()))


@app.command(epilog="Example: train demo")
def demo(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="[LOGS...]", help="Raw logs; invented ones without.")
    ] = None,
    tokens: Annotated[int, typer.Option(help="Target tokens that each model sees.")] = 0,
    workers: Annotated[int, typer.Option(help="Models trained at a time; 0: one a core.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Curate logs, train a small model on raw and on curated, compare: minutes on a laptop, no download."""
    from rich.console import Console

    from train import demo as demos
    from train import demo_table

    console = Console(stderr=as_json, highlight=False, quiet=quiet)
    told = demos.demo(inputs or (), tokens=tokens or demos.TOKENS, workers=workers, say=console.print)
    demo_table.show(console, told)
    if as_json:
        print(json.dumps(told.as_dict()))


@app.command(epilog="Example: train prove out/ --controls random,epochs,passes --to proof/")
def prove(
    outs: Annotated[
        list[str], typer.Argument(metavar="OUT...", help="A curation run; more are further arms.")
    ],
    to: Annotated[str, typer.Option("--to", help="Folder to write.")] = "proof",
    model: ModelSource = "",
    config: ConfigFile = "",
    sets: Sets = None,
    controls: Annotated[str, typer.Option(help="Of: random, epochs, passes.")] = "random,epochs",
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", metavar="PASS", help="An arm without this pass.")
    ] = None,
    other: Annotated[
        list[str] | None, typer.Option("--other", metavar="NAME=FILE", help="Another tool's set.")
    ] = None,
    trained: Annotated[
        list[str] | None,
        typer.Option("--trained", metavar="NAME=MODEL", help="Train nothing: score these models."),
    ] = None,
    outside: Annotated[str, typer.Option(help="A file to score on that curation never saw.")] = "",
    seeds: Annotated[int, typer.Option(help="Seeds of each arm, three or more.")] = 3,
    tokens: Annotated[int, typer.Option(help="Target tokens of each arm; 0: one epoch of raw.")] = 0,
    held_out: Annotated[float, typer.Option("--held-out", help="Share of different chats held out.")] = 0.1,
    split_seed: Annotated[int, typer.Option("--split-seed", help="Another split.")] = 0,
    workers: Annotated[int, typer.Option(help="Models trained at a time; 0: one a core.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prove on models whether curation helped, and which pass earned its place."""
    from rich.console import Console

    from train import config as configs
    from train import proving
    from train.prove import Asked

    asked = Asked(
        outs=tuple(outs),
        config=configs.load(config) if config else configs.Config(),
        seeds=seeds,
        tokens=tokens,
        held_out=held_out,
        split_seed=split_seed,
        controls=tuple(name for name in controls.split(",") if name),
        passes=tuple(leave_out or ()),
        others=proving.named(other or (), "--other"),
        outside=outside,
        trained=proving.named(trained or (), "--trained"),
        workers=workers,
    )
    console = Console(stderr=as_json, highlight=False, quiet=quiet)
    told = proving.run(console, asked, to, model=model, sets=sets or ())
    if as_json:
        print(json.dumps(proving.plain(told.as_dict())))


if __name__ == "__main__":
    main()
