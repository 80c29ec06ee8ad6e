"""Contracts: from an approval to a signed contract (CON-01 to CON-16). A contract is generated from the approval, its elements
checked, offered to the customer, and signed within three days, or it expires and must be generated again; a customer who
wants another amount or term goes back to approval. What isn't allowed in a contract's state is refused with a reason, and time
alone expires a contract, to the millisecond."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import ContractWithdrawn
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Actor
from credit.contracts import invariants, rules
from credit.contracts.agreed import Agreed
from credit.contracts.certificates import Certificates
from credit.contracts.contract import (
    ApplicationApproved,
    CancelReason,
    CertificateIssued,
    CertificateRevoked,
    ContractCancelled,
    ContractChangeRequested,
    ContractChecked,
    ContractOffered,
    ContractRenewalRequested,
    ContractReturned,
    ContractScanned,
    ContractSigned,
    Event,
    Gauge,
    Refusal,
    ReturnReason,
    room,
)
from credit.contracts.elements import element_faults
from credit.contracts.scans import Scans
from credit.contracts.states import MOVES, SIGNING, Action, ContractState, SignMode
from credit.contracts.templates import Templates
from credit.disbursement.contract import ContractEffective
from credit.mail import Outbox
from credit.masks import true_rows
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.admission import AdmissionPolicy
from credit.policies.contracts import ContractPolicy
from credit.policies.repayment import RepaymentPolicy
from credit.profile import Identity
from credit.room import Reason, Rows
from credit.rows import only
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.times import DAY_MS, Ints

_REASONS: dict[Action, type[Reason]] = {Action.SEND_BACK: ReturnReason, Action.CANCEL: CancelReason}
_BY_STAFF = (*_REASONS, Action.SCAN, Action.CHECK)


class ContractsSubsystem(Subsystem):
    """State: contracts not yet signed, and the archive of those that are."""

    room = room
    cut_free = True
    REFUSED = Event.CONTRACT_ACTION_REFUSED
    HANDLERS = (
        Together(
            "case",
            (
                Takes(ApplicationApproved, "approved"),
                Takes(ContractSigned, "sign"),
                Takes(ContractChangeRequested, "change"),
                Takes(ContractRenewalRequested, "renew"),
                Takes(ContractReturned, "send_back"),
                Takes(ContractCancelled, "cancel"),
                Takes(ContractScanned, "scanned"),
                Takes(ContractChecked, "check_terms"),
                Takes(CertificateIssued, "certify"),
                Takes(CertificateRevoked, "revoke"),
            ),
        ),
    )

    def __init__(
        self, contracts: ContractPolicy, products: ProductPolicy, admission: AdmissionPolicy, agreed: Agreed
    ) -> None:
        super().__init__()
        self.policy = contracts
        self.templates = Templates(contracts, products, {p.code: p.key for p in admission.purposes}, agreed)
        self._products = columns_of(products)
        self._valid_ms = contracts.valid_days * DAY_MS
        self._checked_modes = np.array([SignMode[mode.upper()] for mode in contracts.checked_modes], dtype=np.int64)
        self._contracts, self._archived = self.tables["contracts"], self.tables["archived"]
        self.certificates = Certificates(
            self.tables["certificates"], self.tables["signatures"], contracts.certified, self.templates.digests
        )
        self.scans = Scans(self.tables["scans"], contracts.scan_workdays)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> ContractsSubsystem:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        overrides = setting.overrides
        return cls(
            load("contracts", ContractPolicy, overrides),
            load("products", ProductPolicy, overrides),
            load("admission", AdmissionPolicy, overrides),
            Agreed(load("repayment", RepaymentPolicy, overrides)),
        )

    # generation -------------------------------------------------------------------------------------------------------

    def approved(self, rows: Rows, out: Outbox) -> None:
        """CON-01: one contract for each approval."""
        electronic = self._products.electronic[rows["product"]]
        new = self._contracts.append(
            rows,
            state=ContractState.DRAFT,
            approved_fen=rows["amount_fen"],
            attempt=1,
            mode=np.where(electronic, int(SignMode.ELECTRONIC), int(SignMode.PAPER)),
        )
        self._generate(new, rows["at"], Event.CONTRACT_GENERATED, out, np.zeros(len(new), dtype=np.int64))

    def _generate(self, rows: Ints, at: Ints, event: Event, out: Outbox, reason: Ints) -> None:
        """CON-05: generated and offered when its elements hold, else blocked with the faulty elements named; `reason`: why it
        is made anew, 0 where it is not."""
        table = self._contracts
        expires = np.minimum(at + self._valid_ms, table["valid_until"][rows])
        table.put(rows, offered_at=at, expires_at=expires, checked_by=0)
        contracts = table.take(rows)
        faults = element_faults(contracts, self.templates.needed)
        whole = faults == 0
        MOVES.to(table, rows, np.where(whole, int(ContractState.GENERATED), int(ContractState.BLOCKED)))
        case, amount, attempt = contracts["case"], contracts["amount_fen"], contracts["attempt"]
        product = contracts["product"][whole]
        said = {"reason": reason[whole], "value": attempt[whole], "product": product}
        out.log(event, at[whole], case[whole], amount_fen=amount[whole], **said)
        blocked = ~whole
        out.log(
            Event.CONTRACT_BLOCKED,
            at[blocked],
            case[blocked],
            amount_fen=amount[blocked],
            reason=Refusal.CONTRACT_ELEMENT,
            value=faults[blocked],
        )
        offers = only(contracts, whole)
        offered = ContractOffered.carry(offers, at=at[whole], digest=self.certificates.offered(offers))
        out.send(ContractOffered, offered)

    # actions, one a case at a time --------------------------------------------------------------------------------------

    def sign(self, actions: Rows, out: Outbox) -> None:
        """CON-07, CON-18: confirmed by the customer, signed and sealed, effective, archived; disbursement takes over."""
        actions, found, contracts = self._met(Action.SIGN, actions, out)
        if not len(actions):
            return
        for state in SIGNING:
            MOVES.to(self._contracts, found, state)
        at, case, amount = actions["at"], contracts["case"], contracts["amount_fen"]
        steps: list[tuple[Event, Actor, Ints]] = [
            (Event.CONTRACT_CONFIRMED, Actor.CUSTOMER, actions["confirmed_at"]),
            (Event.CONTRACT_SIGNED, Actor.CUSTOMER, actions["mode"]),
            (Event.CONTRACT_EFFECTIVE, Actor.SYSTEM, contracts["attempt"]),
            (Event.CONTRACT_ARCHIVED, Actor.SYSTEM, contracts["attempt"]),
        ]
        for event, actor, value in steps:
            out.log(event, at, case, actor=actor, amount_fen=amount, value=value, product=contracts["product"])
        out.send(ContractEffective, ContractEffective.carry(contracts, at=at, signed_at=at, mode=actions["mode"]))
        self.note("certified", self.certificates.keep(actions, out))
        self.note("signed", invariants.signed(contracts, actions))
        mode, confirmed_at, person = (actions[name] for name in ("mode", "confirmed_at", "person"))
        self._archived.append(contracts, mode=mode, confirmed_at=confirmed_at, signed_at=at, person=person)
        self.scans.want(contracts, actions["mode"], at, out)
        self._contracts.drop(found)

    def check_terms(self, actions: Rows, out: Outbox) -> None:
        """CON-11: amount, term and rate as somebody has read them in the contract are those approved, or it is blocked."""
        actions, found, contracts = self._met(Action.CHECK, actions, out)
        reason, bits = rules.differences(actions, contracts)
        same, differs = reason == 0, reason != 0
        self._contracts.put(found[same], checked_by=actions["person"][same])
        self._tell(Event.CONTRACT_CHECKED, only(actions, same), only(contracts, same), 0, out)
        MOVES.to(self._contracts, found[differs], ContractState.BLOCKED)
        stopped = only(actions, differs)
        out.log(
            Event.CONTRACT_BLOCKED,
            stopped["at"],
            stopped["case"],
            actor=stopped["person"],
            amount_fen=contracts["amount_fen"][differs],
            reason=reason[differs],
            value=bits[differs],
            product=contracts["product"][differs],
        )

    def certify(self, actions: Rows, out: Outbox) -> None:
        """CON-09: the authority has issued a certificate to a customer."""
        self._refuse(Action.CERTIFY, self.certificates.issue(actions, out), int(Refusal.CERTIFICATE_FAULTY), out)

    def revoke(self, actions: Rows, out: Outbox) -> None:
        """CON-09: it has revoked one."""
        self._refuse(Action.CERTIFY, self.certificates.revoke(actions, out), int(Refusal.CERTIFICATE_FAULTY), out)

    def scanned(self, actions: Rows, out: Outbox) -> None:
        """CON-08: the scan of a paper contract is filed beside its text."""
        refused, reasons = self.scans.take(actions, out)
        self._refuse(Action.SCAN, refused, reasons, out)

    def change(self, actions: Rows, out: Outbox) -> None:
        """CON-16: the contract is withdrawn (撤销合同) and the application goes back to approval with the new wish."""
        actions, found, contracts = self._met(Action.CHANGE, actions, out)
        MOVES.to(self._contracts, found, ContractState.WITHDRAWN)
        out.log(
            Event.CONTRACT_WITHDRAWN,
            actions["at"],
            contracts["case"],
            actor=Actor.CUSTOMER,
            amount_fen=actions["amount_fen"],
            reason=actions["reason"],
            value=actions["term_months"],
        )
        mail = ContractWithdrawn.carry(
            contracts,
            at=actions["at"],
            amount_fen=actions["amount_fen"],
            term_months=actions["term_months"],
            reason=actions["reason"],
            previous_fen=contracts["approved_fen"],
        )
        out.send(ContractWithdrawn, mail)
        self._contracts.drop(found)

    def renew(self, actions: Rows, out: Outbox) -> None:
        """CON-15: generated anew, under the next number."""
        actions, found, _ = self._met(Action.RENEW, actions, out)
        self._contracts.add(found, attempt=1)
        self._generate(found, actions["at"], Event.CONTRACT_REGENERATED, out, actions["reason"])

    def send_back(self, actions: Rows, out: Outbox) -> None:
        """CON-12, CON-17: something in it is wrong, so it is returned for revision and generated anew, under the next number."""
        actions, found, contracts = self._met(Action.SEND_BACK, actions, out)
        self._tell(Event.CONTRACT_RETURNED, actions, contracts, actions["reason"], out)
        MOVES.to(self._contracts, found, ContractState.DRAFT)
        self._contracts.add(found, attempt=1)
        self._generate(found, actions["at"], Event.CONTRACT_REGENERATED, out, actions["reason"])

    def cancel(self, actions: Rows, out: Outbox) -> None:
        """CON-14, CON-17: the customer is no longer who the contract says; the case ends, and he applies anew."""
        actions, found, contracts = self._met(Action.CANCEL, actions, out)
        self._tell(Event.CONTRACT_CANCELLED, actions, contracts, actions["reason"], out)
        MOVES.to(self._contracts, found, ContractState.WITHDRAWN)
        self._contracts.drop(found)

    def _tell(self, event: Event, actions: Rows, contracts: Rows, reason: Ints | int, out: Outbox) -> None:
        out.log(
            event,
            actions["at"],
            contracts["case"],
            actor=actions["person"],
            amount_fen=contracts["amount_fen"],
            reason=reason,
            value=contracts["attempt"],
            product=contracts["product"],
        )

    def _met(self, action: Action, actions: Rows, out: Outbox) -> tuple[Rows, Ints, Rows]:
        """The actions that their contracts allow, with row numbers and rows of those contracts; the others are refused."""
        found = self._contracts.find(actions["case"])
        known = found >= 0
        self._refuse(action, actions[~known], int(Refusal.CONTRACT_STATE), out)
        actions, found = only(actions, known), only(found, known)
        self._expire_before(actions, found, out)
        contracts = self._contracts.take(found)
        faults = rules.action_faults(action, actions, contracts)
        if action is Action.SIGN:
            faults = np.where(faults == 0, rules.signature_faults(actions, contracts), faults)
            faults = np.where(faults == 0, rules.check_faults(actions, contracts, self._checked_modes), faults)
            faults = np.where(faults == 0, self.certificates.faults(actions, contracts), faults)
        if action is Action.CHECK:
            faults = np.where(faults == 0, rules.person_faults(actions), faults)
        if action is Action.CHANGE:
            faults = np.where(faults == 0, rules.change_faults(actions, contracts, self._products), faults)
        if action is Action.RENEW:
            faults = np.where(faults == 0, rules.renewal_faults(actions), faults)
        if action in _REASONS:
            faults = np.where(faults == 0, rules.reason_faults(actions, _REASONS[action]), faults)
        good, bad = faults == 0, faults != 0
        self._refuse(action, actions[bad], faults[bad], out)
        return only(actions, good), only(found, good), only(contracts, good)

    def _refuse(self, action: Action, actions: Rows, reason: Ints | int, out: Outbox) -> None:
        actor = actions["person"] if action in _BY_STAFF else Actor.CUSTOMER
        self.refuse(actions, reason, out, actor=actor, value=action)

    # time -------------------------------------------------------------------------------------------------------------

    def end(self, out: Outbox) -> None:
        """CON-15: what was not signed in time is marked expired at its instant; what outlived its approval is dropped."""
        table, until = self._contracts, self.window.until
        generated = table["state"] == ContractState.GENERATED
        self._expire(true_rows(generated & (table["expires_at"] < until)), out)
        self._lapse(true_rows(table["valid_until"] < until), out)

    def end_day(self, out: Outbox) -> None:
        """Scans that are still missing are chased."""
        self.scans.end_day(self.window.until, out)

    def due(self) -> int:
        table = self._contracts
        generated = table["state"] == ContractState.GENERATED
        return min(table.least("expires_at", generated), table.least("valid_until"))

    def measure(self, until: int, out: Outbox) -> None:
        """Contracts waiting for a signature, by branch, product and state."""
        columns = (self._contracts[name] for name in ("branch", "product", "state", "amount_fen"))
        out.tally(Gauge.PENDING_CONTRACTS, until - 1, *columns)

    def _expire_before(self, actions: Rows, found: Ints, out: Outbox) -> None:
        """A contract whose time ran out earlier in this window is expired before the action meets it."""
        generated = self._contracts["state"][found] == ContractState.GENERATED
        late = generated & rules.has_expired(actions["at"], self._contracts["expires_at"][found])
        self._expire(found[late], out)

    def _expire(self, rows: Ints, out: Outbox) -> None:
        if not len(rows):
            return
        table = self._contracts
        MOVES.to(table, rows, ContractState.EXPIRED)
        out.log(
            Event.CONTRACT_EXPIRED,
            table["expires_at"][rows],
            table["case"][rows],
            amount_fen=table["amount_fen"][rows],
            value=table["attempt"][rows],
        )

    def _lapse(self, rows: Ints, out: Outbox) -> None:
        """The approval's own validity has passed: the case ends here."""
        if not len(rows):
            return
        table = self._contracts
        MOVES.to(table, rows, ContractState.LAPSED)
        out.log(
            Event.CONTRACT_WITHDRAWN,
            table["valid_until"][rows],
            table["case"][rows],
            amount_fen=table["amount_fen"][rows],
            reason=ApprovalRefusal.APPROVAL_EXPIRED,
        )
        out.log(
            Event.CONTRACT_LAPSED,
            table["valid_until"][rows],
            table["case"][rows],
            amount_fen=table["amount_fen"][rows],
            value=table["attempt"][rows],
        )
        table.drop(rows)

    # proof ------------------------------------------------------------------------------------------------------------

    def violations(self) -> list[str]:
        """Of the contracts kept, and of every one that became effective."""
        found = invariants.pending(self._contracts, self.window.until, self._valid_ms)
        found += self.scans.violations(self.window.until)
        for made in self.noted("certified"):
            found += self.certificates.violations(made)
        for signed in self.noted("signed"):
            found += invariants.effective(signed, self._checked_modes)
        return found

    def render(self, case: int, identity: Identity, own_words: str = "") -> tuple[str, str]:
        """Number and text of a contract that waits for its signature (待签署合同) or was signed (已归档), for viewing (CON-01,
        CON-18); `identity`: the register's word on its customer, `own_words`: the purpose that he wrote, where it is none of the
        policy's. Raises KeyError for a case without one."""
        for table in (self._contracts, self._archived):
            [found] = table.find([case]).tolist()
            if found >= 0:
                [row] = table.take(np.array([found]))
                text = self.templates.render(row, identity, int(row["expires_at"]), own_words)
                return self.templates.number(row), text
        raise KeyError(case)


build = ContractsSubsystem.build
