"""Bulk exports (批量导出) over HTTP: all applications or loans that a person may see, as CSV or Parquet. One asks, somebody of
another role authorises (SEC-06), and only then whoever asked fetches the table. Numbers of people are masked as everywhere
(SEC-09)."""

from __future__ import annotations

import asyncio
import io
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from actors.gateway.bank import Bank, absent, bank_of, case_of_loan, day, label, moment
from actors.gateway.callers import Caller, needs
from actors.gateway.login import Services, prove
from actors.gateway.models import Body, shown
from actors.gateway.problems import Problem
from actors.gateway.proposals import Number, Proposed, about_of, known, said_of
from actors.gateway.reach import Reach, reach_of
from actors.host import Look
from actors.identity.changes import Proposal
from actors.identity.masking import shown as as_seen
from actors.trail import BEFORE
from credit.applications.contract import Event as Applying
from credit.notices.contract import Event as Notice
from credit.numbers import branch_and_product, branch_of_loan
from credit.repayment.states import LoanState
from credit.room import EVENTS, Rows
from credit.rows import among
from credit.times import DAY_MS

router = APIRouter(prefix="/v1/exports", tags=["exports"])

_READS = {"applications": "applications:read", "loans": "loans:read"}
_OWED = ("principal_fen", "interest_fen", "penalty_fen")
_WHO = ("name", "id_number", "mobile")
_MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
Exporter = Annotated[Caller, Depends(needs("bulk:export"))]
Either = Annotated[Caller, Depends(needs("bulk:export", "bulk:confirm"))]


class Asking(Body):
    """What is wanted, and what for."""

    model_config = shown({"what": "loans", "format": "csv", "reason": "季度风险检查"})

    what: Literal["applications", "loans"]
    format: Literal["csv", "parquet"]
    reason: str = Field(min_length=1, max_length=200)


class Export(Proposed):
    """An export that was asked for, and what became of it."""

    what: str
    format: str


@router.post("", summary="Ask for an export", status_code=201)
def ask(body: Asking, identity: Services, caller: Exporter) -> Export:
    """Of what the caller may see himself. It waits for somebody of another role."""
    prove(caller, _READS[body.what])
    value = {"format": body.format, "reason": body.reason}
    return _shown(identity.changes.propose(caller.subject, "export", f"export:{body.what}", value, identity.clock()))


@router.get("", summary="Exports that were asked for")
def exports(
    identity: Services,
    caller: Either,
    after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Export]:
    """One's own; whoever authorises sees all."""
    by = "" if caller.may("bulk:confirm") else caller.subject
    return [_shown(one) for one in identity.changes.all("", after, limit, of="export", by=by)]


@router.post("/{number}/confirm", summary="Authorise an export of somebody of another role")
def confirm(number: Number, identity: Services, caller: Annotated[Caller, Depends(needs("bulk:confirm"))]) -> Export:
    """SEC-06: it can be fetched from then on."""
    known(identity, "export", number)
    return _shown(identity.changes.confirm(caller.subject, number, identity.clock())[0])


@router.post("/{number}/refuse", summary="Refuse or withdraw an export")
def refuse(number: Number, identity: Services, caller: Either) -> Export:
    """It can't be fetched then."""
    known(identity, "export", number)
    return _shown(identity.changes.refuse(caller.subject, number, identity.clock()))


