"""How well `curate augment` swaps: held-out cases, and public pairs of sentences that differ by gender.

python benchmarks/augment.py [--crows FILE.csv] [--winogender FILE.tsv] [--show]

Held-out cases (augment_held_LANGUAGE*.toml) were written before the code, or by someone who had not seen it;
RESULTS.md tells which of them have since been used to correct it. CrowS-Pairs (Nangia et al. 2020):
pairs of kind `gender` give each sentence's twin. Winogender (Rudinger et al. 2018): the male and the female
variant of one template. A swap is exact where it gives the twin byte for byte, other where it gives something
else: another name of the pair, or everyone swapped where the twin swaps one.
"""

from __future__ import annotations

import argparse
import csv
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from curate.augment.swap import swap

HELD = sorted(Path(__file__).parent.glob("augment_held_*.toml"))


def main() -> None:
    """Print a line for each set."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--crows", type=Path)
    asked.add_argument("--winogender", type=Path)
    asked.add_argument(
        "--show", action="store_true", help="print what is not exact (public sets and our cases)"
    )
    told = asked.parse_args()
    for path in HELD:
        held = [(one, other) for _, one, other, _ in tomllib.loads(path.read_text("utf-8"))["cases"]]
        print(path.stem, counted(held, told.show, path.stem.split("_")[2]))
    if told.crows:
        print("CrowS-Pairs, gender, both ways", counted(crows(told.crows), told.show))
    if told.winogender:
        print("Winogender, both ways", counted(winogender(told.winogender), told.show))


def counted(pairs: Iterable[tuple[str, str]], show: bool, language: str = "en") -> dict[str, int]:
    """How many were swapped exactly or otherwise, rightly left out, or left out by reason."""
    found: Counter[str] = Counter()
    for text, wanted in pairs:
        made = swap([text], language)
        if wanted == "left_out":
            kind = "rightly left out" if made.reason else "wrongly swapped"
        elif made.texts:
            kind = "exact" if made.texts[0] == wanted else "other"
        else:
            kind = f"left out: {made.reason}"
        found[kind] += 1
        if show and kind not in ("exact", "rightly left out"):
            print(f"  {kind} | {text} | {made.texts[0] if made.texts else ''} | {wanted}")
    return dict(found.most_common())


def crows(path: Path) -> list[tuple[str, str]]:
    """Both sentences of each pair of kind gender, with the other."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["bias_type"] == "gender"]
    return [
        (row[a], row[b]) for row in rows for a, b in (("sent_more", "sent_less"), ("sent_less", "sent_more"))
    ]


def winogender(path: Path) -> list[tuple[str, str]]:
    """The male and the female variant of each sentence, with the other."""
    with path.open(encoding="utf-8", newline="") as lines:
        told = {row["sentid"]: row["sentence"] for row in csv.DictReader(lines, delimiter="\t")}
    male = {name: text for name, text in told.items() if ".male." in name}
    twins = [(text, told[name.replace(".male.", ".female.")]) for name, text in male.items()]
    return [*twins, *((other, one) for one, other in twins)]


if __name__ == "__main__":
    main()
