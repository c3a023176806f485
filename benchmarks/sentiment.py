"""How well the audit's sentiment agrees with people: the four sets of Hutto and Gilbert (2014), in English.

    pip download vaderSentiment==3.3.2 --no-deps --no-binary :all: && tar xzf vaderSentiment-*.tar.gz
    tar xzf vaderSentiment-*/additional_resources/hutto_ICWSM_2014.tar.gz
    python benchmarks/sentiment.py hutto_ICWSM_2014 --french fr-sentiment.xml

Each text of a set was rated by twenty people from -4 to 4. Printed: texts, the share with any word of ours,
the correlation with the mean rating, and of texts that people put beyond 0.5, how many get the same sign,
the other sign, none. French has no rated texts here: `--french` takes the word list of Pattern (De Smedt and
Daelemans 2012, in the package textblob-fr), rated by hand, and counts how many of our words lie on its side.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))

from curate.bias.lexicon import folded
from curate.bias.matching import matches
from curate.bias.sentiment import sentiment, terms

SETS = ("tweets", "amazonReviewSnippets", "movieReviewSnippets", "nytEditorialSnippets")
CLEAR = 0.5


def scores(texts: list[str], language: str) -> tuple[np.ndarray, int]:
    """Our sentiment of each text, and how many hold a word of ours."""
    found = sentiment(matches(pl.Series(texts), pl.Series([language] * len(texts))))
    values = np.zeros(len(texts))
    values[found["row"].to_numpy()] = found["sentiment"].to_numpy()
    return values, found.height


def rated(path: Path) -> tuple[list[str], np.ndarray]:
    """Texts and mean ratings of a set."""
    rows = [line.split("\t") for line in path.read_text("latin-1").splitlines() if line.strip()]
    return [row[2] for row in rows], np.array([float(row[1]) for row in rows])


def compare(folder: Path) -> None:
    """The table of the English sets."""
    print("| set | texts | with a word | correlation | same sign | other sign | none |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in SETS:
        texts, truth = rated(folder / f"{name}_GroundTruth.txt")
        ours, spoken = scores(texts, "en")
        clear = np.abs(truth) > CLEAR
        sign = np.sign(ours[clear]) * np.sign(truth[clear])
        told = [f"{spoken / len(texts):.0%}", f"{np.corrcoef(ours, truth)[0, 1]:.2f}"]
        told += [f"{(sign == one).mean():.0%}" for one in (1, -1, 0)]
        print(f"| {name} | {len(texts)} | {' | '.join(told)} |")


def words(path: Path) -> None:
    """How our French words lie on the other list's side."""
    other: dict[tuple[str, ...], list[float]] = {}
    for word in ElementTree.fromstring(path.read_bytes()).iter("word"):
        other.setdefault(folded(word.get("form", "")), []).append(float(word.get("polarity", "0")))
    known = same = against = 0
    for term in terms("fr"):
        if term.kind != "not" and term.words in other:
            side = np.mean(other[term.words]) * (1 if term.kind == "glad" else -1)
            known, same, against = known + 1, same + (side > 0.05), against + (side < -0.05)
    print(f"French: {known} of {len(terms('fr'))} words are on that list; {same} on its side, {against} not")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--french", type=Path)
    asked = parser.parse_args()
    compare(asked.folder)
    if asked.french:
        words(asked.french)


if __name__ == "__main__":
    main()
