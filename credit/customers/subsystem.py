"""Customers: one room for the whole bank, in which a person is one person at whatever branch he applies. It looks for the papers
that are on file, declines who is not let in, gives customer numbers, asks the risk lists, and hands the rest to scoring (APP-10,
APP-16, APP-17). A refused or declined form leaves nothing behind but its events."""

from __future__ import annotations

import numpy as np

from credit.appeals.contract import EntryMade
from credit.applications.contract import Event as ApplicationEvent
from credit.codes import Actor, Status, Uploads
from credit.customers import invariants
from credit.customers.contract import (
    CaseText,
    ChangeContact,
    CustomerEnteredBusiness,
    DecideLibraryChange,
    Detail,
    EnterCustomer,
    Event,
    FileMaterial,
    FormChecked,
    FraudConfirmed,
    HandInMaterials,
    ListQuery,
    ListReply,
    ProposeLibraryChange,
    RefreshRiskList,
    Refusal,
    RiskEntryRemoved,
    SupplementAsked,
    room,
)
from credit.customers.entry import entry_faults
from credit.customers.keys import customer_keys, id_keys
from credit.customers.lists import ListCopy, RiskLibrary
from credit.customers.materials import Materials
from credit.customers.proposals import Proposals
from credit.customers.register import Register
from credit.customers.risk_library import LibraryKeeper
from credit.customers.rules import Admission, contact_faults, list_refusals
from credit.customers.supplements import Supplements
from credit.mail import Outbox
from credit.masks import any_of, true_rows
from credit.policies import ProductPolicy, load
from credit.policies.admission import AdmissionPolicy
from credit.policies.forms import OWN
from credit.policies.materials import MaterialPolicy
from credit.profile import TOLD_APART, Identity
from credit.room import EventCode, Rows
from credit.rows import first_fault, firsts, only, previous, waves
from credit.scoring.contract import ApplicationAccepted
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.tally import Tally
from credit.texts import Field, Texts, present
from credit.times import DAY_MS, Bools, Ints


