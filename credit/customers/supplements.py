"""Supplements (补件, APP-19): cases that an approver has sent back for materials. Each waits here until what he named has been
uploaded and handed in, and then goes on in approval; what does not come in time closes it."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import ApplicationSupplemented
from credit.codes import Actor
from credit.customers.contract import Event, Refusal, SupplementRequested
from credit.customers.materials import Materials
from credit.mail import Outbox
from credit.masks import true_rows
from credit.room import Rows
from credit.table import Table
from credit.times import Bools, Ints


class Supplements:
    """The cases sent back; `materials` holds their files."""

    def __init__(self, cases: Table, materials: Materials) -> None:
        self.cases, self._materials = cases, materials

    def ask(self, rows: Rows, out: Outbox) -> None:
        """What is missing is named to the customer: rows of SupplementAsked."""
        at, asked = rows["at"], rows["asked"]
        expires_at = self._materials.expire_at(at)
        self.cases.append(rows, since=at, expires_at=expires_at)
        out.log(Event.SUPPLEMENT_AWAITED, at, rows["case"], value=asked, product=rows["product"])
        out.send(SupplementRequested, SupplementRequested.carry(rows, materials=asked, expires_at=expires_at))

    def waiting(self, words: Rows) -> tuple[Ints, Bools]:
        """The rows of the cases that commands speak of, and where those wait for supplements."""
        rows, at = self.cases.find(words["case"]), words["at"]
        since, until = (self.cases.get(name, rows) for name in ("since", "expires_at"))
        return rows, (rows >= 0) & (since <= at) & (at < until)

    def lacking(self, cases: Rows) -> Ints:
        """The materials (bits) that each case still lacks: an older file of the same material is what was sent back."""
        brought = self._materials.of(cases["case"], cases["since"])
        missing: Ints = cases["asked"] & ~brought
        return missing

    def hand_in(self, words: Rows, rows: Ints, out: Outbox) -> None:
        """Complete cases go on in approval, with what has come."""
        cases, at = self.cases.take(rows), words["at"]
        said = {"value": cases["asked"], "product": cases["product"]}
        out.log(Event.SUPPLEMENT_HANDED_IN, at, cases["case"], actor=Actor.CUSTOMER, **said)
        brought = self._materials.of(cases["case"])
        documents, missing = cases["documents"] | brought, cases["missing"] & ~brought
        gone_on = ApplicationSupplemented.carry(cases, at=at, documents=documents, missing=missing)
        out.send(ApplicationSupplemented, gone_on)
        self.cases.drop(rows)

    def close(self, until: int, out: Outbox) -> None:
        """What did not come in time closes the case, at its limit."""
        rows = true_rows(self.cases["expires_at"] < until)
        if len(rows):
            gone = self.cases.take(rows)
            self.cases.drop(rows)
            self._materials.forget(gone["case"])
            said = {"value": gone["party"], "amount_fen": gone["amount_fen"], "product": gone["product"]}
            reason = np.full(len(gone), int(Refusal.DOCUMENT_MISSING))
            out.log(Event.MATERIALS_OVERDUE, gone["expires_at"], gone["case"], reason=reason, **said)
