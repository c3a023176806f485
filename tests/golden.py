"""Golden files: facts that stay as they are until somebody means to change them.

    TAMIS_RENEW_GOLDEN=1 pytest -k golden        # write them all again; read the difference before committing

A file holds JSON with a row to a line, so that the difference of two says which rows moved.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RENEW = "TAMIS_RENEW_GOLDEN"
MOST_TOLD = 12
"""Differences that a message lists."""


def agrees(found: Any, path: Path) -> None:
    """Fail where the facts are not those of the golden file; under RENEW write the file instead."""
    if os.environ.get(RENEW):
        path.write_text(written(found), encoding="utf-8")
        return
    asked = f"'{RENEW}=1 pytest -k golden' writes it again, if the change is meant"
    assert path.is_file(), f"{path.name} is missing; {asked}"
    told = list(differences(json.loads(path.read_text(encoding="utf-8")), found))
    more = f"\n  and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    assert not told, f"not as in {path.name}; {asked}:\n  " + "\n  ".join(told[:MOST_TOLD]) + more


def written(facts: Any) -> str:
    """The facts as JSON with a line for each field, and for each row of a field that is a list."""
    lines = []
    for name, value in facts.items():
        if isinstance(value, list) and value:
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value)
            lines.append(f" {json.dumps(name)}: [\n  {rows}\n ]")
        else:
            lines.append(f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def differences(golden: Any, found: Any, at: str = "") -> Iterator[str]:
    """What differs, each as the place with both values; floats may differ by rounding."""
    if isinstance(golden, dict) and isinstance(found, dict):
        for name in [*golden, *(name for name in found if name not in golden)]:
            place = f"{at}.{name}" if at else name
            if name not in golden or name not in found:
                yield f"{place}: {'only now' if name in found else 'not any more'}"
            else:
                yield from differences(golden[name], found[name], place)
    elif isinstance(golden, list) and isinstance(found, list):
        if len(golden) != len(found):
            yield f"{at}: {len(golden)} rows became {len(found)}"
        for number, (one, other) in enumerate(zip(golden, found, strict=False)):
            yield from differences(one, other, f"{at}[{number}]")
    elif not same(golden, found):
        yield f"{at}: {golden!r} became {found!r}"


def same(one: Any, other: Any) -> bool:
    """Whether two values are one: numbers with a float among them to four digits, all else exactly."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (one, other))
    if numbers and (isinstance(one, float) or isinstance(other, float)):
        return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-6)
    return type(one) is type(other) and bool(one == other)
