"""The general ledger (总账): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.policies.ledger import BY_LOAN
from credit.room import EventCode, GaugeCode, Room, blank, event

room = Room(__name__, "ledger", ("ledger", "总账"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
Posting = room.accepts(901, "Posting", "transaction account loan amount_fen", sender="disbursement repayment")
LoanBalance = room.accepts(
    902,
    "LoanBalance",
    "loan principal_fen interest_receivable_fen penalty_receivable_fen written_off_fen",
    sender="repayment",
)
# What the loans of a product at a branch sum to at a day's end, each compared with its account.
TOTALS = "accrued_fen principal_fen interest_receivable_fen penalty_receivable_fen written_off_fen"
BookTotal = room.accepts(903, "BookTotal", f"branch product {TOTALS}", sender="repayment")

# Every loan that was ever paid out, and every group: `last` is its last transaction, so that no number is used twice for ever.
_BALANCES = " ".join(BY_LOAN)
room.table("loans", f"loan last=0 {blank(_BALANCES)}", key="loan", puts=f"last {_BALANCES}")
room.table("batches", "group last=0", key="group", puts="last")

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of ledger."""

    TRIAL_BALANCED = event(901, "trial balance drawn", "试算平衡", value="postings", digested=False)


class Gauge(GaugeCode):
    """What ledger measures at a day's end."""

    TRIAL_BALANCE = 6, "trial balance", "试算平衡", False, "credit.codes:Account"


room.logs(Event, Gauge)
