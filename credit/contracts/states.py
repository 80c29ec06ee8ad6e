"""States of a contract, the moves between them, and which action is allowed when (CON-07, CON-15, CON-16), as tables. An action
a state that isn't listed for it is refused with a reason.

    draft ──► generated ──► confirmed ──► signed ──► effective ──► archived  (已生成 … 已归档)
      │           │ 3 days
      │           ├────────► expired ──renewal──► generated (attempt + 1)     (已失效 → 重新生成)
      │           ├────────► withdrawn, back to approval, or cancelled        (已撤销)
      ◄──returned─┘ as from expired and blocked, attempt + 1                    (退回修改)
      └──► blocked ──renewal──► generated, once its elements are complete     (要素不全)
                ▲ generated, where staff read in it what was not approved       (核对不符)
    any of generated, expired, blocked ──► lapsed, the approval has run out
"""

from __future__ import annotations

import numpy as np

from credit.codes import Coded, Named
from credit.contracts.contract import Refusal
from credit.moves import Moves
from credit.times import Ints


class ContractState(Coded):
    """Where a contract stands. GENERATED, EXPIRED and BLOCKED are kept; what follows a signature happens at once."""

    DRAFT = 0
    GENERATED = 1
    CONFIRMED = 2
    SIGNED = 3
    EFFECTIVE = 4
    ARCHIVED = 5
    EXPIRED = 6
    BLOCKED = 7
    WITHDRAWN = 8
    LAPSED = 9


class SignMode(Named):
    """How a contract is signed, CON-08."""

    ELECTRONIC = 1, "electronic", "电子签署"
    PAPER = 2, "paper", "纸质签署"


class Action(Coded):
    """What a customer may do about a contract, and what staff may."""

    SIGN = 1
    CHANGE = 2
    RENEW = 3
    SEND_BACK = 4
    CANCEL = 5
    SCAN = 6
    CHECK = 7
    CERTIFY = 8


_S = ContractState
MOVES = Moves(
    "contract of case",
    {
        _S.DRAFT: (_S.GENERATED, _S.BLOCKED),
        _S.GENERATED: (_S.DRAFT, _S.CONFIRMED, _S.EXPIRED, _S.BLOCKED, _S.WITHDRAWN, _S.LAPSED),
        _S.CONFIRMED: (_S.SIGNED,),
        _S.SIGNED: (_S.EFFECTIVE,),
        _S.EFFECTIVE: (_S.ARCHIVED,),
        _S.ARCHIVED: (),
        _S.EXPIRED: (_S.DRAFT, _S.GENERATED, _S.BLOCKED, _S.WITHDRAWN, _S.LAPSED),
        _S.BLOCKED: (_S.DRAFT, _S.GENERATED, _S.BLOCKED, _S.WITHDRAWN, _S.LAPSED),
        _S.WITHDRAWN: (),
        _S.LAPSED: (),
    },
)
SIGNING = (_S.CONFIRMED, _S.SIGNED, _S.EFFECTIVE, _S.ARCHIVED)
"""What a good signature walks through (CON-07)."""

ALLOWED: dict[Action, tuple[ContractState, ...]] = {
    Action.SIGN: (_S.GENERATED,),
    Action.CHANGE: (_S.GENERATED, _S.EXPIRED, _S.BLOCKED),
    Action.RENEW: (_S.EXPIRED, _S.BLOCKED),
    Action.SEND_BACK: (_S.GENERATED, _S.EXPIRED, _S.BLOCKED),
    Action.CANCEL: (_S.GENERATED, _S.EXPIRED, _S.BLOCKED),
    Action.CHECK: (_S.GENERATED,),
}
REASONS: dict[ContractState, Refusal] = {_S.EXPIRED: Refusal.CONTRACT_EXPIRED, _S.BLOCKED: Refusal.CONTRACT_ELEMENT}
"""Why an action is refused in a state; CONTRACT_STATE in the others."""


def refusal_table() -> Ints:
    """(action, state) → refusal code, 0 = allowed."""
    table = np.full((max(Action) + 1, max(ContractState) + 1), int(Refusal.CONTRACT_STATE), dtype=np.int64)
    for state, reason in REASONS.items():
        table[:, state] = reason
    for action, states in ALLOWED.items():
        table[action, list(states)] = 0
    return table
