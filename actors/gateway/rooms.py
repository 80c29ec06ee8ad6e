"""Rooms as a gateway reads them: a room's own code over rows that were looked up. A contract's text, a plan, who a customer is
and what an early repayment costs are the bank's own word, and are reckoned nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from credit.applications.ranges import Ranges
from credit.codes import Account
from credit.contracts.subsystem import ContractsSubsystem
from credit.customers.keys import customer_keys
from credit.customers.lists import ListCopy, RiskLibrary
from credit.customers.subsystem import CustomersSubsystem
from credit.due_diligence.subsystem import DueDiligenceSubsystem
from credit.ledger.contract import Posting
from credit.mail import Outbox
from credit.policies import ProductPolicy, load
from credit.policies.admission import AdmissionPolicy
from credit.policies.appeals import AppealPolicy
from credit.policies.loading import Overrides
from credit.policies.materials import MaterialPolicy
from credit.policies.notices import NoticePolicy
from credit.profile import Identity
from credit.repayment.contract import Event
from credit.repayment.subsystem import RepaymentSubsystem
from credit.room import Rows
from credit.subsystem import Setting, Subsystem
from credit.table import Table
from credit.texts import Field


class EarlyRepaymentTrial(NamedTuple):
    """What an early repayment would come to: what is paid, or why it is refused, and the book after it."""

    reason: int
    principal_fen: int
    interest_fen: int
    fee_fen: int
    after: RepaymentSubsystem


class Rooms:
    """The rooms of one bank, under its own policies."""

    def __init__(self, policies: Overrides) -> None:
        setting = Setting(policies)
        self._contracts, self._customers = ContractsSubsystem.build(setting), CustomersSubsystem.build(setting)
        self._due_diligence = DueDiligenceSubsystem.build(setting)
        self._repayment = RepaymentSubsystem.build(setting)
        self.ranges = Ranges(load("admission", AdmissionPolicy, policies), load("products", ProductPolicy, policies))
        self.notices = load("notices", NoticePolicy, policies)
        self.appeals = load("appeals", AppealPolicy, policies)

    @property
    def lender(self) -> str:
        """The bank's name in its contracts."""
        return self._contracts.policy.lender

    @property
    def certified(self) -> bool:
        """Whether electronic contracts are signed by certificate."""
        return self._contracts.policy.certified

    @property
    def authority(self) -> str:
        """The certificate of the authority, as PEM."""
        return self._contracts.policy.authority

    def digest(self, contract: Rows) -> str:
        """Of a contract's row: what is signed by certificate; nothing where none is asked for."""
        return str(self._contracts.certificates.offered(contract)[0])

    def shown(self, contract: Rows) -> str:
        """The digest of a contract's row as it was put before the customer, however it is signed."""
        return str(self._contracts.templates.digests(contract)[0])

    def contract(self, table: str, contract: Rows, identity: Identity, texts: Rows) -> tuple[str, str]:
        """Number and text of a contract, from its one row in a table, `contracts` or `archived`, and the texts of its case."""
        _load(self._contracts, {table: contract})
        _load(self._customers, {"texts": texts})
        case = int(contract["case"][0])
        return self._contracts.render(case, identity, self._customers.text(case, Field.PURPOSE))

    def identity(self, customer: Rows, texts: Rows) -> Identity:
        """Who a customer is, from his one row and the texts of his last form."""
        _load(self._customers, {"customers": customer, "texts": texts})
        return self._customers.identity(int(customer["customer"][0]))

    @property
    def materials(self) -> MaterialPolicy:
        """What uploads are judged by."""
        return self._customers.materials.policy

    def material_fault(self, tables: Mapping[str, Rows], upload: Rows) -> int:
        """Why the bank would refuse an upload, 0 where it would not. `tables` of its case: `waiting`, `supplements`, `files`."""
        _load(self._customers, tables)
        return int(self._customers.material_faults(upload)[0])

    def paper_fault(self, tables: Mapping[str, Rows], upload: Rows) -> int:
        """Why the bank would refuse a paper of a visit, 0 where it would not. `tables` of its case: `cases`, `tasks`."""
        _load(self._due_diligence, tables)
        return int(self._due_diligence.paper_faults(upload)[0])

    def papers(self, tables: Mapping[str, Rows]) -> tuple[int, int]:
        """Of a case that waits for materials: those that count, uploaded, in hand or on file, and those that are missing; bits.
        `tables`: `waiting`, `supplements` and `files` of its case, `people` and `customers` of a form's customer."""
        _load(self._customers, tables)
        if len(sent_back := tables["supplements"]):
            lacking = int(self._customers.supplements.lacking(sent_back)[0])
            had, asked = (int(sent_back[name][0]) for name in ("documents", "asked"))
            return (had | asked) & ~lacking, lacking
        form = tables["waiting"].copy()
        _, missing = self._customers.papers_of(form)
        return int(form["documents"][0]), int(missing[0])

    def customer_key(self, form: Rows) -> int:
        """The key under which the customer of a form stands in the register."""
        return int(customer_keys(form)[0])

    def keys(self, customer: Rows) -> list[int]:
        """The keys under which a customer, and the person who signs for him, stands in the risk library."""
        return [int(customer_keys(customer)[0]), int(customer["person"][0])]

    def lists(self, person: int, entries: Rows, at: int) -> int:
        """The outside lists (bits) on which a person stands at an instant, by the bank's own copy."""
        copy = ListCopy(_filled(self._customers, "copy", entries))
        return int(copy.lists(np.array([person]), np.array([at]))[0])

    def in_library(self, keys: list[int], entries: Rows, at: int) -> bool:
        """Whether one of some keys stands in the internal risk library at an instant."""
        library = RiskLibrary(_filled(self._customers, "library", entries))
        return bool(library.holds(np.array(keys), np.full(len(keys), at)).any())

    def book(self, tables: Mapping[str, Rows]) -> RepaymentSubsystem:
        """Repayment with the rows of some loans in its book, until the next look."""
        _load(self._repayment, tables)
        return self._repayment

    def early(self, tables: Mapping[str, Rows], order: Rows) -> EarlyRepaymentTrial:
        """An early repayment carried out on a copy of the book."""
        copy, out = self.book(tables), Outbox()
        copy.repaid_early(order, out)
        if len(refused := out.events_of(Event.EARLY_REPAYMENT_REFUSED)):
            return EarlyRepaymentTrial(int(refused["reason"][0]), 0, 0, 0, copy)
        [done] = out.events_of(Event.EARLY_REPAYMENT)
        fee = _posted(out, Account.FEE_INCOME)
        return EarlyRepaymentTrial(0, int(done["amount_fen"]), int(done["value"]) - fee, fee, copy)


def _posted(out: Outbox, account: Account) -> int:
    """What was posted to an account's credit."""
    legs = out.take(Posting)
    return -int(legs["amount_fen"][legs["account"] == account].sum())


def _load(room: Subsystem, tables: Mapping[str, Rows]) -> None:
    given = {name: tables[name] if name in tables else np.zeros(0, table.dtype) for name, table in room.tables.items()}
    room.import_state(given)


def _filled(room: Subsystem, name: str, rows: Rows) -> Table:
    table = Table(*room.room.tables[name])
    table.load(rows)
    return table
