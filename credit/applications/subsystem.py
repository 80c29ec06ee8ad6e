"""The application desk: takes forms, refuses what does not hold, declines who is not let in, gives customer numbers, asks the
risk lists, and hands the rest to scoring (APP-15 to APP-17). Its rule: a form is dealt with in the order of the form's own
checks, and a refused or declined one leaves nothing behind but its events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.applications.contract import (
    CustomerEnteredBusiness,
    Event,
    FraudConfirmed,
    ListQuery,
    ListReply,
    RefreshRiskList,
    Refusal,
    SubmitApplication,
    room,
)
from credit.applications.counters import Counters
from credit.applications.customers import Onboarded, Register
from credit.applications.forms import form_faults
from credit.applications.invariants import violations
from credit.applications.keys import codes_of, customer_keys
from credit.applications.lists import ListCopy, RiskLibrary
from credit.applications.purposes import Purposes
from credit.applications.rules import Desk, list_refusals
from credit.codes import Actor, Status
from credit.identifiers import ages_at
from credit.mail import Inbox, Outbox
from credit.policies import Overrides, ProductPolicy, load
from credit.policies.admission import AdmissionPolicy
from credit.room import Rows
from credit.rows import firsts, previous
from credit.scoring.contract import ApplicationAccepted
from credit.subsystem import Setting, State, Window
from credit.table import Table
from credit.times import DAY_MS, Ints

_MOBILE_PREFIX = 3
_FORMS = [(name, ApplicationAccepted.dtype[name]) for name in ApplicationAccepted.dtype.names or ()]
_PENDING = " ".join(f"{name}:U{form.itemsize // 4}" if form.kind == "U" else name for name, form in _FORMS)
"""A case in review is held in the shape in which scoring will get it."""


class ApplicationsSubsystem:
    """State: the register of customers, the list copy and the risk library, cases in review, and a tally a branch."""

    room = room

    def __init__(self, admission: AdmissionPolicy, products: ProductPolicy) -> None:
        self.policy = admission
        self.desk = Desk(admission, products)
        self._purposes = Purposes(admission, products)
        self._counters = Counters()
        self._register = Register(self._counters, self.desk.recent_ms)
        self._copy = ListCopy()
        self._library = RiskLibrary()
        self._pending = Table(f"{_PENDING} deadline", "case")
        self._until = 0

    @classmethod
    def build(cls, overrides: Overrides | None = None) -> ApplicationsSubsystem:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        return cls(load("admission", AdmissionPolicy, overrides), load("products", ProductPolicy, overrides))

    def open(self, window: Window, out: Outbox) -> None:
        """Nothing here begins by itself."""

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:  # noqa: ARG002
        """Mail from outside, from the list port, and late mail from other stages. Lists first, so that a form of the same
        instant meets them."""
        self._fraud_confirmed(inbox.take(FraudConfirmed))
        self._refresh(inbox.take(RefreshRiskList), out)
        self._entered_business(inbox.take(CustomerEnteredBusiness), out)
        self._submit(inbox.take(SubmitApplication), out)
        self._list_reply(inbox.take(ListReply), out)

    def close(self, window: Window, out: Outbox) -> None:
        """List queries that have run out of time are answered by the bank's own copy, at their deadline."""
        self._until = window.until
        late = np.flatnonzero(self._pending["deadline"] < window.until)
        if len(late):
            cases = self._pending.take(late)
            self._review(cases, cases["deadline"], self._own_lists(cases, cases["deadline"]), out)
        if window.ends_day:
            self._copy.forget(window.start - DAY_MS)

    def check(self) -> list[str]:
        """Violated invariants."""
        return violations(self._counters, self._register, self._pending, self._until)

    def export_state(self) -> State:
        return {
            "counters": self._counters.export(),
            "copy": self._copy.entries.export(),
            "library": self._library.people.export(),
            "pending": self._pending.export(),
            **self._register.export_state(),
        }

    def import_state(self, state: State) -> None:
        self._counters.load(state["counters"])
        self._copy.entries.load(state["copy"])
        self._library.people.load(state["library"])
        self._pending.load(state["pending"])
        self._register.import_state(state)

    # forms ------------------------------------------------------------------------------------------------------------
    def _submit(self, forms: Rows, out: Outbox) -> None:
        """CUS-05, CUS-08, APP-15: checks every form in the order of its fields; then admission; then onboarding."""
        if not len(forms):
            return
        case = self._counters.next_numbers("forms", forms["branch"])
        at, amount = forms["at"], forms["amount_fen"]
        out.log(
            Event.APPLICATION_SUBMITTED,
            at,
            case,
            actor=Actor.CUSTOMER,
            amount_fen=amount,
            reason=forms["channel"],
            value=forms["party"],
        )
        age, purpose = ages_at(forms["id_number"], at // DAY_MS), self._purposes.codes(forms)
        keys = customer_keys(forms)
        rows = self._register.find(keys)
        declined = self.desk.admission_faults(forms, age)
        faults, documents = self._judge(forms, keys, self._register.on_file(rows), age, purpose, declined)
        declined[faults != 0] = 0
        self._turn_away(forms, case, faults, Event.APPLICATION_REFUSED, "refused", out)
        self._turn_away(forms, case, declined, Event.CUSTOMER_DECLINED, "declined", out)
        ok = np.flatnonzero((faults == 0) & (declined == 0))
        facts = {"case": case, "age": age, "purpose": purpose, "documents": documents}
        self._onboard(forms[ok], keys[ok], rows[ok], {name: column[ok] for name, column in facts.items()}, out)

    def _judge(
        self, forms: Rows, keys: Ints, on_file: Ints, age: Ints, purpose: Ints, declined: Ints
    ) -> tuple[Ints, Ints]:
        """Refusal codes, and the documents that count: with the form, and on file (APP-05). Of several forms of one person
        in a batch, the later ones find on file what the earlier ones brought, if those were let in."""
        documents = forms["documents"] | (on_file & self.desk.reused)
        faults = form_faults(forms, age, purpose, documents, self.desk)
        before = previous(keys)
        for row in np.flatnonzero(before >= 0).tolist():
            earlier = before[row]
            if faults[earlier] == 0 and declined[earlier] == 0:
                on_file[row] = on_file[earlier] | documents[earlier]
            else:
                on_file[row] = on_file[earlier]
            found = int(on_file[row]) & self.desk.reused & ~int(documents[row])
            if found:
                documents[row] |= found
                one = slice(row, row + 1)
                faults[one] = form_faults(forms[one], age[one], purpose[one], documents[one], self.desk)
        return faults, documents

    def _turn_away(self, forms: Rows, case: Ints, codes: Ints, event: Event, tally: str, out: Outbox) -> None:
        """A form that goes no further: an event with the reason, nothing else."""
        rows = np.flatnonzero(codes)
        out.log(
            event,
            forms["at"][rows],
            case[rows],
            amount_fen=forms["amount_fen"][rows],
            reason=codes[rows],
            value=forms["party"][rows],
        )
        self._counters.count(tally, forms["branch"][rows])

    def _onboard(self, forms: Rows, keys: Ints, rows: Ints, facts: dict[str, Ints], out: Outbox) -> None:
        """CUS-10: a customer number for each admitted person; then the internal library, then the outside lists."""
        entry = self._register.onboard(forms, keys, rows, facts["documents"])
        new = np.flatnonzero(entry.created)
        out.log(Event.CUSTOMER_CREATED, forms["at"][new], facts["case"][new], value=entry.customer[new])
        known_risk = self._library.holds(forms["branch"], forms["id_number"], forms["at"])
        if bool(known_risk.any()):
            self._intercept(
                forms["at"][known_risk],
                facts["case"][known_risk],
                forms["branch"][known_risk],
                Refusal.LIST_INTERNAL,
                out,
            )
        self._ask_lists(forms, facts, entry, np.flatnonzero(~known_risk), out)

    def _ask_lists(self, forms: Rows, facts: dict[str, Ints], entry: Onboarded, rows: Ints, out: Outbox) -> None:
        """EXT-07: one query a case; the case waits."""
        chosen = forms[rows]
        asked_at = chosen["at"] + self.policy.form_ms
        pending = {name: column[rows] for name, column in facts.items()}
        pending |= {
            "customer": entry.customer[rows],
            "missing": self.desk.missing(chosen["product"], facts["documents"][rows]),
            "recent_applications": entry.recent_applications[rows],
            "recent_channels": entry.recent_channels[rows],
            "amount_growth_ppm": entry.amount_growth_ppm[rows],
            "existing": 1 - entry.created[rows],
            "mobile_prefix": _prefixes(chosen["mobile"]),
            "deadline": asked_at + self.policy.list_wait_ms,
        }
        self._pending.append(chosen, None, id_valid=1, **pending)
        out.send(ListQuery, ListQuery.carry(chosen, at=asked_at, case=pending["case"]))

    # lists ------------------------------------------------------------------------------------------------------------
    def _list_reply(self, replies: Rows, out: Outbox) -> None:
        """EXT-07: an answer in time decides; where the port did not answer, the bank's own copy does."""
        if not len(replies):
            return
        rows = self._pending.find(replies["case"])
        in_time = (rows >= 0) & (replies["at"] <= self._pending_deadlines(rows)) & firsts(replies["case"])
        self._refuse_mail(replies[~in_time], out)
        replies = replies[in_time]
        cases = self._pending.take(rows[in_time])
        lists = np.where(replies["status"] == Status.OK, replies["lists"], 0)
        silent = np.flatnonzero(replies["status"] != Status.OK)
        if len(silent):
            lists[silent] = self._own_lists(cases[silent], replies["at"][silent])
        self._review(cases, replies["at"], lists, out)

    def _pending_deadlines(self, rows: Ints) -> Ints:
        if not len(self._pending):
            return np.zeros(len(rows), dtype=np.int64)
        return np.where(rows >= 0, self._pending["deadline"][rows], -1)

    def _own_lists(self, cases: Rows, at: Ints) -> Ints:
        return self._copy.lists(cases["branch"], cases["id_number"], at)

    def _review(self, cases: Rows, at: Ints, lists: Ints, out: Outbox) -> None:
        """APP-16: the automatic initial review ends; a hit intercepts at once, the rest is dispatched (APP-17)."""
        reasons = list_refusals(lists)
        hit = reasons != 0
        if bool(hit.any()):
            self._intercept(at[hit], cases["case"][hit], cases["branch"][hit], reasons[hit], out)
        self._dispatch(cases[~hit], at[~hit], out)
        keep = np.ones(len(self._pending), dtype=bool)
        keep[self._pending.find(cases["case"])] = False
        self._pending.keep(keep)

    def _intercept(self, at: Ints, case: Ints, branch: Ints, reason: Ints | Refusal, out: Outbox) -> None:
        out.log(Event.APPLICATION_INTERCEPTED, at, case, reason=reason)
        self._counters.count("intercepted", branch)

    def _dispatch(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """APP-17: to a team by product, amount and risk; on to scoring."""
        risk = self.desk.risk_level(cases["amount_fen"], cases["recent_applications"], cases["existing"])
        team = self.desk.teams(cases["product"], cases["amount_fen"], risk)
        out.log(Event.APPLICATION_ACCEPTED, at, cases["case"], amount_fen=cases["amount_fen"], value=cases["product"])
        out.log(Event.APPLICATION_DISPATCHED, at, cases["case"], amount_fen=cases["amount_fen"], value=team)
        self._counters.count("accepted", cases["branch"])
        out.send(ApplicationAccepted, ApplicationAccepted.carry(cases, at=at))

    def _refresh(self, rows: Rows, out: Outbox) -> None:
        if len(rows):
            self._copy.refresh(rows)
            out.log(Event.LIST_REFRESHED, rows["at"], 0, actor=Actor.PARTNER, value=rows["entry"])

    # late mail --------------------------------------------------------------------------------------------------------
    def _fraud_confirmed(self, rows: Rows) -> None:
        """EXT-08: the internal risk library grows."""
        if len(rows):
            self._library.enter(rows)

    def _entered_business(self, rows: Rows, out: Outbox) -> None:
        """CUS-11: the first completed piece of business makes a customer formal."""
        if not len(rows):
            return
        changed, unknown = self._register.make_formal(rows["customer"])
        first = rows[changed == 1]
        out.log(Event.CUSTOMER_FORMAL, first["at"], first["case"], value=first["customer"])
        self._refuse_mail(rows[unknown == 1], out)

    def _refuse_mail(self, rows: Rows, out: Outbox) -> None:
        """An answer or a notice that fits no open case or customer."""
        out.log(Event.MAIL_REFUSED, rows["at"], rows["case"], actor=Actor.PARTNER)


def _prefixes(mobiles: npt.NDArray[np.generic]) -> Ints:
    """The first three digits of checked mobile numbers."""
    digits = codes_of(mobiles)[:, :_MOBILE_PREFIX].astype(np.int64) - ord("0")
    return np.asarray(digits @ np.array([100, 10, 1]))


def build(setting: Setting) -> ApplicationsSubsystem:
    """The room under a setting."""
    return ApplicationsSubsystem.build(setting.overrides)
