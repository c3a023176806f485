"""Whether a model can be had, before it is loaded: from a folder, the Hub's cache here, or the Hub.

transformers asks the Hub again and again, for most of a minute, and then says that a file lacks: this asks
once, and says what to do.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path

from train.errors import ConfigError

PATIENCE = 5.0
"""Seconds to wait for the Hub's answer; `HF_HUB_ETAG_TIMEOUT` says otherwise."""

MADE = ("config.json", "adapter_config.json")
"""A folder with one of these holds a model (or adapters)."""

CACHED = ("config.json", "tokenizer_config.json", "tokenizer.json")
"""Files by which a model or a tokenizer is known in the Hub's cache."""


def reached(source: str, kind: str = "model") -> None:
    """Make sure that a model (or `kind="tokenizer"`) can be had; ConfigError with the next step where not.

    The Hub is asked once at most. Where it is away and its cache here has the model, this process and those
    it starts do not ask it any more (`HF_HUB_OFFLINE`): transformers would wait for it file by file.

    >>> reached("nowhere/models/chat")
    Traceback (most recent call last):
    train.errors.ConfigError: no folder 'nowhere/models/chat' here; name a model's folder, or its name on ...
    """
    place = Path(source)
    if place.is_dir():
        if kind == "model":
            holds_model(place)
        return
    if place.exists():
        raise ConfigError(f"'{source}' is a file; name the folder that the {kind} lies in")
    on_hub(source, kind)


def holds_model(place: Path) -> None:
    """ConfigError for a folder without a model, with what to do where it is a run of ours."""
    if is_model(place):
        return
    if (place / "train.json").exists():
        raise ConfigError(f"the run in '{place}' is not finished; 'train resume {place}' goes on with it")
    if (place / "manifest.json").exists():
        raise ConfigError(
            f"'{place}' is a curation run, no model; 'train fit {place} --model MODEL --to DIR' trains one"
        )
    raise ConfigError(f"'{place}' holds no model (no config.json); name the folder that 'train fit' wrote")


def is_model(place: str | Path) -> bool:
    """Whether a folder holds a model or adapters."""
    return any((Path(place) / name).exists() for name in MADE)


@cache
def on_hub(name: str, kind: str) -> None:
    """`reached` for what is no folder; the answer holds as long as the process."""
    from huggingface_hub import constants, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    missing = f"no folder '{name}' here"
    try:
        url = hf_hub_url(name, CACHED[0])
    except HFValidationError:
        raise ConfigError(f"{missing}; name a {kind}'s folder, or its name on the Hugging Face Hub") from None
    known = any(isinstance(try_to_load_from_cache(name, file), str) for file in CACHED)
    if constants.is_offline_mode():
        if known:
            return
        raise ConfigError(
            f"{missing}, none in the Hugging Face Hub's cache, and HF_HUB_OFFLINE forbids to ask the Hub; "
            f"name a {kind}'s folder, or unset HF_HUB_OFFLINE"
        )
    why = asked(url, name, kind)
    if not why:
        return
    if not known:
        raise ConfigError(
            f"{missing}, and the Hugging Face Hub cannot be asked for a {kind} of that name "
            f"({constants.ENDPOINT} {why}); name a {kind}'s folder, or try again with a network"
        )
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants.HF_HUB_OFFLINE = True  # read from the environment when the library was imported


def asked(url: str, name: str, kind: str) -> str:
    """Ask the Hub once; why there was no answer, "" where it has the model. ConfigError where it has not."""
    from huggingface_hub import constants, get_hf_file_metadata
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RemoteEntryNotFoundError

    own = os.environ.get("HF_HUB_ETAG_TIMEOUT")
    patience = float(constants.HF_HUB_ETAG_TIMEOUT) if own else PATIENCE
    said: list[Exception | None] = []

    def ask() -> None:
        try:
            get_hf_file_metadata(url, timeout=patience)
        except Exception as error:  # its library for HTTP may be another one: whatever it raises is no answer
            said.append(error)
        else:
            said.append(None)

    # a request's time limit holds for one address at a time, and looking up a name has none
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(patience)
    if not said:
        return f"did not answer within {patience:g} s"
    error = said[0]
    if error is None or isinstance(error, RemoteEntryNotFoundError):
        return ""  # it is there; whether it holds what is needed, who loads it will see
    if isinstance(error, GatedRepoError):
        raise ConfigError(
            f"'{name}' is gated on the Hugging Face Hub; ask for access there, then 'hf auth login'"
        )
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    if status in (401, 403, 404):
        raise ConfigError(
            f"no folder '{name}' here, and the Hugging Face Hub has no {kind} of that name (a private one "
            f"needs 'hf auth login'); name a {kind}'s folder"
        )
    return f"answered with status {status}" if status else "cannot be reached"
