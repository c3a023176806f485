"""The data of the embedded toxicity scorer: training sources, our own templates, and test sets, apart."""

from __future__ import annotations

import ast
import csv
import hashlib
import html
import json
import random
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
GROUPS = HERE.parent / "rules" / "toxicity" / "groups.toml"
TEMPLATES = HERE / "toxicity_templates.toml"
LANGUAGES = ("en", "fr", "de", "es")
TRAINED_TYPES = ("name_adj", "verb_adj", "am_hate_adj")
"""Types of identity templates that are trained on; the other types are held out."""
TEMPLATES_TAKEN = 2100


class Example(NamedTuple):
    source: str
    text: str
    toxic: int
    weight: float
    family: str  # examples cut from one text share it, and so their split


@dataclass
class Test:
    """Texts never trained on; `kinds` and `groups` are those of HateCheck, empty elsewhere."""

    texts: list[str] = field(default_factory=list)
    toxic: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


def key(text: str) -> str:
    """The letters of a text, without links, names and entities: equal keys count as the same text."""
    bare = re.sub(r"https?://\S+|@\w+|&#?\w+;|\brt\b", " ", text.lower())
    return " ".join(re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKD", bare)))


def split(family: str) -> str:
    """`test` for a tenth of the texts, `calibrate` for another, else `train`; by the text alone."""
    tenth = hashlib.blake2b(key(family).encode(), digest_size=4).digest()
    return {0: "test", 1: "calibrate"}.get(int.from_bytes(tenth, "big") % 10, "train")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_sources(folder: Path) -> Iterator[Example]:
    """Every labelled text of the training sources, with the weight it is trained with."""
    for row in rows(folder / "davidson_tweets.csv"):
        votes = int(row["hate_speech"]) + int(row["offensive_language"])
        text = html.unescape(html.unescape(row["tweet"]))
        # The tweets were gathered by slurs, many said in jest: the many "offensive" ones count a quarter.
        weight = 0.25 if row["class"] == "1" else 1.0
        yield Example("davidson", text, int(votes / int(row["count"]) > 0.5), weight, text)
    for name in ("mlma_en", "mlma_fr_half"):
        for row in rows(folder / f"{name}.csv"):
            said = set(row["sentiment"].split("_"))
            if said == {"normal"}:
                yield Example(name, row["tweet"], 0, 1.0, row["tweet"])
            elif said & {"offensive", "hateful", "abusive", "disrespectful"} and "normal" not in said:
                yield Example(name, row["tweet"], 1, 1.0, row["tweet"])
    yield from read_diasafety(folder / "diasafety_train.json")
    yield from read_spans(folder / "toxic_spans_train.csv", "toxic_spans")


def read_diasafety(path: Path) -> Iterator[Example]:
    for turn in json.loads(path.read_text(encoding="utf-8")):
        said, answer, unsafe = turn["context"], turn["response"], int(turn["label"] == "Unsafe")
        match turn["category"]:
            case "Offending User":
                yield Example("diasafety_offends", answer, unsafe, 1.0, answer)
            case "Biased Opinion":  # veiled: half the weight
                yield Example("diasafety_biased", answer, unsafe, 0.5, answer)
            case "Toxicity Agreement":  # toxic contexts, and answers that only agree
                yield Example("diasafety_context", said, 1, 0.5, said)
                yield Example("diasafety_harmless", answer, 0, 0.5, answer)
            case _:  # bad medical advice and the like: unsafe, not toxic
                yield Example("diasafety_harmless", answer, 0, 1.0, answer)
                yield Example("diasafety_harmless", said, 0, 1.0, said)


def read_spans(path: Path, name: str) -> Iterator[Example]:
    """Whole comments, and their sentences: toxic where three or more characters of a span stand in one."""
    for row in rows(path):
        marked, text = set(ast.literal_eval(row["spans"])), row["text"]
        yield Example(name, text, int(bool(marked)), 0.5, text)
        for sentence in re.finditer(r"[^.!?\n]+[.!?\n]*\s*", text):
            hits = len(marked.intersection(range(*sentence.span())))
            said = sentence.group().strip()
            if len(said) >= 8 and (hits >= 3 or (marked and not hits)):
                yield Example(f"{name}_sentences", said, int(hits > 0), 0.5, text)


def read_groups() -> dict[str, list[str]]:
    """Per language, the words that name groups."""
    rules = tomllib.loads(GROUPS.read_text(encoding="utf-8"))
    return {
        language: sorted({word for words in rules[language].values() for word in words.split()})
        for language in LANGUAGES
    }


def read_identity_templates(folder: Path) -> dict[str, list[Example]]:
    """Conversation AI's templates, by type."""
    by_type: dict[str, list[Example]] = {}
    for row in rows(folder / "identity_templates" / "en_sentence_templates.csv"):
        example = Example("identity_templates", row["phrase"], int(row["toxicity"] == "toxic"), 0.5, "")
        by_type.setdefault(row["template"], []).append(example)
    return by_type


def templates(folder: Path, chance: random.Random) -> Iterator[Example]:
    """What is added so that names of groups and people say nothing, and insults in four languages do."""
    by_type = read_identity_templates(folder)
    small = [example for name in TRAINED_TYPES if name != "name_adj" for example in by_type[name]]
    yield from small
    yield from chance.sample(by_type["name_adj"], TEMPLATES_TAKEN - len(small))
    ours = tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))
    for language, groups in read_groups().items():
        for text, toxic, weight in own_templates(ours, language, groups, chance):
            yield Example("own_templates", text, toxic, weight, "")


