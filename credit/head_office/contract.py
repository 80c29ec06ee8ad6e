"""Approval at head office (总行审批): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.approval.contract import CASE_CHANGES, LISTED, LISTED_CHANGES, VOTES, WORDS, CustomerListed
from credit.profile import ANALYSED, EXPLAINED, SCORED
from credit.room import DeskCode, Room
from credit.staff import ADMINISTRATOR_DESK
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "head_office", ("head office", "总行审批"), shared=True)

# mail in, and what is asked of the world -------------------------------------------------------------------------------
CaseEscalated = room.accepts(401, "CaseEscalated", f"{SCORED} round previous path", sender="approval")
CaseHandled = room.accepts(402, "CaseHandled", "case branch person", sender="approval")
DESK = desk_kinds(
    room,
    "HeadOffice",
    420,
    entity="case",
    offers=f"party product segment amount_fen score grade alert doubts missing round team member {EXPLAINED} {ANALYSED}",
    decides=f"verdict amount_fen materials {WORDS}",
)
room.hears(CustomerListed)
room.table("listed", LISTED, key="entry", changes=LISTED_CHANGES)
room.table("opinions", f"task case person verdict at {WORDS}", key="task")
room.table(
    "cases",
    f"{SCORED} round previous path state node=0 decide_at=0 {VOTES}",
    key="case",
    puts="state",
    changes=CASE_CHANGES,
)

# what it records -------------------------------------------------------------------------------------------------------


class Desk(DeskCode):
    """The staffed desks of head office."""

    RISK_SPECIALIST = 3, "risk specialist", "风险专岗", True
    FINAL_APPROVER = 4, "final approval", "终审", True
    COMMITTEE = 5, "credit committee", "信贷委员会", True
    APPROVAL_SUPERVISOR = 6, "approval supervisor", "审批主管", True, 2, 60
    ADMINISTRATOR = ADMINISTRATOR_DESK, "administrator", "系统管理员", True


room.logs(desks=Desk, reasons=(TaskRefusal,))
