"""How diverse a run's conversations are: topics, languages, intents, authors; and what the sieve did to it.

`assign(messages, load(OUT))` gives new logs the topics that a run found; `OUT/topics/part-*.parquet` holds
those of the run's own conversations (`curate.diversity.topics.TOPICS`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.diversity.placing import load as load
    from curate.diversity.topics import TopicModel as TopicModel
    from curate.diversity.topics import assign as assign

__all__ = ["TopicModel", "assign", "load"]
HOMES = {"assign": "topics", "TopicModel": "topics", "load": "placing"}


def __getattr__(name: str) -> Any:
    """What is offered here, imported when it is first asked for."""
    if name not in HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"curate.diversity.{HOMES[name]}"), name)
