"""Writes the folder of a finished run by hand: invented conversations with one of each thing a report tells."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from curate.schema import MESSAGES, VERDICT

HOSTILE = (
    "<script>document.title = 'owned'</script><img src=x onerror=alert(1)> {{ 7*7 }} </style></template>"
)
EN = [
    (
        "My parcel {n} has not arrived yet, can you look?",
        "Your parcel {n} left the depot today and comes tomorrow.",
    ),
    ("How do I change the address on order {n}?", "Open order {n}, choose 'delivery', then 'edit address'."),
    (
        "The kettle from order {n} leaks at the handle.",
        "That should not happen. A new kettle for {n} is on its way.",
    ),
    (
        "Can I return order {n} without the box?",
        "Yes. Print the label of order {n} and use any box you have.",
    ),
    (
        "What does the two-year guarantee on {n} cover?",
        "It covers faults of make for {n}, not wear of the filter.",
    ),
]
FR = [
    (
        "Bonjour, ma commande {n} est arrivée cassée.",
        "Je suis désolée. Nous renvoyons la commande {n} aujourd'hui.",
    ),
    ("Comment suivre le colis {n} ?", "Le lien de suivi du colis {n} se trouve dans votre compte."),
    ("La facture {n} ne porte pas mon nom.", "La facture {n} est corrigée, vous la recevez par courriel."),
]
PASSES = [
    {"name": "strip_html", "use": "strip_html", "kind": "rewrite", "options": {}},
    {"name": "repair_unicode", "use": "repair_unicode", "kind": "rewrite", "options": {}},
    {
        "name": "redact_pii",
        "use": "redact_pii",
        "kind": "redaction",
        "options": {"kinds": ["email", "phone"]},
    },
    {"name": "language", "use": "language", "kind": "measure", "options": {}},
    {"name": "toxicity", "use": "toxicity", "kind": "measure", "options": {"model": "embedded"}},
    {"name": "quality", "use": "quality", "kind": "measure", "options": {}},
    {
        "name": "wrong_language",
        "use": "wrong_language",
        "kind": "decider",
        "options": {"allowed": ["en", "fr"]},
    },
    {"name": "too_toxic", "use": "too_toxic", "kind": "decider", "options": {"limit": 0.8, "then": "drop"}},
    {"name": "empty_answers", "use": "decide_when", "kind": "decider", "options": {"then": "mask"}},
    {"name": "exact_duplicates", "use": "exact_duplicates", "kind": "global", "options": {}},
    {"name": "near_duplicates", "use": "near_duplicates", "kind": "global", "options": {"limit": 0.8}},
]
NOT_COVERED = [
    {
        "en": "Names that stand only in the text are not found.",
        "fr": "Les noms qui ne figurent que dans le texte ne sont pas trouvés.",
    },
    {"en": "Postal addresses are not found.", "fr": "Les adresses postales ne sont pas trouvées."},
]

Row = dict[str, Any]


def row(conversation: str, turn: int, role: str, text: str, **more: Any) -> Row:
    """One message with what the passes would have left beside it."""
    base: Row = dict.fromkeys(MESSAGES)
    base |= {"conversation_id": conversation, "turn": turn, "role": role, "text": text, "verdict": "keep"}
    base |= {"source": "shop.jsonl", "record": 1, "language": "en", "language_score": 0.97}
    base |= {"toxicity": 0.02, "duplicate_of": None, "jaccard": None, "pii": 0, "pii_kinds": None}
    base |= {"words": len(text.split()), "characters": len(text)}
    return base | more


def both(rows: list[Row], **more: Any) -> list[Row]:
    """The same marks on every message of a conversation."""
    return [one | more for one in rows]


def conversation(number: int, chance: random.Random) -> list[Row]:
    """A conversation of two to eight messages; what befalls it depends on its number alone."""
    french = number % 4 == 1
    source = ("shop.jsonl", "mails/boutique.csv", "assistant export.json")[number % 3]
    identity, rows = f"c{number}", []
    for turn in range(0, 2 * chance.randint(1, 4), 2):
        asked, answered = chance.choice(FR if french else EN)
        order = chance.randint(1000, 9999)
        same = {"source": source, "record": number + 1, "language": "fr" if french else "en"}
        rows.append(row(identity, turn, "user", asked.format(n=order), **same))
        rows.append(row(identity, turn + 1, "assistant", answered.format(n=order), **same))
    for one in rows:
        one["toxicity"] = round(chance.betavariate(0.6, 14), 4)
    return befall(number, rows)


def copy_of(kept: int, first: Row, more: str) -> list[Row]:
    """The conversation `kept` again, where `first` stands, with `more` said in its second message."""
    same = {name: first[name] for name in ("conversation_id", "source", "record")}
    rows = both(conversation(kept, random.Random(kept)), **same)
    rows[1]["text"] += more
    return rows


def befall(number: int, rows: list[Row]) -> list[Row]:
    """The conversation after one of the passes met it."""
    first, kind = rows[0], number % 23
    if kind in (2, 3):
        first["original"] = (
            f"<p>Hello,</p><p>{first['text']}</p><br><div class='sig'>-- sent&nbsp;from my phone</div>"
        )
        first["text"] = f"Hello,\n\n{first['text']}\n\n-- sent from my phone"
        first["changed_by"] = "strip_html"
    elif kind == 4:
        first["original"] = first["text"].replace("e", "Ã©", 1) + "\u200b \u202eend"
        first["text"] = first["text"].replace("e", "é", 1) + " end"
        first["changed_by"] = "repair_unicode"
    elif kind in (5, 6, 7):
        first["text"] += " Write to <EMAIL_1> or call <PHONE_1>."
        first |= {"changed_by": "redact_pii", "pii": 2, "pii_kinds": "EMAIL:1 PHONE:1"}
    elif kind == 8:
        said = both(rows, verdict="drop", decided_by="too_toxic", evidence="turn 1: toxicity 0.91 > 0.80")
        said[1] |= {"evidence": "toxicity 0.91 > 0.80", "flags": "too_toxic", "toxicity": 0.91}
        return said
    elif kind == 9:
        rows[1] |= {"text": "ok", "verdict": "mask", "decided_by": "empty_answers", "flags": "empty_answers"}
        rows[1] |= {"evidence": "empty_answers: words < 2", "words": 1}
    elif kind == 10:
        rows[0] |= {"flags": "too_toxic", "toxicity": 0.84}
    elif kind == 11:
        said = both(rows, language="pt", decided_by="wrong_language", verdict="drop")
        return both(said, evidence="language pt (0.98) not in en, fr", flags="wrong_language")
    elif kind in (12, 13, 14) and number > 23:
        name = "exact_duplicates" if kind == 12 else "near_duplicates"
        kept = f"c{kind - 12}"
        rows = copy_of(kind - 12, rows[0], "" if kind == 12 else " Thanks!")
        jaccard = 1.0 if kind == 12 else 0.91
        why = f"same as {kept}" if kind == 12 else f"near-duplicate of {kept} (jaccard 0.91)"
        return both(rows, verdict="drop", decided_by=name, evidence=why, duplicate_of=kept, jaccard=jaccard)
    elif kind == 15:
        return rows[:1]
    elif kind == 17 and len(rows) > 2:
        rows[1] |= {"verdict": "mask", "decided_by": "shared_branch", "evidence": "also in branch 1"}
    elif kind == 16:
        first["text"] = HOSTILE
    return rows


def conversations(number: int, seed: int = 0) -> Iterator[Row]:
    """The rows of `number` conversations."""
    chance = random.Random(seed)
    for i in range(number):
        yield from conversation(i, random.Random(i) if i < 3 else chance)


def write_run(
    out: Path, number: int = 92, parts: int = 2, *, without: tuple[str, ...] = (), **manifest: Any
) -> Path:
    """Write the folder of a run over `number` invented conversations, in so many parts; gives it back."""
    rows = list(conversations(number))
    ids = sorted({one["conversation_id"] for one in rows}, key=lambda name: int(name[1:]))
    for folder in ("messages", "verdicts"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for i in range(parts):
        own = set(ids[i * len(ids) // parts : (i + 1) * len(ids) // parts])
        write_part(out, i, [one for one in rows if one["conversation_id"] in own], without)
    write_quarantine(out)
    write_limits(out, number, len(rows))
    told = told_by(out, number, len(rows)) | manifest
    (out / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    return out


def write_part(out: Path, place: int, rows: list[Row], without: tuple[str, ...] = ()) -> None:
    """One part of messages/ and its twin in verdicts/, with the columns that a run writes."""
    kinds = dict(MESSAGES) | {"language": pl.String, "language_score": pl.Float32, "toxicity": pl.Float32}
    kinds |= {"pii": pl.UInt32, "pii_kinds": pl.String, "words": pl.UInt32, "characters": pl.UInt32}
    kinds |= {"duplicate_of": pl.String, "jaccard": pl.Float64}
    frame = pl.DataFrame(rows, schema=kinds, infer_schema_length=None)
    decisions = ["verdict", "decided_by", "evidence", "flags", "duplicate_of", "jaccard"]
    texts = frame.drop(decisions).drop(without, strict=False)
    texts.write_parquet(out / "messages" / f"part-{place:05}.parquet")
    verdicts = frame.select("conversation_id", "turn", *decisions).cast({"verdict": VERDICT})
    verdicts.write_parquet(out / "verdicts" / f"part-{place:05}.parquet")


def write_limits(out: Path, conversations: int, messages: int) -> None:
    """Two limits that change what is kept, one that only flags, one that changes nothing."""

    def limit(name: str, option: str, now: float, then: str, slope: int, met: int) -> Row:
        values = [round(0.7 + place / 60, 2) for place in range(19)] + [1.0]
        values[values.index(min(values, key=lambda value: abs(value - now)))] = now
        steps = [
            {
                "at": value,
                "conversations": conversations - slope * (20 - place),
                "messages": messages - 4 * slope * (20 - place),
                "masked": 3,
                "met": met * (20 - place),
            }
            for place, value in enumerate(values)
        ]
        return {"pass": name, "option": option, "now": now, "then": then, "steps": steps}

    limits = [
        limit("too_toxic", "limit", 0.8, "drop", 2, 3),
        limit("near_duplicates", "limit", 0.8, "drop", 1, 1),
        limit("noted", "limit", 0.9, "flag", 0, 2),
        limit("near_duplicates", "keep_all_below", 0.8, "drop", 0, 0),
    ]
    told = {"format": "tamis-limits", "version": 1, "limits": limits}
    (out / "limits.json").write_text(json.dumps(told), encoding="utf-8")


def write_quarantine(out: Path) -> None:
    """Four records that could not be read."""
    lines = [
        ("shop.jsonl", 14, 5210, 5377, "not JSON: a quote is not closed"),
        ("shop.jsonl", 61, 20114, 20115, "an empty line"),
        ("mails/boutique.csv", 9, None, None, "7 fields, the header has 5"),
        ("old/notes.bin", None, None, None, "no format of chat logs is recognised"),
    ]
    names = ("source", "record", "start", "stop", "reason")
    text = "".join(json.dumps(dict(zip(names, line, strict=True))) + "\n" for line in lines)
    (out / "quarantine.jsonl").write_text(text, encoding="utf-8")


def told_by(out: Path, number: int, messages: int) -> Row:
    """A manifest like the one a run writes."""
    return {
        "tamis": "0.1.0",
        "started": "2026-11-23T09:41:00+00:00",
        "recipe": {"name": "chat", "passes": PASSES},
        "inputs": [
            {
                "source": "shop.jsonl",
                "format": "openai",
                "container": "jsonl",
                "encoding": "utf-8",
                "conversations": 31,
            },
            {
                "source": "mails/boutique.csv",
                "format": "pairs",
                "container": "csv",
                "encoding": "cp1252",
                "conversations": 31,
            },
            {
                "source": "assistant export.json",
                "format": "sharegpt",
                "container": "json",
                "records": 30,
                "conversations": 30,
            },
        ],
        "counts": {"records": number + 4, "conversations": number, "messages": messages, "quarantined": 4},
        "scorers": {
            "toxicity": {"model": "embedded", "auc": 0.93, "trained": "2026-11"},
            "language": {"model": "lid.176"},
        },
        "versions": {"polars": "2.1.0", "python": "3.11.9"},
        "not_covered": NOT_COVERED,
        "alarms": [
            {
                "kind": "pass",
                "pass": "near_duplicates",
                "slice": "source=shop.jsonl",
                "share": 0.41,
                "limit": 0.3,
                "count": 13,
                "of": 31,
            },
            {
                "kind": "quarantine",
                "pass": None,
                "slice": "all",
                "share": 0.051,
                "limit": 0.05,
                "count": 4,
                "of": 96,
            },
        ],
    }
