"""The application that every verb joins, and the arguments that verbs share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

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
ModelSource = Annotated[
    str,
    typer.Option(
        "--model",
        help="A model's folder, its hub name, or a config.json of sizes (from scratch, no tokenizer needed).",
    ),
]
ConfigFile = Annotated[str, typer.Option("--config", help="A TOML file of options, by [section].")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="SECTION.KEY=VALUE", help="Change an option; 'train settings' lists them all."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Tokenizer = Annotated[str, typer.Option("--tokenizer", help="Another tokenizer: folder or hub name.")]
Template = Annotated[str, typer.Option("--template", help="A file with another chat template.")]


def configured(source: str, model: str, config: str, sets: list[str] | None, **more: Any) -> Any:
    """The configuration of a command: the file's, then the options', then --set's."""
    from train import config as configs

    told = configs.load(config) if config else configs.Config()
    changes = {"source": model, **more}
    told = configs.changed(told, "model", **{key: value for key, value in changes.items() if value})
    told = configs.changed(told, "data", source=source) if source else told
    return configs.with_sets(told, sets or ())
