"""The bias audit: what a run's messages show of groups of people, and what the sieve did to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.bias.examine import audit as audit
    from curate.bias.facts import BiasFacts as BiasFacts

__all__ = ["BiasFacts", "audit"]


def __getattr__(name: str) -> Any:
    """`audit` and `BiasFacts`, imported when they are first asked for."""
    if name == "audit":
        from curate.bias.examine import audit

        return audit
    if name == "BiasFacts":
        from curate.bias.facts import BiasFacts

        return BiasFacts
    raise AttributeError(name)
