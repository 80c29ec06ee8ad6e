"""Collateral (押品管理): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Handler, Step
from credit.disbursement.contract import ContractEffective
from credit.disbursement.contract import Event as Disbursement
from credit.profile import SCORED
from credit.repayment.contract import Event as Repayment
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "collateral", ("collateral", "押品管理"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
CollateralOffered = room.accepts(1301, "CollateralOffered", SCORED, sender="scoring")
"""A scored application that something is to secure; with its value it goes on to approval."""
SecuredLoanTold = room.accepts(
    1302,
    "SecuredLoanTold",
    "case loan branch event reason",
    sender="disbursement repayment",
    copies=(
        Disbursement.DISBURSEMENT_PRECHECK_FAILED,
        Disbursement.LOAN_DISBURSED,
        Disbursement.PAYMENT_STOPPED,
        Disbursement.FACILITY_CLOSED,
        Repayment.LOAN_SETTLED,
    ),
)
"""What becomes of the loans that are secured."""
room.hears(ContractEffective)
DESK = desk_kinds(
    room,
    "Collateral",
    1310,
    entity="case",
    offers="party product kind amount_fen declared_fen value_fen attempt",
    decides="verdict value_fen",
)
room.table("applications", SCORED, key="case")
"""Applications that wait for a valuation."""
room.table(
    "register",
    "case owner party branch product kind state declared_fen amount_fen several due_at "
    + blank("value_fen valued_at valuer registrar custodian established_at tasks loans settled over"),
    key="case",
    puts="state",
    changes="amount_fen due_at value_fen valued_at valuer registrar custodian established_at tasks loans settled over",
)
"""What secures a case, one row each. `owner`: a customer's number · `amount_fen`: what is asked for, then what is granted ·
`several`: more than one loan may be paid · `due_at`: when a valuation lapses, or is to be made anew · `over`: nothing more is
paid."""

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of collateral."""

    VALUATION_ASKED = event(
        1301,
        "valuation asked for",
        "发起押品评估",
        value="kind of collateral",
        step=Step.APPROVAL,
        handler=Handler.APPROVER,
    )
    COLLATERAL_VALUED = event(
        1302,
        "collateral valued",
        "押品估值",
        reason=Reason,
        value="value, fen",
        step=Step.APPROVAL,
        handler=Handler.APPROVER,
    )
    FORMALITIES_BEGUN = event(
        1303,
        "formalities begun",
        "办理担保手续",
        value="kind of collateral",
        step=Step.DISBURSEMENT,
        handler=Handler.OPERATOR,
    )
    COLLATERAL_REGISTERED = event(
        1304, "registered", "抵质押登记", value="kind of collateral", step=Step.DISBURSEMENT, handler=Handler.OPERATOR
    )
    DOCUMENTS_RETURNED = event(
        1305, "documents sent back", "权证退回", value="kind of collateral", handler=Handler.OPERATOR
    )
    GUARANTEE_IN_PLACE = event(
        1306, "guarantee in place", "担保落实", value="value, fen", step=Step.DISBURSEMENT, handler=Handler.OPERATOR
    )
    FORMALITIES_FAILED = event(
        1307,
        "formalities failed",
        "担保手续未办成",
        reason=Reason,
        value="kind of collateral",
        refuses=True,
        trouble=("formalities failed", "担保手续未办成"),
    )
    REVALUATION_DUE = event(1308, "revaluation due", "押品重估到期", value="last value, fen")
    COLLATERAL_SHORT = event(
        1309,
        "worth too little for its loan",
        "押品不足值",
        value="value, fen",
        trouble=("collateral worth too little", "押品不足值"),
    )
    RELEASE_BEGUN = event(1310, "release begun", "发起押品解押")
    COLLATERAL_RELEASED = event(1311, "collateral released", "押品解押出库")
    VALUATION_LAPSED = event(1312, "valuation lapsed", "评估失效", value="value, fen")
    COLLATERAL_ACTION_REFUSED = event(1313, "collateral action refused", "押品操作被拒", reason=Reason, refuses=True)
    TASK_URGED = event(
        1314, "collateral task urged", "押品催办", value="desk", trouble=("collateral tasks urged", "押品催办")
    )
    TASK_HANDLED = event(
        1315, "collateral task handled", "押品任务流转", reason=Handling, value="person it concerns, or verdict"
    )
    DEPUTY_APPOINTED = event(1316, "deputy for collateral appointed", "指定押品代理人", value="deputy")


class Gauge(GaugeCode):
    """What collateral measures at a day's end."""

    COLLATERAL_BY_STATE = 31, "collateral on the register", "在册押品", True, "credit.collateral.states:CollateralState"


class Desk(DeskCode):
    """The staffed desks of collateral."""

    COLLATERAL_VALUER = 64, "collateral valuer", "押品评估", False, 2, 90
    COLLATERAL_REGISTRAR = 65, "formalities of guarantees", "担保手续办理", False, 2, 60
    COLLATERAL_CUSTODIAN = 66, "custody of collateral", "权证保管", False, 2, 20


class Refusal(Reason):
    """Why collateral refuses."""

    NOT_ACCEPTED = 1301, "not accepted as collateral", "押品不予接受"
    VALUE_MISSING = 1302, "value_fen: an approving valuation says a value above 0", "估值须大于零", "value_fen"
    VALUE_UNASKED = 1303, "value_fen: only a valuation says a value", "仅评估意见填写估值", "value_fen"
    LOAN_TO_VALUE = 1304, "lends more than its value allows", "超过抵质押率"
    NOT_VALUED = 1305, "no valuation that holds", "无有效估值"
    NOT_REGISTERED = 1306, "could not be registered", "无法办理登记"


room.logs(Event, Gauge, Desk, reasons=(Refusal, TaskRefusal))
