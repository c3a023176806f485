"""The passes: a literal table of where each lives, so that listing them imports none."""

from __future__ import annotations

PASSES: dict[str, str] = {
    "strip_html": "curate.passes.strip_html:StripHtml",
    "repair_unicode": "curate.passes.repair_unicode:RepairUnicode",
    "redact_pii": "curate.passes.redact_pii:RedactPii",
    "language": "curate.passes.language:Language",
    "toxicity": "curate.passes.toxicity:Toxicity",
    "groups": "curate.passes.groups:Groups",
    "quality": "curate.passes.quality:Quality",
    "wrong_language": "curate.passes.wrong_language:WrongLanguage",
    "too_toxic": "curate.passes.too_toxic:TooToxic",
    "empty_reply": "curate.passes.empty_reply:EmptyReply",
    "failed_reply": "curate.passes.failed_reply:FailedReply",
    "echoed_prompt": "curate.passes.echoed_prompt:EchoedPrompt",
    "too_repetitive": "curate.passes.too_repetitive:TooRepetitive",
    "too_garbled": "curate.passes.too_garbled:TooGarbled",
    "cut_off_reply": "curate.passes.cut_off_reply:CutOffReply",
    "refused_reply": "curate.passes.refused_reply:RefusedReply",
    "unseen_attachment": "curate.passes.unseen_attachment:UnseenAttachment",
    "decide_when": "curate.passes.decide_when:DecideWhen",
    "nothing_to_train": "curate.passes.nothing_to_train:NothingToTrain",
    "exact_duplicates": "curate.passes.exact_duplicates:ExactDuplicates",
    "near_duplicates": "curate.passes.near_duplicates:NearDuplicates",
    "balance": "curate.passes.balance:Balance",
}
"""Name in recipes: module and class. Others come by the entry-point group `tamis.passes`."""
