"""The application desk of a branch: gives a form its number, refuses it where something is missing or wrong (CUS-05, CUS-08,
APP-15), and hands on what holds. Whose form it is, is no question here. A refused form leaves nothing behind but its events."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Event, FormText, Refusal, SubmitApplication, room
from credit.applications.forms import FormChecks
from credit.applications.purposes import Purposes
from credit.applications.texts import Beside
from credit.codes import Actor
from credit.customers.contract import CaseText, FormChecked
from credit.identifiers import ages_at
from credit.mail import Outbox
from credit.masks import any_of, true_rows
from credit.policies import ProductPolicy, load
from credit.policies.admission import AdmissionPolicy
from credit.room import Rows
from credit.rows import only
from credit.subsystem import PLAIN, Setting, Subsystem, Takes
from credit.tally import Tally
from credit.texts import Field
from credit.times import DAY_MS, NEVER, Bools, Ints

OF_RANGE = (Refusal.AMOUNT_RANGE, Refusal.AMOUNT_BEYOND, Refusal.TERM_OPTION, Refusal.TERM_BEYOND)
"""Refusals after which the applicant is told his range."""


class ApplicationsSubsystem(Subsystem):
    """State: a tally a branch."""

    room = room
    cut_free = True
    REFUSED = Event.TEXT_REFUSED
    HANDLERS = (Takes(FormText, "texts"), Takes(SubmitApplication, "submit"))

    def __init__(self, admission: AdmissionPolicy, products: ProductPolicy) -> None:
        super().__init__()
        self.policy = admission
        self._checks = FormChecks(admission, products)
        self._purposes = Purposes(admission, products)
        self._tally = Tally(self.tables["counters"])
        self._texts = FormText.empty()

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> ApplicationsSubsystem:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        overrides = setting.overrides
        return cls(load("admission", AdmissionPolicy, overrides), load("products", ProductPolicy, overrides))

    def texts(self, rows: Rows, out: Outbox) -> None:  # noqa: ARG002
        """Texts that are longer than a form's column come with their form."""
        self._texts = rows

    def submit(self, forms: Rows, out: Outbox) -> None:
        """Numbers every form and checks it in the order of its fields; each fault is shown (CUS-08)."""
        at, party, amount = forms["at"], forms["party"], forms["amount_fen"]
        case = self._tally.next_numbers("forms", forms["branch"])
        channel, staff = forms["channel"], forms["begun_by"]
        out.log(
            Event.APPLICATION_SUBMITTED,
            at,
            case,
            actor=np.where(staff > 0, staff, int(Actor.CUSTOMER)),
            amount_fen=amount,
            reason=channel,
            value=party,
            product=forms["product"],
        )
        seen = forms[forms["attested"] != 0]
        seen_case = case[forms["attested"] != 0]
        out.log(Event.DOCUMENTS_ATTESTED, seen["at"], seen_case, actor=seen["attested"], value=seen["documents"])
        beside, self._texts = Beside(forms, self._texts), FormText.empty()
        age, purpose = ages_at(forms["id_number"], at // DAY_MS), beside.purposes(forms, self._purposes)
        found = self._checks.faults(forms, age, purpose, beside)
        faults, (also, further) = found.codes, found.further()
        ok, bad = faults == 0, faults != 0
        for event, which, codes in (
            (Event.APPLICATION_REFUSED, true_rows(bad), faults[bad]),
            (Event.FAULT_SHOWN, also, further),
        ):
            out.log(
                event,
                at[which],
                case[which],
                amount_fen=amount[which],
                reason=codes,
                value=party[which],
                product=forms["product"][which],
            )
        self._name_range(forms, case, found.of(OF_RANGE), age, out)
        self._name_details(forms, case, found.own, out)
        out.answer(forms, number=case, reason=faults)
        for name, chosen in (("refused", bad), ("checked", ok)):
            self._tally.count(name, forms["branch"][chosen])
        names = np.where(beside.length(Field.NAME) > 0, "", forms["name"])
        good = only(forms, ok)
        checked = FormChecked.carry(good, case=case[ok], age=age[ok], purpose=purpose[ok], name=names[ok])
        out.send(FormChecked, checked)
        for rows in beside.kept(forms, case, purpose, ok):
            out.send(CaseText, rows)
        self._refuse_texts(beside.without_form, out)

    def _name_range(self, forms: Rows, case: Ints, where: Bools, age: Ints, out: Outbox) -> None:
        """APP-07: who asked for what lies outside is told what he may ask for."""
        if not any_of(where):
            return
        forms, case = forms[where], case[where]
        mine = self._checks.range_of(forms, age[where])
        said = {"amount_fen": mine.most_fen, "value": mine.longest_months, "product": forms["product"]}
        out.log(Event.RANGE_SHOWN, forms["at"], case, **said)

    def _name_details(self, forms: Rows, case: Ints, own: Ints, out: Outbox) -> None:
        """PRD-08: which field of the product's form is wrong, by its place."""
        rows, place = own.nonzero()
        if not len(rows):
            return
        said = {"reason": own[rows, place], "value": place + 1, "product": forms["product"][rows]}
        out.log(Event.DETAIL_REFUSED, forms["at"][rows], case[rows], **said)

    def follow(self, out: Outbox) -> None:
        """A text whose form is not among the forms of its instant has no effect."""
        self._refuse_texts(self._texts, out)
        self._texts = FormText.empty()

    def _refuse_texts(self, rows: Rows, out: Outbox) -> None:
        out.log(self.REFUSED, rows["at"], 0, actor=Actor.CUSTOMER, value=rows["party"])

    def due(self) -> int:
        return NEVER

    def violations(self) -> list[str]:
        """Every form is refused or handed on."""
        found = self._tally.imbalances("forms", "refused checked", np.zeros(0, dtype=np.int64))
        return [f"branch {branch}: {forms} forms but {fates} fates" for branch, forms, fates in found]


build = ApplicationsSubsystem.build
