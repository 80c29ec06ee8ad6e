"""Inspections: what the room says to the rest of the bank."""

from __future__ import annotations

from credit.disbursement.contract import RestrictLimit
from credit.repayment.contract import LoanDisbursed
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event

room = Room(__name__, "inspections", ("inspections", "贷后检查"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.hears(LoanDisbursed)
room.sends(RestrictLimit)
InspectionTask = room.asks(9001, "InspectionTask", "loan case branch desk priority limit_at excluded")
InspectionReport = room.accepts(9002, "InspectionReport", "loan person on_behalf_of started_at verdict")

room.table("inspections", "loan case branch at state " + blank("inspector"), key="loan")

# what it records -------------------------------------------------------------------------------------------------------


class Refusal(Reason):
    """Why a report has no effect."""

    NOTHING_OPEN = 9001, "no open inspection", "无待办检查"


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


class Gauge(GaugeCode):
    """What inspections measures at a day's end."""

    INSPECTIONS_OPEN = 901, "inspections open", "待检查贷款", True


class Desk(DeskCode):
    """The staffed desk of inspections."""

    INSPECTOR = 91, "loan inspector", "贷后检查员", False, 2, 30


room.logs(Event, Gauge, Desk, reasons=(Refusal,))