class CustomersSubsystem(Subsystem):
    """State: the register with its texts, the list copy and the risk library, forms that wait for their materials, cases sent
    back for supplements, the files that came, cases in review (held in the shape in which scoring will get them), and a tally a
    branch. Lists come before forms, so that a form of the same instant meets them."""

    room = room
    cut_free = True
    REFUSED = Event.MAIL_REFUSED
    HANDLERS = (
        Takes(FraudConfirmed, "fraud_confirmed"),
        Takes(RiskEntryRemoved, "keeper.remove"),
        Takes(ProposeLibraryChange, "proposals.propose"),
        Takes(DecideLibraryChange, "proposals.decide"),
        Takes(RefreshRiskList, "refresh"),
        Takes(CustomerEnteredBusiness, "entered_business"),
        Takes(SupplementAsked, "supplements.ask"),
        Takes(EnterCustomer, "enter"),
        Takes(CaseText, "texts"),
        Takes(FormChecked, "checked"),
        Together("case", (Takes(FileMaterial, "file_material"), Takes(HandInMaterials, "hand_in"))),
        Takes(ListReply, "list_reply"),
        Together("customer", (Takes(ChangeContact, "change_contact"),)),
    )

    def __init__(self, policy: AdmissionPolicy, products: ProductPolicy, materials: MaterialPolicy) -> None:
        super().__init__()
        self.policy = policy
        self._admission = Admission(policy, products)
        self._tally = Tally(self.tables["tally"])
        self._texts = Texts(self.tables["texts"])
        self._register = Register(
            self.tables["people"], self.tables["customers"], self._texts, policy.recent_days * DAY_MS
        )
        self._copy = ListCopy(self.tables["copy"])
        self._library = RiskLibrary(self.tables["library"])
        self.keeper = LibraryKeeper(self._library, self._register, self.tables["tally"])
        waiting, counter = self.tables["proposals"], self.tables["proposed"]
        self.proposals = Proposals(
            waiting, counter, self._library, self.keeper, self._register, policy.entry_reason_min
        )
        self._pending, self._details = self.tables["pending"], self.tables["details"]
        self.materials = Materials(materials, self.tables["waiting"], self.tables["files"])
        self.supplements = Supplements(self.tables["supplements"], self.materials)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> CustomersSubsystem:
        """The room under the packaged policies, with a scenario's overrides laid over them."""
        overrides = setting.overrides
        return cls(
            load("admission", AdmissionPolicy, overrides),
            load("products", ProductPolicy, overrides),
            load("materials", MaterialPolicy, overrides),
        )

    # who knows -------------------------------------------------------------------------------------------------------

    def identity(self, customer: int) -> Identity:
        """Who a customer is. KeyError for a number that was never given."""
        return self._register.identity(customer)

    def text(self, case: int, field: Field) -> str:
        """A text of a case that is kept: what it is for in the applicant's own words, his remark, his address, a long name."""
        return self._texts.of(case, field)

    # entered without an application -----------------------------------------------------------------------------------

    def enter(self, rows: Rows, out: Outbox) -> None:
        """CUS-05: a new customer by a form of his own. Who is known already, by whatever door he came, gets no second number."""
        keys = customer_keys(rows)
        known = (self._register.find(keys) >= 0) | ~firsts(keys)
        faults = first_fault(
            (np.ones(len(rows), dtype=bool), entry_faults(rows, self.policy)), (known, Refusal.CUSTOMER_KNOWN)
        )
        good, bad = faults == 0, rows[faults != 0]
        held = self._register.customers.get("customer", self._register.find(keys))[~good]
        out.log(Event.ENTRY_REFUSED, bad["at"], 0, actor=bad["person"], reason=faults[~good], value=held)
        out.answer(bad, reason=faults[~good])
        new = only(rows, good)
        numbers = self._register.enter(new, keys[good])
        out.log(Event.CUSTOMER_ENTERED, new["at"], 0, actor=new["person"], value=numbers)
        out.answer(new, number=numbers)

    # forms ------------------------------------------------------------------------------------------------------------

    def texts(self, rows: Rows, out: Outbox) -> None:  # noqa: ARG002
        """Texts of the forms that come with them."""
        self._texts.add(rows)

    def checked(self, forms: Rows, out: Outbox) -> None:
        """APP-10, CUS-04: the papers, with those on file; then admission; then onboarding. Who uploads his papers afterwards
        is admitted first."""
        self._tally.count("forms", forms["branch"])
        keys, declined = customer_keys(forms), self._admission.faults(forms)
        refused, documents = self._papers(forms, keys, declined)
        uploads = forms["uploads"] != Uploads.NONE
        refused[uploads] = 0
        declined[refused != 0] = 0
        self._turn_away(forms, refused, ApplicationEvent.APPLICATION_REFUSED, "refused", out)
        self._name_missing(forms[refused != 0], documents[refused != 0], out)
        self._turn_away(forms, declined, Event.CUSTOMER_DECLINED, "declined", out)
        ok = (refused == 0) & (declined == 0)
        self._texts.drop(forms["case"][~ok])
        if any_of(waits := ok & uploads):
            self._await(forms[waits], out)
        ok &= ~uploads
        self._onboard(forms[ok], keys[ok], documents[ok], out)

    def _papers(self, forms: Rows, keys: Ints, declined: Ints) -> tuple[Ints, Ints]:
        """Refusal codes, and the documents that count: with the form, and on file (APP-05). The forms of one person are
        looked at one after the other, since a later one finds on file what an earlier one brought, if that was let in."""
        on_file, before = self._register.on_file(keys), previous(keys)
        reused = np.where(forms["uploads"] == Uploads.ALONE, 0, self._admission.reused)
        refused, documents = np.zeros(len(forms), dtype=np.int64), forms["documents"].copy()
        for wave in waves(keys):
            later = wave[before[wave] >= 0]
            earlier = before[later]
            let_in = (refused[earlier] == 0) & (declined[earlier] == 0)
            on_file[later] = on_file[earlier] | np.where(let_in, documents[earlier], 0)
            documents[wave] |= on_file[wave] & reused[wave]
            enough = self._admission.has_required(forms[wave], documents[wave])
            refused[wave] = np.where(enough, 0, int(Refusal.DOCUMENT_MISSING))
        return refused, documents

    def _turn_away(self, forms: Rows, codes: Ints, event: EventCode, tally: str, out: Outbox) -> None:
        """A form that goes no further: an event with the reason, nothing else."""
        gone, reason = forms[codes != 0], codes[codes != 0]
        amount, party = gone["amount_fen"], gone["party"]
        out.log(event, gone["at"], gone["case"], amount_fen=amount, reason=reason, value=party, product=gone["product"])
        self._tally.count(tally, gone["branch"])

    def _name_missing(self, forms: Rows, documents: Ints, out: Outbox) -> None:
        """CUS-01: which materials of the list that his segment and his product have somebody lacks."""
        lacks, reason = self._admission.must_come(forms) & ~documents, Refusal.DOCUMENT_MISSING
        product = forms["product"]
        out.log(Event.MATERIAL_REFUSED, forms["at"], forms["case"], reason=reason, value=lacks, product=product)

    def _onboard(self, forms: Rows, keys: Ints, documents: Ints, out: Outbox) -> None:
        """CUS-10: a customer number for each admitted person; then the internal library, then the outside lists (EXT-07: one
        query a case; the case waits)."""
        if not len(forms):
            return
        person = id_keys(forms["id_number"])
        entries = self._register.onboard(forms, keys, person, documents)
        new = entries["created"] != 0
        created = forms[new]
        out.log(
            Event.CUSTOMER_CREATED,
            created["at"],
            created["case"],
            value=entries["customer"][new],
            product=created["product"],
        )
        self._tell_renamed(forms, entries, out)
        if any_of(given := any_given(forms)):
            self._details.append(forms[given])
        said = ("customer", "recent_applications", "recent_channels", "amount_growth_ppm", *TOLD_APART.split())
        cases = ApplicationAccepted.carry(
            forms,
            documents=documents,
            missing=self._admission.missing(forms["product"], documents),
            existing=entries["existing"],
            team=0,
            applied_at=forms["at"],
            **{name: entries[name] for name in said},
        )
        own, signer = self._library.case_of(keys, forms["at"]), self._library.case_of(person, forms["at"])
        entered = np.where(own > 0, own, signer)
        risky = entered > 0
        self._intercept(cases[risky], forms["at"][risky], Refusal.LIST_INTERNAL, out, entered[risky])
        asked = cases[~risky]
        asked_at = asked["at"] + self.policy.form_ms
        self._pending.append(asked, person=person[~risky], deadline=asked_at + self.policy.list_wait_ms)
        query = ListQuery.carry(asked, at=asked_at)
        out.send(ListQuery, query)

    def _tell_renamed(self, forms: Rows, entries: Rows, out: Outbox) -> None:
        """CUS-10: another name under a known ID number is taken over from a form that somebody answers for, since people change
        their names; where nobody does, the file stays as it was. Either is told, for somebody else may have given the number."""
        alone = forms["uploads"] == Uploads.ALONE
        for event, where in ((Event.NAME_CHANGED, ~alone), (Event.NAME_DIFFERS, alone)):
            told = (entries["renamed"] != 0) & where
            if any_of(told):
                of, whose = forms[told], entries["customer"][told]
                out.log(event, of["at"], of["case"], value=whose, product=of["product"])

    # materials --------------------------------------------------------------------------------------------------------

    def _await(self, forms: Rows, out: Outbox) -> None:
        """APP-10: the form waits until what is required has been uploaded."""
        self.materials.waiting.append(forms, expires_at=self.materials.expire_at(forms["at"]))
        required = self._admission.must_come(forms)
        out.log(Event.MATERIALS_AWAITED, forms["at"], forms["case"], value=required, product=forms["product"])

    def file_material(self, uploads: Rows, out: Outbox) -> None:
        """APP-11 to APP-13: a file counts, or is refused with its reason and has to be uploaded again."""
        faults = self.material_faults(uploads)
        good, bad = only(uploads, faults == 0), faults != 0
        self._refuse_material(uploads[bad], faults[bad], uploads["material"][bad], out)
        self.materials.file(good)
        said = {"reason": good["format"], "value": good["material"]}
        out.log(Event.MATERIAL_FILED, good["at"], good["case"], actor=Actor.CUSTOMER, **said)

    def material_faults(self, uploads: Rows) -> Ints:
        """Why each of some FileMaterial rows, at most one a case, does not count; 0 where it does."""
        rows, waits = self._that_wait(uploads)
        of_case, supplements = self.supplements.waiting(uploads)
        product, segment = (
            np.where(waits, self.materials.waiting.get(name, rows), self.supplements.cases.get(name, of_case))
            for name in ("product", "segment")
        )
        is_open = waits | supplements
        asked = np.where(is_open, self._admission.asked(product, segment), 0)
        return np.where(is_open, self.materials.faults(uploads, asked), int(Refusal.MATERIALS_CLOSED))

    def hand_in(self, words: Rows, out: Outbox) -> None:
        """A form's materials, or a case's supplements, are all there, it is said."""
        rows, waits = self._that_wait(words)
        of_case, supplements = self.supplements.waiting(words)
        self._refuse_material(words[~waits & ~supplements], Refusal.MATERIALS_CLOSED, 0, out)
        self._hand_in_supplements(only(words, supplements), only(of_case, supplements), out)
        self._hand_in_form(only(words, waits), only(rows, waits), out)

    def _hand_in_supplements(self, words: Rows, rows: Ints, out: Outbox) -> None:
        """APP-19: what was named and has not come keeps the case waiting; complete, it goes on in approval."""
        missing = self.supplements.lacking(self.supplements.cases.take(rows))
        lacks = missing != 0
        self._refuse_material(words[lacks], Refusal.DOCUMENT_MISSING, missing[lacks], out)
        self.supplements.hand_in(only(words, ~lacks), only(rows, ~lacks), out)

    def _hand_in_form(self, words: Rows, rows: Ints, out: Outbox) -> None:
        """APP-10: a required material that is missing blocks the application; complete, it goes the way of all others."""
        forms = self.materials.waiting.take(rows)
        forms["at"] = words["at"]
        refused, missing = self.papers_of(forms)
        keys, ok, lacking = customer_keys(forms), refused == 0, refused != 0
        self._refuse_material(words[lacking], refused[lacking], missing[lacking], out)
        complete = forms[ok]
        out.log(
            Event.MATERIALS_COMPLETE,
            complete["at"],
            complete["case"],
            value=complete["documents"],
            product=complete["product"],
        )
        self.note("handed in", complete)
        self.materials.waiting.drop(rows[ok])
        self._onboard(complete, keys[ok], complete["documents"], out)

    def papers_of(self, forms: Rows) -> tuple[Ints, Ints]:
        """Why each of some waiting forms can't be handed in yet, 0 where it can, and the materials (bits) that it lacks. Adds to
        its `documents` what was uploaded and what is on file."""
        forms["documents"] |= self.materials.of(forms["case"])
        refused, documents = self._papers(forms, customer_keys(forms), np.zeros(len(forms), dtype=np.int64))
        forms["documents"] = documents
        return refused, self._admission.must_come(forms) & ~documents

    def _that_wait(self, words: Rows) -> tuple[Ints, Bools]:
        """The rows of the forms that commands speak of, and where those wait for materials."""
        rows = self.materials.waiting.find(words["case"])
        return rows, (rows >= 0) & (words["at"] < self.materials.waiting.get("expires_at", rows))

    def _refuse_material(self, words: Rows, reason: Ints | Refusal, value: Ints | int, out: Outbox) -> None:
        out.log(Event.MATERIAL_REFUSED, words["at"], words["case"], reason=reason, value=value)
        out.answer(words, reason=reason)

    def _close_waiting(self, out: Outbox) -> None:
        """What did not come in time closes the application."""
        rows = true_rows(self.materials.waiting["expires_at"] < self.window.until)
        if len(rows):
            gone = self.materials.waiting.take(rows)
            gone["at"] = gone["expires_at"]
            self.materials.waiting.drop(rows)
            self.materials.forget(gone["case"])
            self._texts.drop(gone["case"])
            reason = np.full(len(gone), int(Refusal.DOCUMENT_MISSING))
            self._turn_away(gone, reason, Event.MATERIALS_OVERDUE, "refused", out)

    # lists ------------------------------------------------------------------------------------------------------------

    def list_reply(self, replies: Rows, out: Outbox) -> None:
        """EXT-07: an answer in time decides; where the port did not answer, the bank's own copy does."""
        rows = self._pending.find(replies["case"])
        in_time = (replies["at"] <= self._pending.get("deadline", rows, -1)) & firsts(replies["case"])
        self.refuse(replies[~in_time], 0, out, actor=Actor.PARTNER)
        replies, rows = replies[in_time], rows[in_time]
        lists, silent = replies["lists"].copy(), replies["status"] != Status.OK
        if any_of(silent):
            lists[silent] = self._own_lists(rows[silent], replies["at"][silent])
        self._review(rows, replies["at"], lists, out)

    def _own_lists(self, rows: Ints, at: Ints) -> Ints:
        """What the bank's own copy says of cases in review."""
        return self._copy.lists(self._pending["person"][rows], at)

    def _review(self, rows: Ints, at: Ints, lists: Ints, out: Outbox) -> None:
        """APP-16: the automatic initial review ends; a hit intercepts at once, the rest is dispatched (APP-17)."""
        cases, reasons = self._pending.take(rows), list_refusals(lists)
        hit = reasons != 0
        self._intercept(cases[hit], at[hit], reasons[hit], out)
        self._dispatch(cases[~hit], at[~hit], out)
        self._pending.drop(rows)

    def _intercept(self, cases: Rows, at: Ints, reason: Ints | Refusal, out: Outbox, entered: Ints | int = 0) -> None:
        """`entered`: the application that the entry in the risk library rests on, against which an appeal is made (EXT-09)."""
        said = {"reason": reason, "value": entered, "product": cases["product"]}
        out.log(Event.APPLICATION_INTERCEPTED, at, cases["case"], **said)
        self._tally.count("intercepted", cases["branch"])

    def _dispatch(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """APP-17: to a team by product, amount and risk; on to scoring."""
        case, product, amount = cases["case"], cases["product"], cases["amount_fen"]
        risk = self._admission.risk_level(amount, cases["recent_applications"], cases["existing"])
        team = self._admission.teams(product, amount, risk)
        out.log(Event.APPLICATION_ACCEPTED, at, case, amount_fen=amount, value=product, product=product)
        out.log(Event.APPLICATION_DISPATCHED, at, case, amount_fen=amount, value=team, product=product)
        self._tally.count("accepted", cases["branch"])
        out.send(ApplicationAccepted, ApplicationAccepted.carry(cases, at=at, team=team))

    def refresh(self, rows: Rows, out: Outbox) -> None:
        """EXT-07: the bank's own copy of the lists follows their owners."""
        faults = self._copy.refresh(rows)
        who = np.where(rows["person"] > 0, rows["person"], int(Actor.PARTNER))
        for event, mine in ((Event.LIST_REFRESHED, faults == 0), (Event.LIST_REFUSED, faults != 0)):
            said = {"actor": who[mine], "reason": faults[mine], "value": rows["entry"][mine]}
            out.log(event, rows["at"][mine], 0, **said)
        out.answer(rows[faults != 0], reason=faults[faults != 0])

    # late mail --------------------------------------------------------------------------------------------------------

    def fraud_confirmed(self, rows: Rows, out: Outbox) -> None:
        """EXT-08: the internal risk library grows by the customer and by the person who signed for him."""
        known = self.keeper.known(rows)
        self.refuse(rows[~known], 0, out, actor=Actor.PARTNER)
        self.keeper.enter(EntryMade.carry(rows[known]), out)

    def entered_business(self, rows: Rows, out: Outbox) -> None:
        """CUS-11: the first completed piece of business makes a customer formal."""
        changed, known = self._register.make_formal(rows["customer"])
        first = rows[changed]
        out.log(Event.CUSTOMER_FORMAL, first["at"], first["case"], value=first["customer"], product=first["product"])
        self.refuse(rows[~known], 0, out, actor=Actor.PARTNER)

    def change_contact(self, rows: Rows, out: Outbox) -> None:
        """CON-13: information is updated, and nothing else: whatever contract there is stands."""
        known = self._register.customers.find(rows["customer"]) >= 0
        faults = contact_faults(rows)
        faults = np.where(known, faults, int(Refusal.CUSTOMER_UNKNOWN))
        good, bad = only(rows, faults == 0), rows[faults != 0]
        wrong = faults[faults != 0]
        said = {"actor": bad["person"], "value": bad["customer"]}
        out.log(Event.CONTACT_REFUSED, bad["at"], bad["case"], reason=wrong, **said)
        out.answer(bad, reason=wrong)
        for detail in Detail:
            column = detail.name.lower()
            given = good[present(good[column])]
            self._register.change_contact(column, given)
            said = {"actor": given["person"], "value": given["customer"], "reason": int(detail)}
            out.log(Event.CONTACT_CHANGED, given["at"], given["case"], **said)

    # time and proof ---------------------------------------------------------------------------------------------------

    def end(self, out: Outbox) -> None:
        """List queries that have run out of time are answered by the bank's own copy, at their deadline; forms whose materials
        have not come are closed at theirs."""
        self._close_waiting(out)
        self.supplements.close(self.window.until, out)
        late = true_rows(self._pending["deadline"] < self.window.until)
        if len(late):
            deadline = self._pending["deadline"][late]
            self._review(late, deadline, self._own_lists(late, deadline), out)

    def end_day(self, out: Outbox) -> None:  # noqa: ARG002
        """Entries that have long left the lists are forgotten."""
        self._copy.forget(self.window.start - DAY_MS)
        self._library.forget(self.window.start - DAY_MS)

    def due(self) -> int:
        return min(
            self._pending.least("deadline"),
            *(table.least("expires_at") for table in (self.materials.waiting, self.supplements.cases)),
        )

    def violations(self) -> list[str]:
        """Of forms, customers, cases in review, and of every form whose materials were handed in."""
        waiting, files, policy = self.materials.waiting, self.materials.files, self.materials.policy
        found = invariants.violations(self._tally, self._register, self._pending, waiting, self.window.until)
        found += invariants.nobody_waits_past("expires_at", self.supplements.cases, self.window.until)
        found += invariants.files_within(files, policy.file_bytes_max, policy.total_bytes_max)
        for handed_in in self.noted("handed in"):
            found += invariants.were_complete(handed_in, self._admission.products)
        return found


def any_given(forms: Rows) -> Bools:
    """Which forms say something in the fields of their product's own form."""
    given: Bools = np.logical_or.reduce([present(forms[name]) for name in OWN])
    return given


build = CustomersSubsystem.build
