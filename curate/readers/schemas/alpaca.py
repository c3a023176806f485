"""Alpaca records: `{"instruction", "input", "output"}`.

Instruction and input are joined by an empty line, as Alpaca's own template does.
Source: Taori et al., Stanford Alpaca (2023).
"""

from __future__ import annotations

from collections.abc import Mapping

from curate.readers.schemas import pairs
from curate.readers.schemas.base import Record

convert = pairs.convert


def claims(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether the record has an instruction and an answer, both strings.

    >>> claims({"instruction": "Add", "input": "1 and 2", "output": "3"}, {})
    True
    """
    return isinstance(record.get("instruction"), str) and pairs.asks_and_answers(record, columns)