def own_templates(
    ours: dict[str, Any], language: str, groups: list[str], chance: random.Random
) -> Iterator[tuple[str, int, float]]:
    for kind, toxic, weight in (("neutral", 0, 1.0), ("hostile", 1, 0.7)):
        for frame in ours[kind][language]:
            for word in chance.sample(groups, 3):
                yield frame.replace("{group}", word), toxic, weight
    for insult in ours["insults"][language].split():
        for frame in chance.sample(ours["insult_frames"][language], 5):
            yield frame.replace("{insult}", insult), 1, 1.0
    for kind in ours["kind"][language].split():
        for frame in ours["kind_frames"][language]:
            yield frame.replace("{kind}", kind), 0, 2.0
    for text in ours["hostile_lines"][language]:
        yield text, 1, 2.0
    for text in ours["plain"][language]:
        yield text, 0, 2.0
    for frame in ours["named"].get(language, []):
        for name in ours["names"]["train"].split():
            yield frame.replace("{name}", name), 0, 0.4


def disguised(examples: list[Example], chance: random.Random) -> Iterator[Example]:
    """Copies of a sixth of the examples, harmless ones too, in which every other long word is disguised."""
    for example in examples:
        if chance.random() < 1 / 6:
            text = re.sub(
                r"[a-z]{4,}",
                lambda word: disguise(word.group(), chance) if chance.random() < 0.5 else word.group(),
                example.text.lower(),
            )
            yield example._replace(text=text, weight=example.weight / 2)


def disguise(word: str, chance: random.Random) -> str:
    """The word with an inner letter starred, or two swapped, or one left out."""
    place = chance.randrange(1, len(word) - 1)
    match chance.randrange(3):
        case 0:
            return f"{word[:place]}*{word[place + 1 :]}"
        case 1:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case _:
            return word[:place] + word[place + 1 :]


def read_tests(folder: Path) -> dict[str, Test]:
    """The sets that are only ever tested on."""
    tests = {}
    files = {"hatecheck_en": "hatecheck_en.csv"}
    files |= {f"mhc_{name}": f"mhc_{name}.dev.csv" for name in ("french", "german", "spanish")}
    for name, file in files.items():
        read = rows(folder / file)
        tests[name] = Test(
            [row["test_case"] for row in read],
            [int(row["label_gold"] == "hateful") for row in read],
            [row["functionality"] for row in read],
            [row["target_ident"] for row in read],
        )
    tests["convabuse"] = read_convabuse(folder / "convabuse_train.csv")
    for example in read_spans(folder / "toxic_spans_trial.csv", "toxic_spans_trial"):
        test = tests.setdefault(example.source, Test())
        test.texts.append(example.text)
        test.toxic.append(example.toxic)
    return tests


def read_convabuse(path: Path) -> Test:
    """User turns to chatbots; toxic where more annotators gave a severity below 0 than not; no ties."""
    test = Test()
    for row in rows(path):
        votes = 0
        for column, value in row.items():
            if (found := re.fullmatch(r"Annotator\d_is_abuse\.(-?\d)", column)) and value:
                # a few cells hold the answers of one annotator to two passes: "1, 1"
                given = int(value.split(",")[0])
                votes += given if int(found[1]) < 0 else -given
        if votes:
            test.texts.append(row["user"])
            test.toxic.append(int(votes > 0))
    return test


def read_held_names() -> list[str]:
    """Neutral sentences with names that were not trained on, in our frames."""
    ours = tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))
    return [
        frame.replace("{name}", name)
        for language in ("en", "fr")
        for frame in ours["named"][language]
        for name in ours["names"]["test"].split()
    ]
