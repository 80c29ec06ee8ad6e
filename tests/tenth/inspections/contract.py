"""Inspections: what the room says to the rest of the bank."""

from __future__ import annotations

from credit.disbursement.contract import RestrictLimit
from credit.repayment.contract import LoanDisbursed
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling, Refusal

room = Room(__name__, "inspections", ("inspections", "贷后检查"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.hears(LoanDisbursed)
room.sends(RestrictLimit)
DESK = desk_kinds(room, "Inspection", 9001, entity="loan", offers="case", decides="verdict")

room.table(
    "inspections", "loan case branch at state " + blank("inspector"), key="loan", puts="state", changes="at inspector"
)

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of inspections."""

    INSPECTED = event(9001, "loan inspected", "贷后检查完成", value="verdict")
    REPORT_REFUSED = event(
        9002,
        "inspection report refused",
        "检查报告被拒",
        reason=Reason,
        refuses=True,
        trouble=("inspection reports refused", "检查报告被拒"),
    )
    TASK_URGED = event(9003, "inspection urged", "贷后检查催办", value="desk")
    TASK_HANDLED = event(
        9004, "inspection handled", "贷后检查流转", reason=Handling, value="person it concerns, or verdict"
    )
    DEPUTY_APPOINTED = event(9005, "deputy for inspections appointed", "指定检查代理人", value="deputy")


class Gauge(GaugeCode):
    """What inspections measures at a day's end."""

    INSPECTIONS_OPEN = 901, "inspections open", "待检查贷款", True


class Desk(DeskCode):
    """The staffed desk of inspections."""

    INSPECTOR = 91, "loan inspector", "贷后检查员", False, 2, 30


room.logs(Event, Gauge, Desk, reasons=(Refusal,))
