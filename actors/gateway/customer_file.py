"""The electronic customer file (客户电子档案, CUS-10): what the bank holds of a customer, gathered from its rooms as it stands
now. Nothing is kept for it; numbers are whole to whom a post shows them (SEC-09)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from actors.gateway.bank import Bank, bank_of, label, labels, moment
from actors.gateway.callers import Caller, needs
from actors.gateway.customers import Customer, CustomerPath
from actors.gateway.customers import show as who_he_is
from actors.gateway.models import shown
from actors.host import Look
from actors.identity.masking import shown as as_seen
from credit.codes import Collateral, FileFormat, Finding, Material
from credit.collateral.states import CollateralState
from credit.numbers import branch_and_product
from credit.post_loan.states import InspectionState
from credit.repayment.states import LoanState
from credit.room import Rows

router = APIRouter(prefix="/v1/customers", tags=["customers"])


class CustomerFile(BaseModel):
    """All of it; each list is empty where there is nothing."""

    model_config = shown(
        {
            "customer": {
                "customer": "1",
                "state": "formal",
                "since": "2026-02-10T10:00:00.000+08:00",
                "name": "张建国",
                "id_number": "110***********2872",
                "mobile": "138****8000",
                "credit_code": "",
                "documents": ["id_front", "id_back"],
                "applications": ["2026-02-10T10:00:00.000+08:00"],
            },
            "cases": ["1000000001"],
            "materials": [
                {
                    "case": "1000000001",
                    "material": "id_front",
                    "format": "jpg",
                    "filed_at": "2026-02-10T10:00:00.000+08:00",
                }
            ],
            "contracts": [
                {
                    "case": "1000000001",
                    "product": "consumer_loan",
                    "amount_fen": 5_000_000,
                    "term_months": 12,
                    "signed_at": "2026-02-10T10:20:00.000+08:00",
                    "account": "***************0001",
                }
            ],
            "collateral": [],
            "loans": [
                {"loan": "100000000101", "state": "active", "balance_fen": 4_594_668, "product": "consumer_loan"}
            ],
            "inspections": [],
        }
    )

    customer: Customer
    cases: list[str]
    """His applications under which a room has something now."""
    materials: list[dict[str, Any]]
    """What was uploaded."""
    contracts: list[dict[str, Any]]
    """Signed and archived."""
    collateral: list[dict[str, Any]]
    """What secures his loans."""
    loans: list[dict[str, Any]]
    """On the book."""
    inspections: list[dict[str, Any]]
    """After the loan: what the last found, and what followed; for staff alone, since who is watched is not told."""


@router.get("/{customer}/file", summary="The electronic file of a customer", response_model=CustomerFile)
async def file(
    customer: CustomerPath,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("customers:read"))],
) -> dict[str, Any]:
    """CUS-10: who he is, his cases, materials, contracts, collateral, loans and inspections, in one place."""
    who = await who_he_is(customer, bank, caller)
    number = int(who["customer"])
    cases = await bank.cases_of(number)
    of_him = {
        name: await _rows(bank, room, Look(table, column, (number,)))
        for name, (room, table, column) in {
            "contracts": ("contracts", "archived", "customer"),
            "collateral": ("collateral", "register", "owner"),
            "loans": ("repayment", "loans", "customer"),
            "inspections": ("post_loan", "inspections", "customer"),
        }.items()
    }
    uploads = await _rows(bank, "customers", Look("files", "case", tuple(cases))) if cases else []
    products = bank.product_keys
    said = {
        "materials": [_material(row) for row in uploads],
        "contracts": [_contract(row, products) for row in of_him["contracts"]],
        "collateral": [_collateral(row) for row in of_him["collateral"]],
        "loans": [_loan(row, products) for row in of_him["loans"]],
        "inspections": [_inspection(row) for row in of_him["inspections"] if caller.kind == "staff"],
    }
    return {"customer": who, "cases": [str(case) for case in cases]} | dict(as_seen(said, caller))


async def _rows(bank: Bank, room: str, look: Look) -> list[Any]:
    """The rows of all cells of a room, in the order of their numbers."""
    found: list[Rows] = [rows for cell in bank.cells(room) for rows in await bank.looks(cell, look)]
    return sorted((row for rows in found for row in rows), key=lambda row: int(row[0]))


def _material(row: Any) -> dict[str, Any]:
    return {
        "case": str(row["case"]),
        "material": labels(Material, int(row["material"]))[0],
        "format": label(FileFormat(int(row["format"]))),
        "filed_at": moment(int(row["filed_at"])),
    }


def _contract(row: Any, products: dict[int, str]) -> dict[str, Any]:
    return {
        "case": str(row["case"]),
        "product": products.get(int(row["product"])),
        "amount_fen": int(row["amount_fen"]),
        "term_months": int(row["term_months"]),
        "signed_at": moment(int(row["signed_at"])),
        "account": str(row["account"]),
    }


def _collateral(row: Any) -> dict[str, Any]:
    return {
        "case": str(row["case"]),
        "kind": label(Collateral(int(row["kind"]))),
        "state": label(CollateralState(int(row["state"]))),
        "value_fen": int(row["value_fen"]),
        "secures_fen": int(row["amount_fen"]),
    }


def _loan(row: Any, products: dict[int, str]) -> dict[str, Any]:
    return {
        "loan": str(row["loan"]),
        "state": label(LoanState(int(row["state"]))),
        "product": products.get(int(branch_and_product(row["group"])[1])),
        "balance_fen": int(row["balance_fen"]),
    }


def _inspection(row: Any) -> dict[str, Any]:
    return {
        "case": str(row["case"]),
        "state": label(InspectionState(int(row["state"]))),
        "findings": labels(Finding, int(row["findings"])),
        "warned": bool(row["watched"]),
        "restricted": bool(row["restricted"]),
        "inspected_at": moment(int(row["inspected_at"])) if row["inspected_at"] else None,
    }
