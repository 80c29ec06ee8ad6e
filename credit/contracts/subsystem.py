"""Contracts: from an approval to a signed contract (CON-01 to CON-16). A contract is generated from the approval, its elements
checked, offered to the customer, and signed within three days, or it expires and must be generated again; a customer who
wants another amount or term goes back to approval. Its rule: what isn't allowed in a contract's state is refused with a
reason, and time alone expires a contract, to the millisecond."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import ContractWithdrawn
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Actor
from credit.contracts import invariants, rules
from credit.contracts.contract import (
    ApplicationApproved,
    ContractChangeRequested,
    ContractOffered,
    ContractRenewalRequested,
    ContractSigned,
    Event,
    Gauge,
    Refusal,
    room,
)
from credit.contracts.elements import element_faults
from credit.contracts.states import Action, ContractState, SignMode
from credit.contracts.templates import Templates
from credit.disbursement.contract import ContractEffective
from credit.mail import Inbox, Outbox
from credit.policies import Overrides, ProductPolicy, columns_of, load
from credit.policies.admission import AdmissionPolicy
from credit.policies.contracts import ContractPolicy
from credit.profile import TERMS
from credit.room import Kind, Rows
from credit.rows import only, passes
from credit.subsystem import Setting, State, Window
from credit.table import Table
from credit.times import DAY_MS, Ints

ATTEMPTS_A_ROUND = 100
"""Attempts are numbered round × 100 + 1, 2, 3 …, so no two contracts of a case share a number."""

_ACTION = np.dtype(
    [(n, "i8") for n in "at case action attempt mode confirmed_at amount_fen term_months reason".split()]
)
_ACTIONS: dict[Kind, Action] = {
    ContractSigned: Action.SIGN,
    ContractChangeRequested: Action.CHANGE,
    ContractRenewalRequested: Action.RENEW,
}
_SIGNED = np.dtype(
    [(n, "i8") for n in "case offered_at expires_at confirmed_at signed_at amount_fen approved_fen".split()]
)


class ContractsSubsystem:
    """State: contracts not yet signed."""

    room = room

    def __init__(self, contracts: ContractPolicy, products: ProductPolicy, admission: AdmissionPolicy) -> None:
        self.policy = contracts
        self.templates = Templates(contracts, products, {p.code: p.key for p in admission.purposes})
        self._products = columns_of(products)
        self._valid_ms = contracts.valid_days * DAY_MS
        self._contracts = Table(f"{TERMS} state attempt offered_at expires_at mode approved_fen", "case")
        self._signed: list[Rows] = []
        self._until = 0

    @classmethod
    def build(cls, overrides: Overrides | None = None) -> ContractsSubsystem:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        return cls(
            load("contracts", ContractPolicy, overrides),
            load("products", ProductPolicy, overrides),
            load("admission", AdmissionPolicy, overrides),
        )

    def open(self, window: Window, out: Outbox) -> None:  # noqa: ARG002
        """Nothing here begins by itself."""
        self._signed = []

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:  # noqa: ARG002
        """Approvals, then customers' actions in time order."""
        self._approved(inbox.take(ApplicationApproved), out)
        self._actions(_merged(inbox), out)

    def close(self, window: Window, out: Outbox) -> None:
        """CON-15: what was not signed in time is marked expired at its instant; what outlived its approval is dropped."""
        self._until = window.until
        table = self._contracts
        generated = table["state"] == ContractState.GENERATED
        self._expire(np.flatnonzero(generated & (table["expires_at"] < window.until)), out)
        self._lapse(np.flatnonzero(table["valid_until"] < window.until), out)
        if window.ends_day:
            self._measure(window, out)

    def check(self) -> list[str]:
        """Violated invariants."""
        found = invariants.pending(self._contracts, self._until, self._valid_ms)
        for signed in self._signed:
            found += invariants.effective(signed)
        return found

    def export_state(self) -> State:
        return {"contracts": self._contracts.export()}

    def import_state(self, state: State) -> None:
        self._contracts.load(state["contracts"])

    def render(self, case: int) -> str:
        """The text of a pending contract (待签署合同), for viewing (CON-01). Raises KeyError for a case without one."""
        [found] = self._contracts.find([case]).tolist()
        if found < 0:
            raise KeyError(case)
        [row] = self._contracts.take(np.array([found]))
        return self.templates.render(row, int(row["expires_at"]), int(row["attempt"]))

    # generation -------------------------------------------------------------------------------------------------------
    def _approved(self, rows: Rows, out: Outbox) -> None:
        """CON-01: one contract for each approval."""
        if not len(rows):
            return
        electronic = self._products.electronic[rows["product"]]
        new = self._contracts.append(
            rows,
            approved_fen=rows["amount_fen"],
            attempt=rows["round"] * ATTEMPTS_A_ROUND + 1,
            mode=np.where(electronic, int(SignMode.ELECTRONIC), int(SignMode.PAPER)),
        )
        self._generate(new, rows["at"], Event.CONTRACT_GENERATED, out)

    def _generate(self, rows: Ints, at: Ints, event: Event, out: Outbox) -> None:
        """CON-05: generated and offered when its elements hold, else blocked with the faulty elements named."""
        table, contracts = self._contracts, self._contracts.take(rows)
        faults = element_faults(contracts, self.templates.needed)
        whole = faults == 0
        expires = np.minimum(at + self._valid_ms, contracts["valid_until"])
        table["state"][rows] = np.where(whole, int(ContractState.GENERATED), int(ContractState.BLOCKED))
        table["offered_at"][rows], table["expires_at"][rows] = at, expires
        case, amount, attempt = contracts["case"], contracts["amount_fen"], contracts["attempt"]
        out.log(event, at[whole], case[whole], amount_fen=amount[whole], value=attempt[whole])
        out.log(
            Event.CONTRACT_BLOCKED,
            at[~whole],
            case[~whole],
            amount_fen=amount[~whole],
            reason=Refusal.CONTRACT_ELEMENT,
            value=faults[~whole],
        )
        offered = ContractOffered.carry(only(contracts, whole), at=at[whole], expires_at=expires[whole])
        out.send(ContractOffered, offered)

    # actions ----------------------------------------------------------------------------------------------------------
    def _actions(self, actions: Rows, out: Outbox) -> None:
        """In time order; a second action on the same contract is looked at after the first."""
        for batch in passes(actions, "case"):
            self._act(batch, out)

    def _act(self, actions: Rows, out: Outbox) -> None:
        found = self._contracts.find(actions["case"])
        known = found >= 0
        self._refuse(actions[~known], np.full(int((~known).sum()), int(Refusal.CONTRACT_STATE)), out)
        actions, found = only(actions, known), only(found, known)
        self._expire_before(actions, found, out)
        contracts = self._contracts.take(found)
        faults = rules.action_faults(actions, contracts)
        for more in (
            rules.signature_faults(actions, contracts),
            rules.change_faults(actions, contracts, self._products),
        ):
            faults = np.where(faults == 0, more, faults)
        self._refuse(actions[faults > 0], faults[faults > 0], out)
        good = {action: (faults == 0) & (actions["action"] == action) for action in Action}
        self._renew(only(actions, good[Action.RENEW]), found[good[Action.RENEW]], out)
        self._sign(only(actions, good[Action.SIGN]), only(contracts, good[Action.SIGN]), out)
        self._withdraw(only(actions, good[Action.CHANGE]), only(contracts, good[Action.CHANGE]), out)
        self._drop(found[good[Action.SIGN] | good[Action.CHANGE]])

    def _expire_before(self, actions: Rows, found: Ints, out: Outbox) -> None:
        """A contract whose time ran out earlier in this window is expired before the action meets it."""
        generated = self._contracts["state"][found] == ContractState.GENERATED
        late = generated & rules.has_expired(actions["at"], self._contracts["expires_at"][found])
        self._expire(found[late], out)

    def _sign(self, actions: Rows, contracts: Rows, out: Outbox) -> None:
        """CON-07: confirmed by the customer, signed and sealed, effective, archived; disbursement takes over."""
        if not len(actions):
            return
        at, case, amount = actions["at"], contracts["case"], contracts["amount_fen"]
        steps: list[tuple[Event, Actor, Ints]] = [
            (Event.CONTRACT_CONFIRMED, Actor.CUSTOMER, actions["confirmed_at"]),
            (Event.CONTRACT_SIGNED, Actor.CUSTOMER, actions["mode"]),
            (Event.CONTRACT_EFFECTIVE, Actor.SYSTEM, contracts["attempt"]),
            (Event.CONTRACT_ARCHIVED, Actor.SYSTEM, contracts["attempt"]),
        ]
        for event, actor, value in steps:
            out.log(event, at, case, actor=actor, amount_fen=amount, value=value)
        out.send(ContractEffective, ContractEffective.carry(contracts, at=at, signed_at=at, mode=actions["mode"]))
        witness = np.zeros(len(actions), dtype=_SIGNED)
        for name in ("case", "offered_at", "expires_at", "amount_fen", "approved_fen"):
            witness[name] = contracts[name]
        witness["confirmed_at"], witness["signed_at"] = actions["confirmed_at"], at
        self._signed.append(witness)

    def _withdraw(self, actions: Rows, contracts: Rows, out: Outbox) -> None:
        """CON-16: the contract is withdrawn (撤销合同) and the application goes back to approval with the new wish."""
        if not len(actions):
            return
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

    def _renew(self, actions: Rows, found: Ints, out: Outbox) -> None:
        """CON-15: generated anew, under the next number."""
        if len(actions):
            self._contracts["attempt"][found] += 1
            self._generate(found, actions["at"], Event.CONTRACT_REGENERATED, out)

    def _refuse(self, actions: Rows, reason: Ints, out: Outbox) -> None:
        out.log(
            Event.CONTRACT_ACTION_REFUSED,
            actions["at"],
            actions["case"],
            actor=Actor.CUSTOMER,
            reason=reason,
            value=actions["action"],
        )

    # time -------------------------------------------------------------------------------------------------------------
    def _expire(self, rows: Ints, out: Outbox) -> None:
        table = self._contracts
        table["state"][rows] = ContractState.EXPIRED
        out.log(
            Event.CONTRACT_EXPIRED,
            table["expires_at"][rows],
            table["case"][rows],
            amount_fen=table["amount_fen"][rows],
            value=table["attempt"][rows],
        )

    def _lapse(self, rows: Ints, out: Outbox) -> None:
        """The approval's own validity has passed: the case ends here."""
        table = self._contracts
        out.log(
            Event.CONTRACT_WITHDRAWN,
            table["valid_until"][rows],
            table["case"][rows],
            amount_fen=table["amount_fen"][rows],
            reason=ApprovalRefusal.APPROVAL_EXPIRED,
        )
        self._drop(rows)

    def _drop(self, rows: Ints) -> None:
        if len(rows):
            staying = np.ones(len(self._contracts), dtype=bool)
            staying[rows] = False
            self._contracts.keep(staying)

    def _measure(self, window: Window, out: Outbox) -> None:
        """Contracts waiting for a signature, by branch, product and state."""
        columns = (self._contracts[name] for name in ("branch", "product", "state", "amount_fen"))
        out.tally(Gauge.PENDING_CONTRACTS, window.until - 1, *columns)


def _merged(inbox: Inbox) -> Rows:
    """All actions of an inbox as one array in the order of time; at one instant signatures come first."""
    parts = []
    for kind, action in _ACTIONS.items():
        rows = inbox.take(kind)
        if len(rows):
            part = np.zeros(len(rows), dtype=_ACTION)
            for name in rows.dtype.names or ():
                part[name] = rows[name]
            part["action"] = action
            parts.append(part)
    if not parts:
        return np.zeros(0, dtype=_ACTION)
    merged = np.concatenate(parts)
    return merged[np.lexsort((merged["attempt"], merged["action"], merged["case"], merged["at"]))]


def build(setting: Setting) -> ContractsSubsystem:
    """The room under a setting."""
    return ContractsSubsystem.build(setting.overrides)
