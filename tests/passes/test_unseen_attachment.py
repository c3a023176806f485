"""unseen_attachment: a picture, a sound or a file beside a message is noted, whatever an export calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.passes.unseen_attachment import SAID, SEVERAL, UnseenAttachment, attachments
from curate.schema import messages
from curate.why import why
from reports.evidence import reason
from reports.words import load

QUESTION = [{"type": "text", "text": "What is wrong with this derailleur?"}, {"type": "image_url"}]


def beside(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False)


@pytest.mark.parametrize(
    ("parts", "extra", "kinds"),
    [
        (beside(attachments=[{"type": "image_url", "image_url": {"url": "data:"}}]), None, {"image"}),
        (beside(attachments=[{"type": "input_audio", "input_audio": {}}]), None, {"sound"}),
        (beside(attachments=[{"type": "document", "source": {"type": "base64"}}]), None, {"file"}),
        (beside(attachments=[{"inline_data": {"mime_type": "image/png"}, "mime_type": "image/png"}]), None, {"image"}),
        (beside(attachments=[{"content_type": "image_asset_pointer", "asset_pointer": "x"}]), None, {"image"}),
        (beside(attachments=[{"name": "bill.pdf"}, {"name": "clip.MOV"}]), None, {"file", "video"}),
        (beside(attachments=[{"shape": 1}]), None, {"attachment"}),
        (beside(images=["a.png"]), None, {"image"}),
        (beside(audio={"id": "a"}), None, {"sound"}),
        (None, beside(image="000.jpg"), {"image"}),
        (None, beside(files=["notes"]), {"file"}),
        (None, beside(metadata={"attachments": [{"name": "x.csv", "mimeType": "text/csv"}]}), {"file"}),
        (None, beside(attachments=2), {"attachment"}),
        (beside(attachments=[{"type": "tool_result", "content": [{"type": "image"}]}]), None, {"image"}),
    ],
)  # fmt: skip
def test_what_the_text_does_not_show_is_found(parts: str | None, extra: str | None, kinds: set[str]) -> None:
    assert attachments(parts, extra) == kinds


@pytest.mark.parametrize(
    ("parts", "extra"),
    [
        (None, None),
        (beside(tool_calls=[{"function": {"name": "send", "arguments": '{"attachments":["a.pdf"]}'}}]), None),
        (beside(attachments=[{"type": "tool_use", "input": {"type": "image"}}]), None),
        (beside(attachments=[{"type": "web_search_tool_result", "content": [{"type": "text"}]}]), None),
        (beside(attachments=[{"type": "thinking", "thinking": "an image?"}]), None),
        (beside(attachments=[{"content_type": "audio_transcription", "direction": "in"}]), None),
        (beside(reasoning="look at attachments", name="image"), None),
        (None, beside(attachments=[])),
        (None, beside(attachments="0", images="Aucune", files=None, image="")),
        (None, beside(attachments=0, audio=False, metadata={"attachments": []})),
        (None, beside(metadata="image", channel="image", note='"image":"a.png"')),
    ],
)
def test_calls_reasoning_and_empty_fields_are_no_attachments(parts: str | None, extra: str | None) -> None:
    assert attachments(parts, extra) == set()
    table = messages(
        {"conversation_id": ["a"], "role": ["user"], "text": ["Hi"], "parts": [parts], "extra": [extra]}
    )
    assert UnseenAttachment()(table)["flags"].to_list() == [None]


def test_masking_takes_the_answers_of_the_exchange_and_no_other() -> None:
    table = messages(
        {
            "conversation_id": ["a"] * 4,
            "role": ["user", "assistant"] * 2,
            "text": ["What is this?", "A hanger.", "And the price?", "Nine euros."],
            "parts": [beside(attachments=[{"type": "image"}]), None, None, None],
        }
    )
    out = UnseenAttachment(then="mask")(table)
    assert out["verdict"].to_list() == ["mask", "mask", "keep", "keep"]
    assert out["evidence"][1] == f"turn 0: {SAID['image']}"
    assert out["flags"].to_list() == ["unseen_attachment", None, None, None]


def test_the_default_recipe_flags_it_and_the_run_and_its_story_tell_it(tmp_path: Path) -> None:
    said = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "The hanger is bent."}]
    (tmp_path / "log.jsonl").write_text(json.dumps({"id": "i1", "messages": said}), "utf-8")
    run = curate.run(tmp_path / "log.jsonl", tmp_path / "out", workers=1)
    assert run.manifest["counts"]["kept"] == 1
    flags = [one for one in run.manifest["touched"] if one["verb"] == "flagged"]
    assert flags == [{"verb": "flagged", "pass": "unseen_attachment", "messages": 1}]
    assert why(run, "i1").messages[0].flags == (("unseen_attachment", SAID["image"]),)


@pytest.mark.parametrize("sentence", [*SAID.values(), SEVERAL])
def test_the_pages_say_each_reason_in_french(sentence: str) -> None:
    assert reason(sentence, load("fr")) not in ("", sentence)
