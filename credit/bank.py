"""The bank: its rooms in the order in which a window passes them. To add a subsystem, write its package and its counterpart
and put its room into `PIPELINE`."""

from __future__ import annotations

from credit.appeals.contract import room as appeals
from credit.applications.contract import room as applications
from credit.approval.contract import room as approval
from credit.collateral.contract import room as collateral
from credit.collections.contract import room as collections
from credit.contracts.contract import room as contracts
from credit.customers.contract import room as customers
from credit.disbursement.contract import room as disbursement
from credit.due_diligence.contract import room as due_diligence
from credit.head_office.contract import room as head_office
from credit.ledger.contract import room as ledger
from credit.notices.contract import room as notices
from credit.post_loan.contract import room as post_loan
from credit.repayment.contract import room as repayment
from credit.restructuring.contract import room as restructuring
from credit.room import DESKS, DeskCode
from credit.scoring.contract import room as scoring

PIPELINE = (
    applications,
    customers,
    scoring,
    collateral,
    due_diligence,
    approval,
    head_office,
    contracts,
    disbursement,
    repayment,
    collections,
    restructuring,
    post_loan,
    appeals,
    ledger,
    notices,
)


def desks() -> dict[str, DeskCode]:
    """The desks of these rooms, and of any other whose contract has been imported, by label in the order of their numbers."""
    return {DESKS[number].label: DESKS[number] for number in sorted(DESKS)}
