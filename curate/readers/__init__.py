"""Readers: files of many formats in, batches of the message table out.

`plan` looks at every file once and cuts it into pieces; `read` gives a piece's messages, in any process;
`digest` is the key of a piece's content.
"""

from __future__ import annotations

from curate.readers.plan import digest, plan, read
from curate.readers.types import Batch, InputOptions, Look, Piece, Plan

__all__ = ["Batch", "InputOptions", "Look", "Piece", "Plan", "digest", "plan", "read"]
