"""The three stages of credit business (APP-01): pre-loan (贷前), in-loan (贷中) and post-loan (贷后), and where each subsystem
and each event belongs. Its rule: reports read the stage from here and nowhere else."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from credit.codes import Event, Stage
from credit.times import Ints


class Phase(IntEnum):
    """The stages of the business; NONE is bookkeeping that belongs to no single one."""

    NONE = 0
    PRE_LOAN = 1  # 贷前: admission, due diligence, assessment, approval
    IN_LOAN = 2  # 贷中: contract, disbursement, control of purpose and payment
    POST_LOAN = 3  # 贷后: inspection, repayment, monitoring, disposal


PHASE_OF_STAGE: dict[Stage, Phase] = {
    Stage.APPLICATIONS: Phase.PRE_LOAN,
    Stage.SCORING: Phase.PRE_LOAN,
    Stage.APPROVAL: Phase.PRE_LOAN,
    Stage.HEAD_OFFICE: Phase.PRE_LOAN,
    Stage.CONTRACTS: Phase.IN_LOAN,
    Stage.DISBURSEMENT: Phase.IN_LOAN,
    Stage.REPAYMENT: Phase.POST_LOAN,
    Stage.COLLECTIONS: Phase.POST_LOAN,
    Stage.LEDGER: Phase.NONE,
}
_EVENTS_A_STAGE = 100
_BY_HUNDRED = np.zeros(max(Stage) + 2, dtype=np.int64)
for _stage, _phase in PHASE_OF_STAGE.items():
    _BY_HUNDRED[_stage] = _phase


def phase_of_event(event: Event) -> Phase:
    """The stage of the business an event belongs to; the hundreds digit of an event is its subsystem."""
    return Phase(int(phases_of_events(np.array([event], dtype=np.int64))[0]))


def phases_of_events(events: Ints) -> Ints:
    """The same for a column of the event log; unknown codes are NONE."""
    return _BY_HUNDRED[np.clip(events // _EVENTS_A_STAGE, 0, len(_BY_HUNDRED) - 1)]
