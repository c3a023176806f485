"""Where every token went: rendered = trained + masked + truncated + dropped, checked before any step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from train.cut import Cut
from train.errors import DataError, LimitBrokenError
from train.records import ROLES, Conversation
from train.render import STAND_IN, TEMPLATE, Rendered


@dataclass(frozen=True, kw_only=True)
class Accounting:
    """Tokens of a training set by what becomes of them.

    `rendered` = `trained` + `masked` + `truncated` + `dropped`. What is masked divides into `_others`
    (what others said), `_weight_zero` (an assistant's, shown only), `_stand_ins` and `_template`. `assistant`
    counts targets before cutting, `lost` those that were truncated or dropped. `repeated` tokens are openings
    given again to pieces of long conversations; they stand outside the identity.
    """

    conversations: int
    messages: int
    sequences: int
    rendered: int
    trained: int
    masked: int
    truncated: int
    dropped: int
    masked_others: int
    masked_weight_zero: int
    masked_stand_ins: int
    masked_template: int
    assistant: int
    lost: int
    repeated: int
    conversations_dropped: int
    conversations_split: int
    messages_weight_zero: int
    """Assistant messages that curation masked, in conversations of which something is learned."""
    turn_by_turn: int
    """Conversations that the template refused as they are and that were rendered turn by turn."""

    def __post_init__(self) -> None:
        told = self.trained + self.masked + self.truncated + self.dropped
        if told != self.rendered:
            raise AssertionError(f"token accounting: {self.rendered} rendered, {told} accounted for")

    @property
    def lost_share(self) -> float:
        """Share of assistant tokens to learn that no step will see."""
        return self.lost / self.assistant if self.assistant else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, for JSON."""
        return {**asdict(self), "lost_share": self.lost_share}

    def stand(self, limit: float) -> None:
        """LimitBrokenError where more of the assistant's tokens are lost than the limit allows."""
        if self.lost_share > limit:
            raise LimitBrokenError(
                f"{self.lost} of {self.assistant} assistant tokens ({self.lost_share:.1%}) would not "
                f"be learned, over data.lost_limit = {limit:.1%}; raise data.max_length or data.lost_limit"
            )


def account(conversations: Sequence[Conversation], rendered: Sequence[Rendered], cut: Cut) -> Accounting:
    """The accounting of conversations, as rendered and as cut to length."""
    total = sum(len(one) for one in rendered)
    trained = sum(one.targets for one in cut.pieces)
    kept = sum(len(one) for one in cut.pieces) - cut.repeated
    why = dict.fromkeys(("others", "weight_zero", "stand_ins", "template"), 0)
    by_id = {one.id: one for one in conversations}
    if len(by_id) < len(conversations):
        twice = next(name for name, count in Counter(one.id for one in conversations).items() if count > 1)
        raise DataError(f"two conversations have the id {twice}; give each its own")
    for piece in cut.pieces:
        for name, count in masked(piece, by_id[piece.conversation_id]).items():
            why[name] += count
    return Accounting(
        conversations=len(conversations),
        messages=sum(len(one.messages) for one in conversations),
        sequences=len(cut.pieces),
        rendered=total,
        trained=trained,
        masked=kept - trained,
        truncated=cut.truncated,
        dropped=cut.dropped,
        masked_others=why["others"],
        masked_weight_zero=why["weight_zero"],
        masked_stand_ins=why["stand_ins"],
        masked_template=kept - trained - why["others"] - why["weight_zero"] - why["stand_ins"],
        assistant=sum(one.targets for one in rendered),
        lost=cut.truncated_targets + cut.dropped_targets,
        repeated=cut.repeated,
        conversations_dropped=cut.conversations_dropped,
        conversations_split=cut.conversations_split,
        messages_weight_zero=sum(
            message.weight == 0 and message.role == "assistant"
            for name in {piece.conversation_id for piece in cut.pieces}
            for message in by_id[name].messages
        ),
        turn_by_turn=sum(not one.faithful for one in rendered),
    )


def masked(piece: Rendered, conversation: Conversation) -> dict[str, int]:
    """Why tokens of a piece are not learned; a repeated opening is not counted."""
    own = np.arange(len(piece)) >= piece.repeated
    hidden = ~piece.trained & own
    said = hidden & (piece.kind != TEMPLATE)
    assistant = piece.role == ROLES.index("assistant")
    stand_ins = said & (piece.kind == STAND_IN) & assistant
    shown = np.array([message.weight == 0 for message in conversation.messages] + [False])
    zero = said & assistant & shown[piece.message]
    return {
        "others": int((said & ~assistant).sum()),
        "weight_zero": int((zero & ~stand_ins).sum()),
        "stand_ins": int(stand_ins.sum()),
    }
