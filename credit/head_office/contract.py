"""Approval at head office (总行审批): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.profile import SCORED
from credit.room import DeskCode, Room

room = Room(__name__, "head_office", ("head office", "总行审批"), shared=True)

# mail in, and what is asked of the world -------------------------------------------------------------------------------
CaseEscalated = room.accepts(401, "CaseEscalated", f"{SCORED} round previous path", sender="approval")
HeadOfficeTask = room.asks(
    403,
    "HeadOfficeTask",
    "case party branch node product segment amount_fen score grade alert doubts priority limit_at excluded round",
)
HeadOfficeOpinion = room.accepts(
    404, "HeadOfficeOpinion", "case node person on_behalf_of started_at verdict amount_fen urged reason votes"
)
room.table("cases", f"{SCORED} round previous path node entered_at limit_at urged", key="case")
room.table("deputies", "number person deputy node from_day to_day", key="number")

# what it records -------------------------------------------------------------------------------------------------------


class Desk(DeskCode):
    """The staffed desks of head office."""

    RISK_SPECIALIST = 3, "risk specialist", "风险专岗", True
    FINAL_APPROVER = 4, "final approval", "终审", True
    COMMITTEE = 5, "credit committee", "信贷委员会", True


room.logs(desks=Desk)
