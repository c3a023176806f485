"""How well and how fast private data is found, per kind, on labelled sets: recall, precision, hits on hard
negatives.

    python -m benchmarks.pii FOLDER      a folder with any of presidio_synth_v2.json,
                                         contextual_anonymizer.dev.jsonl, fenghaoran.jsonl.gz,
                                         eds_pseudo_templates_fr.txt; without one, speed and hard negatives
                                         alone

A labelled span counts as found when at least 80% of its characters are under findings of any kind. A finding
is
right when any labelled span touches it: a phone number labelled as an id is private all the same.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from curate import schema
from curate.passes.redact_pii import RedactPii
from curate.pii.detect import Settings, detect
from curate.pii.gate import gate
from curate.pii.kinds import DEFAULT
from curate.pii.view import view

CLAIMED = {
    "presidio": {
        "CREDIT_CARD": "card",
        "EMAIL_ADDRESS": "email",
        "IBAN_CODE": "iban",
        "IP_ADDRESS": "ip",
        "PHONE_NUMBER": "phone",
        "US_SSN": "ssn",
    },
    "fenghaoran": {"PHONE": "phone", "EMAIL": "email"},
    "eds": {"TEL": "phone", "MAIL": "email", "SECU": "nir"},
    "contextual": {"EMAIL": "email", "PHONE": "phone"},
}
"""Set: labels that we claim to find, and the kind that should find them."""

Label = tuple[int, int, str]


class Sample(NamedTuple):
    """A text and its labelled spans."""

    text: str
    labels: list[Label]


def presidio(path: Path) -> Iterator[Sample]:
    for row in json.loads(path.read_text()):
        yield Sample(
            row["full_text"],
            [(s["start_position"], s["end_position"], s["entity_type"]) for s in row["spans"]],
        )


def fenghaoran(path: Path) -> Iterator[Sample]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            yield Sample(row["data_to_answer"], [(s["start"], s["end"], s["type"]) for s in row["pii_spans"]])


def eds(path: Path) -> Iterator[Sample]:
    for block in path.read_text().split("\n\n"):
        text, labels, done = "", [], 0
        for match in re.finditer(r"\[([^\]]*)\]\(([A-Z_]+)\)", block):
            text += block[done : match.start()]
            labels.append((len(text), len(text) + len(match.group(1)), match.group(2)))
            text += match.group(1)
            done = match.end()
        yield Sample(text + block[done:], labels)


def contextual(path: Path) -> Iterator[Sample]:
    """Spans by laying the anonymised text over the original: what stands between its stand-ins must be
    equal.
    """
    for line in path.read_text().splitlines():
        row = json.loads(line)
        pieces = re.split(r"\[([A-Z_]+)_\d+\]", row["anonymized_context"])
        pattern = "".join(
            re.escape(piece) if place % 2 == 0 else f"(?P<g{place}>.+?)" for place, piece in enumerate(pieces)
        )
        match = re.fullmatch(pattern, row["context"], re.DOTALL) if len(pieces) < 180 else None
        if match:
            spans = [(*match.span(f"g{place}"), pieces[place]) for place in range(1, len(pieces), 2)]
            # Some texts come with stand-ins already in them: nothing to find there.
            yield Sample(row["context"], [span for span in spans if row["context"][span[0]] != "["])


SETS = {
    "presidio_synth_v2.json": ("presidio", presidio),
    "fenghaoran.jsonl.gz": ("fenghaoran", fenghaoran),
    "eds_pseudo_templates_fr.txt": ("eds", eds),
    "contextual_anonymizer.dev.jsonl": ("contextual", contextual),
}


def measured(name: str, samples: list[Sample], settings: Settings, show: int) -> None:
    """Print recall per claimed label and precision per kind."""
    claimed = CLAIMED[name]
    wanted: Counter[str] = Counter()
    found_of: Counter[str] = Counter()
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    missed: list[str] = []
    wrong: list[str] = []
    ungated = 0
    flags = gate(settings).looks(pl.Series([sample.text for sample in samples]))
    for sample, gated in zip(samples, flags, strict=True):
        spans = findings(sample.text, settings)
        ungated += bool(spans) and not gated
        covered = {place for start, stop, _ in spans for place in range(start, stop)}
        for start, stop, label in sample.labels:
            if label in claimed:
                wanted[label] += 1
                if len(covered & set(range(start, stop))) >= 0.8 * (stop - start):
                    found_of[label] += 1
                else:
                    missed.append(
                        f"{label}: …{sample.text[max(0, start - 30) : start]}[{sample.text[start:stop]}]"
                    )
        for start, stop, kind in spans:
            found[kind] += 1
            if any(start < b and a < stop for a, b, _ in sample.labels):
                right[kind] += 1
            else:
                wrong.append(f"{kind}: …{sample.text[max(0, start - 30) : start]}[{sample.text[start:stop]}]")
    total, good = sum(wanted.values()), sum(found_of.values())
    print(
        f"\n{name}: {len(samples)} texts, recall {good / max(1, total):.3f} ({good}/{total}), "
        f"precision {sum(right.values()) / max(1, sum(found.values())):.3f}, not gated {ungated}"
    )
    for label in sorted(wanted):
        print(
            f"  recall    {label:15} {found_of[label] / wanted[label]:.3f}  {found_of[label]}/{wanted[label]}"
        )
    for kind in sorted(found):
        print(f"  precision {kind:15} {right[kind] / found[kind]:.3f}  {right[kind]}/{found[kind]}")
    for line in (*missed[:show], *(f"WRONG {line}" for line in wrong[:show])):
        print("   ", repr(line))


def findings(text: str, settings: Settings) -> list[Label]:
    """What the detectors find, in places of the text."""
    seen = view(text)
    return [(seen.start(one.start), seen.stop(one.stop), one.kind) for one in detect(seen.text, "", settings)]


def negatives(settings: Settings) -> None:
    """Print what is found in texts that hold numbers and signs, and nothing private."""
    cases = Path(__file__).parent.parent / "tests" / "cases"
    said = [
        line for path in sorted(cases.glob("pii_negative*.txt")) for line in path.read_text().splitlines()
    ]
    lines = [line for line in said if line and not line.startswith("# ")]
    hits = Counter(one[2] for line in lines for one in findings(line, settings))
    gated = int(gate(settings).looks(pl.Series(lines)).sum())
    print(f"\nhard negatives: {len(lines)} lines, {gated} gated, {sum(hits.values())} hits {dict(hits)}")


def speed(settings: Settings) -> None:
    """Print texts per second: clean rows through the pass, rows with values through the pass."""
    said = "Bonjour, ma commande 48213 du 12/05/2024 n'est pas là, pouvez-vous regarder ? Merci, urgent {}."
    clean = [said.format(place % 97) for place in range(100_000)]
    busy = [
        f"Appelez-moi au 06 12 {place % 90 + 10} 56 78 ou jean{place}@exemple.fr, merci beaucoup"
        for place in range(20_000)
    ]
    authored = [f"Merci Camille, je regarde la commande {place}" for place in range(20_000)]
    for name, texts, author in (
        ("clean", clean, None),
        ("busy", busy, None),
        ("authors", authored, "Camille Durand"),
    ):
        table = schema.messages(
            {
                "conversation_id": [f"c{place // 4}" for place in range(len(texts))],
                "role": ["user", "assistant"] * (len(texts) // 2),
                "text": texts,
                "author": [author] * len(texts),
            }
        )
        batch = schema.number_conversations(table)
        one = RedactPii()
        one.redact(batch.head(400))
        start = time.process_time()
        one.redact(batch)
        took = time.process_time() - start
        print(f"{name:8} {len(texts) / took:12,.0f} texts per processor second ({took:.2f} s)")
    start = time.process_time()
    for text in busy:
        detect(view(text).text, "", settings)
    print(f"detect   {len(busy) / (time.process_time() - start):12,.0f} texts per processor second")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--show", type=int, default=0, help="misses and wrong findings to print per set")
    options = parser.parse_args()
    settings = Settings.of(DEFAULT)
    for file, (name, read) in SETS.items():
        if options.folder and (options.folder / file).exists():
            measured(name, list(read(options.folder / file)), settings, options.show)
    negatives(settings)
    speed(settings)


if __name__ == "__main__":
    main()