@router.get(
    "/{number}/file",
    summary="Fetch an export",
    response_class=Response,
    responses={
        200: {"content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in _MEDIA.values()}}
    },
)
async def fetch(
    number: Number, bank: Annotated[Bank, Depends(bank_of)], identity: Services, caller: Exporter
) -> Response:
    """As the bank stands now; for whoever asked, as long after the authorisation as a proposal waits."""
    found = known(identity, "export", number)
    what, ends = about_of(found), found.decided_at + identity.accounts.rules.proposal_days * DAY_MS
    if found.made_by != caller.subject:
        raise absent("export", str(number))
    if found.state != "confirmed" or identity.clock() >= ends:
        why = "its authorisation has lapsed; ask anew" if found.state == "confirmed" else f"it is {found.state}"
        raise Problem(
            409, "Not authorised", f"export {number} can't be fetched: {why}", detail_zh="导出未获授权或授权已过期"
        )
    reach = reach_of(identity, prove(caller, _READS[what]), _READS[what])
    columns = await (_applications if what == "applications" else _loans)(bank, reach)
    content = await asyncio.to_thread(_written, columns, found.after["format"])
    name = f"{what}-{number}.{found.after['format']}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type=_MEDIA[found.after["format"]])


def _shown(one: Proposal) -> Export:
    return Export.model_validate(said_of(one) | {"what": about_of(one), "format": one.after["format"]})


# tables ---------------------------------------------------------------------------------------------------------------


async def _applications(bank: Bank, reach: Reach) -> dict[str, Any]:
    """Every application with its form's amount and what happened to it last."""
    parts = [rows async for _, rows in bank.windows_since(BEFORE)]
    events: Rows = np.concatenate(parts) if parts else np.zeros(0, dtype=[])
    if not len(events):
        return {}
    events = events[reach.branches(events["branch"])]
    events = events[~among(events["event"], list(Notice))]  # that he was told of something is not what happened last
    forms = events[events["event"] == Applying.APPLICATION_SUBMITTED]
    cases, last = np.unique(events["case"][::-1], return_index=True)
    newest = events[::-1][last][np.searchsorted(cases, forms["case"])]
    return {
        "application": forms["case"],
        "branch": forms["branch"],
        "product": _products(bank, forms["product"]),
        "amount_fen": forms["amount_fen"],
        "submitted_at": [moment(at) for at in forms["at"].tolist()],
        "last_event": [label(EVENTS[event]) for event in newest["event"].tolist()],
        "last_at": [moment(at) for at in newest["at"].tolist()],
    }


async def _loans(bank: Bank, reach: Reach) -> dict[str, Any]:
    """Every loan on the book with what is owed, and whose it is."""
    [cell] = bank.cells("customers")
    [customers] = await bank.looks(cell, Look("customers"))
    found = [await bank.looks(cell, Look("loans"), Look("arrears")) for cell in bank.cells("repayment")]
    loans, arrears = (np.concatenate(rows) for rows in zip(*found, strict=True))
    loans = loans[reach.branches(branch_of_loan(loans["loan"]))]
    owed = {name: _joined(arrears, "loan", loans["loan"])[name] for name in _OWED}
    owner = _joined(customers, "customer", loans["customer"])
    who = [as_seen(dict(zip(_WHO, map(str, one), strict=True)), reach.caller) for one in owner[list(_WHO)].tolist()]
    branch, product = branch_and_product(loans["group"])
    return {
        "loan": loans["loan"],
        "application": [case_of_loan(loan) for loan in loans["loan"].tolist()],
        "branch": branch,
        "product": _products(bank, product),
        "state": [label(LoanState(state)) for state in loans["state"].tolist()],
        "rate_ppm": loans["rate_ppm"],
        **(owed | {"principal_fen": owed["principal_fen"] + loans["balance_fen"]}),
        "next_due_on": [day(due) for due in loans["due_day"].tolist()],
        "customer": loans["customer"],
        **{name: [one[name] for one in who] for name in _WHO},
    }


def _joined(rows: Rows, key: str, values: npt.NDArray[np.int64]) -> Rows:
    """The row of each value; nothing where there is none."""
    kept = np.append(rows[np.argsort(rows[key])], np.zeros(1, rows.dtype))
    place = np.searchsorted(kept[key][:-1], values)
    joined: Rows = kept[np.where(kept[key][place] == values, place, len(kept) - 1)]
    return joined


def _products(bank: Bank, codes: npt.NDArray[np.int64]) -> list[str | None]:
    return [bank.product_keys.get(code) for code in codes.tolist()]


def _written(columns: dict[str, Any], form: str) -> bytes:
    table, out = pa.table(columns), io.BytesIO()
    if form == "parquet":
        pyarrow.parquet.write_table(table, out)
    else:
        pyarrow.csv.write_csv(pa.table({name: _as_said(table[name]) for name in table.column_names}), out)
    return out.getvalue()


def _as_said(column: Any) -> Any:
    """A column of which no text is taken for a formula by whoever opens the file in a spreadsheet."""
    if not pa.types.is_string(column.type):
        return column
    marked = pc.binary_join_element_wise("'", column, "")
    return pc.if_else(pc.match_substring_regex(column, "^[=+@\t\r-]"), marked, column)
