"""The life of a payment (放款) and of a facility (额度): states, and the moves between them.

PENDING ─operator─► REVIEW ─reviewer─► SCHEDULED ─its time─► SENT ─result agrees─► ARRIVED ─evidence─► EVIDENCE ─┐
   ▲ ▲                 │                                    ▲  │   (staged loans; others are done)               │
   │ └────rejected─────┘                              retry │  ▼ failed, or another amount or account            ▼
   │                                                        EXCEPTION ─► stopped                       verified or rejected
 automatic lane (自动通道): SCHEDULED at once
"""

from __future__ import annotations

import numpy as np

from credit.codes import Coded
from credit.disbursement.contract import Desk
from credit.moves import Moves
from credit.times import Bools


class PaymentState(Coded):
    """Where the payment of one loan (a tranche, a drawdown, or the whole amount) stands."""

    PENDING = 1  # 待放款
    REVIEW = 2  # 待复核
    SCHEDULED = 3  # waits for its batch, its date or clearing hours
    SENT = 4  # 已发送指令
    EXCEPTION = 5  # 异常处理
    ARRIVED = 6  # 已到账, use of the tranche not shown yet
    EVIDENCE = 7  # 用途核查中
    CLOSED = 8  # leaves the table: disbursed, verified, or stopped


class FacilityState(Coded):
    """Where a contract stands of which more than one payment, or none yet, can be made."""

    WAITING = 1  # conditions are open (APR-13)
    OPEN = 2
    CLOSED = 3  # nothing more is paid; a revolving one stays until all is repaid


class PaymentKind(Coded):
    """When a payment leaves, DIS-13."""

    REAL_TIME = 1  # 实时
    BATCH = 2  # 批量
    SCHEDULED = 3  # 定时


_P, _F = PaymentState, FacilityState
PAYMENT_MOVES = Moves(
    "payment of loan",
    {
        _P.PENDING: (_P.REVIEW, _P.SCHEDULED, _P.CLOSED),
        _P.REVIEW: (_P.PENDING, _P.SCHEDULED, _P.CLOSED),
        _P.SCHEDULED: (_P.SENT,),
        _P.SENT: (_P.EXCEPTION, _P.ARRIVED, _P.CLOSED),
        _P.EXCEPTION: (_P.SCHEDULED, _P.CLOSED),
        _P.ARRIVED: (_P.EVIDENCE, _P.CLOSED),
        _P.EVIDENCE: (_P.CLOSED,),
        _P.CLOSED: (),
    },
)
FACILITY_MOVES = Moves(
    "facility of case", {_F.WAITING: (_F.OPEN, _F.CLOSED), _F.OPEN: (_F.CLOSED,), _F.CLOSED: (_F.CLOSED,)}
)
DESK_OF: dict[PaymentState, Desk] = {
    _P.PENDING: Desk.DISBURSEMENT_OPERATOR,
    _P.REVIEW: Desk.DISBURSEMENT_REVIEWER,
    _P.EXCEPTION: Desk.DISBURSEMENT_OPERATOR,
    _P.EVIDENCE: Desk.USE_VERIFIER,
}
"""The desk at which a payment waits in a state."""

NOT_YET_PAID = (_P.PENDING, _P.REVIEW, _P.SCHEDULED, _P.SENT, _P.EXCEPTION)
"""States in which the money is committed and not yet there."""

DESKS = np.zeros(max(PaymentState) + 1, dtype=np.int64)
for _state, _desk in DESK_OF.items():
    DESKS[_state] = _desk
COMMITTED: Bools = np.isin(np.arange(max(PaymentState) + 1), [int(state) for state in NOT_YET_PAID])
