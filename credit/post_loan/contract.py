"""After the loan (贷后管理): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Named
from credit.collateral.contract import Event as Collateral
from credit.disbursement.contract import Event as Disbursement
from credit.disbursement.contract import RestrictLimit
from credit.repayment.contract import Event as Repayment
from credit.repayment.contract import LoanDisbursed
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "post_loan", ("after the loan", "贷后管理"))


class Cause(Named):
    """Why somebody is inspected."""

    FIRST = 1, "first, use of the money", "首次检查（资金用途）"
    REGULAR = 2, "regular", "常规检查"
    OVERDUE = 3, "overdue", "逾期检查"
    COLLATERAL = 4, "collateral worth too little", "押品不足值检查"


# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.hears(LoanDisbursed)
room.sends(RestrictLimit)
LoanTold = room.accepts(
    1501,
    "LoanTold",
    "case loan branch event",
    sender="collateral disbursement repayment",
    copies=(
        Repayment.LOAN_SETTLED,
        Repayment.LOAN_WRITTEN_OFF,
        Repayment.OVERDUE_STARTED,
        Repayment.OVERDUE_CLEARED,
        Collateral.COLLATERAL_SHORT,
        Disbursement.FACILITY_CLOSED,
    ),
)
"""What becomes of the loans, and of what secures them."""
DESK = desk_kinds(
    room,
    "PostLoan",
    1510,
    entity="case",
    offers="party product segment amount_fen cause findings attempt",
    decides="verdict findings",
)
room.table(
    "inspections",
    "case customer party branch segment product state plan cause amount_fen several due_day "
    + blank("tasks loans ended overdue findings watched restricted inspector inspected_at"),
    key="case",
    puts="state",
    changes="plan cause amount_fen several due_day tasks loans ended overdue findings watched restricted inspector "
    "inspected_at",
)
"""Who has had money paid out and not repaid, a row a case. `plan`: the policy's row, from 0 · `several`: use can be restricted ·
`ended`: loans settled or written off · `overdue`: loans that are · `findings`: of the last inspection · `watched`: a warning
stands."""

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events after the loan."""

    INSPECTION_PLANNED = event(1501, "inspections planned", "制定贷后检查计划", value="inspections a year")
    INSPECTION_DUE = event(1502, "inspection due", "贷后检查到期", reason=Cause, value="desk")
    CASE_INSPECTED = event(1503, "case inspected", "完成贷后检查", reason=Cause, value="findings (bits)")
    RECORDS_INSPECTED = event(1504, "records looked at", "非现场检查", reason=Cause, value="loans overdue")
    FINDINGS_SENT_BACK = event(1505, "inspection sent back", "贷后检查退回", value="findings (bits)")
    WARNING_RAISED = event(
        1506, "warning raised", "贷后预警", value="findings (bits)", trouble=("warnings after the loan", "贷后预警")
    )
    WARNING_LIFTED = event(1507, "warning lifted", "解除贷后预警")
    POST_LOAN_ACTION_REFUSED = event(1508, "post-loan action refused", "贷后操作被拒", reason=Reason, refuses=True)
    TASK_URGED = event(
        1509, "inspection urged", "贷后检查催办", value="desk", trouble=("inspections urged", "贷后检查催办")
    )
    TASK_HANDLED = event(
        1510, "inspection task handled", "贷后检查任务流转", reason=Handling, value="person it concerns, or verdict"
    )
    DEPUTY_APPOINTED = event(1511, "deputy for inspections appointed", "指定贷后检查代理人", value="deputy")


class Gauge(GaugeCode):
    """What is measured after the loan at a day's end."""

    INSPECTIONS = 32, "inspections under way", "在办贷后检查", True, "credit.post_loan.states:InspectionState"


class Desk(DeskCode):
    """The staffed desks after the loan."""

    CUSTOMER_MANAGER = 41, "customer manager, inspections", "客户经理（贷后检查）", False, 3, 60
    POST_LOAN_REVIEWER = 67, "review of inspections", "贷后复核", False, 2, 20


class Refusal(Reason):
    """Why a report is refused."""

    FINDINGS_UNKNOWN = 1501, "findings: one of the findings there are, or none", "检查结论无效", "findings"


room.logs(Event, Gauge, Desk, reasons=(Refusal, TaskRefusal))
