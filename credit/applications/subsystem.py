"""The application desk: takes forms, refuses what does not hold, declines who is not let in, gives customer numbers, asks the
risk lists, and hands the rest to scoring (APP-15 to APP-17). A form is dealt with in the order of the form's own checks, and
a refused or declined one leaves nothing behind but its events."""

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
from credit.applications.customers import Register
from credit.applications.forms import form_faults
from credit.applications.invariants import violations
from credit.applications.keys import codes_of, customer_keys
from credit.applications.lists import ListCopy, RiskLibrary
from credit.applications.purposes import Purposes
from credit.applications.rules import Desk, list_refusals
from credit.codes import Actor, Status
from credit.identifiers import ages_at
from credit.mail import Outbox
from credit.policies import ProductPolicy, load
from credit.policies.admission import AdmissionPolicy
from credit.room import Rows
from credit.rows import firsts, previous, waves
from credit.scoring.contract import ApplicationAccepted
from credit.subsystem import PLAIN, Setting, Subsystem, Takes
from credit.tally import Tally
from credit.times import DAY_MS, Ints

_MOBILE_PREFIX = 3


class ApplicationsSubsystem(Subsystem):
    """State: the register of customers, the list copy and the risk library, cases in review (held in the shape in which
    scoring will get them), and a tally a branch. Lists come before forms, so that a form of the same instant meets them."""

    room = room
    REFUSED = Event.MAIL_REFUSED
    HANDLERS = (
        Takes(FraudConfirmed, "fraud_confirmed"),
        Takes(RefreshRiskList, "refresh"),
        Takes(CustomerEnteredBusiness, "entered_business"),
        Takes(SubmitApplication, "submit"),
        Takes(ListReply, "list_reply"),
    )

    def __init__(self, admission: AdmissionPolicy, products: ProductPolicy) -> None:
        super().__init__()
        self.policy = admission
        self.desk = Desk(admission, products)
        self._purposes = Purposes(admission, products)
        self._tally = Tally(self.tables["counters"])
        self._register = Register(
            self.tables["people"], self.tables["customers"], self._tally, admission.recent_days * DAY_MS
        )
        self._copy = ListCopy(self.tables["copy"])
        self._library = RiskLibrary(self.tables["library"])
        self._pending = self.tables["pending"]

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> ApplicationsSubsystem:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        overrides = setting.overrides
        return cls(load("admission", AdmissionPolicy, overrides), load("products", ProductPolicy, overrides))

    # forms ------------------------------------------------------------------------------------------------------------

    def submit(self, forms: Rows, out: Outbox) -> None:
        """CUS-05, CUS-08, APP-15: checks every form in the order of its fields; then admission; then onboarding."""
        at, amount, case = forms["at"], forms["amount_fen"], self._tally.next_numbers("forms", forms["branch"])
        party, channel = forms["party"], forms["channel"]
        out.log(
            Event.APPLICATION_SUBMITTED,
            at,
            case,
            actor=Actor.CUSTOMER,
            amount_fen=amount,
            reason=channel,
            value=party,
            product=forms["product"],
        )
        age, purpose, keys = (
            ages_at(forms["id_number"], at // DAY_MS),
            self._purposes.codes(forms),
            customer_keys(forms),
        )
        declined = self.desk.admission_faults(forms, age)
        faults, documents = self._judge(forms, keys, age, purpose, declined)
        declined[faults != 0] = 0
        self._turn_away(forms, case, faults, Event.APPLICATION_REFUSED, "refused", out)
        self._turn_away(forms, case, declined, Event.CUSTOMER_DECLINED, "declined", out)
        ok = np.flatnonzero((faults == 0) & (declined == 0))
        facts = {"case": case, "age": age, "purpose": purpose, "documents": documents}
        self._onboard(forms[ok], keys[ok], {name: column[ok] for name, column in facts.items()}, out)

    def _judge(self, forms: Rows, keys: Ints, age: Ints, purpose: Ints, declined: Ints) -> tuple[Ints, Ints]:
        """Refusal codes, and the documents that count: with the form, and on file (APP-05). The forms of one person are
        judged one after the other, since a later one finds on file what an earlier one brought, if that was let in."""
        on_file, before = self._register.on_file(keys), previous(keys)
        faults, documents = np.zeros(len(forms), dtype=np.int64), forms["documents"].copy()
        for wave in waves(keys):
            later = wave[before[wave] >= 0]
            earlier = before[later]
            let_in = (faults[earlier] == 0) & (declined[earlier] == 0)
            on_file[later] = on_file[earlier] | np.where(let_in, documents[earlier], 0)
            documents[wave] |= on_file[wave] & self.desk.reused
            faults[wave] = form_faults(forms[wave], age[wave], purpose[wave], documents[wave], self.desk)
        return faults, documents

    def _turn_away(self, forms: Rows, case: Ints, codes: Ints, event: Event, tally: str, out: Outbox) -> None:
        """A form that goes no further: an event with the reason, nothing else."""
        rows = np.flatnonzero(codes)
        gone = forms[rows]
        out.log(event, gone["at"], case[rows], amount_fen=gone["amount_fen"], reason=codes[rows], value=gone["party"])
        self._tally.count(tally, gone["branch"])

    def _onboard(self, forms: Rows, keys: Ints, facts: dict[str, Ints], out: Outbox) -> None:
        """CUS-10: a customer number for each admitted person; then the internal library, then the outside lists (EXT-07: one
        query a case; the case waits)."""
        entries = self._register.onboard(forms, keys, facts["documents"])
        new = entries["created"] != 0
        out.log(Event.CUSTOMER_CREATED, forms["at"][new], facts["case"][new], value=entries["customer"][new])
        cases = ApplicationAccepted.carry(
            forms,
            **facts,
            **{
                name: entries[name]
                for name in ("customer", "recent_applications", "recent_channels", "amount_growth_ppm")
            },
            missing=self.desk.missing(forms["product"], facts["documents"]),
            existing=~new,
            id_valid=1,
            mobile_prefix=_prefixes(forms["mobile"]),
        )
        known_risk = self._library.holds(forms["branch"], forms["id_number"], forms["at"])
        self._intercept(cases[known_risk], forms["at"][known_risk], Refusal.LIST_INTERNAL, out)
        asked = cases[~known_risk]
        asked_at = asked["at"] + self.policy.form_ms
        self._pending.append(asked, deadline=asked_at + self.policy.list_wait_ms)
        query = ListQuery.carry(asked, at=asked_at)
        out.send(ListQuery, query)

    # lists ------------------------------------------------------------------------------------------------------------

    def list_reply(self, replies: Rows, out: Outbox) -> None:
        """EXT-07: an answer in time decides; where the port did not answer, the bank's own copy does."""
        rows = self._pending.find(replies["case"])
        in_time = (replies["at"] <= self._pending.get("deadline", rows, -1)) & firsts(replies["case"])
        self.refuse(replies[~in_time], 0, out, actor=Actor.PARTNER)
        replies, rows = replies[in_time], rows[in_time]
        own = self._own_lists(self._pending.take(rows), replies["at"])
        self._review(rows, replies["at"], np.where(replies["status"] == Status.OK, replies["lists"], own), out)

    def _own_lists(self, cases: Rows, at: Ints) -> Ints:
        return self._copy.lists(cases["branch"], cases["id_number"], at)

    def _review(self, rows: Ints, at: Ints, lists: Ints, out: Outbox) -> None:
        """APP-16: the automatic initial review ends; a hit intercepts at once, the rest is dispatched (APP-17)."""
        cases, reasons = self._pending.take(rows), list_refusals(lists)
        hit = reasons != 0
        self._intercept(cases[hit], at[hit], reasons[hit], out)
        self._dispatch(cases[~hit], at[~hit], out)
        self._pending.drop(rows)

    def _intercept(self, cases: Rows, at: Ints, reason: Ints | Refusal, out: Outbox) -> None:
        out.log(Event.APPLICATION_INTERCEPTED, at, cases["case"], reason=reason)
        self._tally.count("intercepted", cases["branch"])

    def _dispatch(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """APP-17: to a team by product, amount and risk; on to scoring."""
        case, product, amount = cases["case"], cases["product"], cases["amount_fen"]
        risk = self.desk.risk_level(amount, cases["recent_applications"], cases["existing"])
        team = self.desk.teams(product, amount, risk)
        out.log(Event.APPLICATION_ACCEPTED, at, case, amount_fen=amount, value=product)
        out.log(Event.APPLICATION_DISPATCHED, at, case, amount_fen=amount, value=team)
        self._tally.count("accepted", cases["branch"])
        out.send(ApplicationAccepted, ApplicationAccepted.carry(cases, at=at))

    def refresh(self, rows: Rows, out: Outbox) -> None:
        """EXT-07: the bank's own copy of the lists follows their owners."""
        self._copy.refresh(rows)
        out.log(Event.LIST_REFRESHED, rows["at"], 0, actor=Actor.PARTNER, value=rows["entry"])

    # late mail --------------------------------------------------------------------------------------------------------

    def fraud_confirmed(self, rows: Rows, out: Outbox) -> None:  # noqa: ARG002
        """EXT-08: the internal risk library grows."""
        self._library.enter(rows)

    def entered_business(self, rows: Rows, out: Outbox) -> None:
        """CUS-11: the first completed piece of business makes a customer formal."""
        changed, known = self._register.make_formal(rows["customer"])
        first = rows[changed]
        out.log(Event.CUSTOMER_FORMAL, first["at"], first["case"], value=first["customer"])
        self.refuse(rows[~known], 0, out, actor=Actor.PARTNER)

    # time and proof ---------------------------------------------------------------------------------------------------

    def end(self, out: Outbox) -> None:
        """List queries that have run out of time are answered by the bank's own copy, at their deadline."""
        late = np.flatnonzero(self._pending["deadline"] < self.window.until)
        if len(late):
            deadline = self._pending["deadline"][late]
            self._review(late, deadline, self._own_lists(self._pending.take(late), deadline), out)

    def end_day(self, out: Outbox) -> None:  # noqa: ARG002
        """Entries that have long left the lists are forgotten."""
        self._copy.forget(self.window.start - DAY_MS)

    def violations(self) -> list[str]:
        """Of forms, customers and cases in review."""
        return violations(self._tally, self._register, self._pending, self.window.until)


def _prefixes(mobiles: npt.NDArray[np.generic]) -> Ints:
    """The first three digits of checked mobile numbers."""
    digits = codes_of(mobiles)[:, :_MOBILE_PREFIX].astype(np.int64) - ord("0")
    return np.asarray(digits @ np.array([100, 10, 1]))


build = ApplicationsSubsystem.build
