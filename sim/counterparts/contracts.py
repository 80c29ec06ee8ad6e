"""The world opposite contracts: customers who sign within minutes on the phone or come to the counter days later, forget
about it, ask for a new contract, or want another amount; and the counter, which checks what is to be signed on paper. All of
it is keyed by application, round and attempt and drawn when the offer arrives, so luck is new with every contract."""

from __future__ import annotations

import numpy as np

from credit.approval.deadlines import WorkingTime
from credit.calendar import is_workday
from credit.codes import FileFormat, Segment
from credit.contracts.contract import (
    CertificateIssued,
    CertificateRevoked,
    ChangeReason,
    ContractChangeRequested,
    ContractChecked,
    ContractOffered,
    ContractRenewalRequested,
    ContractReturned,
    ContractScanned,
    ContractSigned,
    RenewalReason,
    ReturnReason,
    ScanWanted,
)
from credit.contracts.states import SignMode
from credit.mail import Inbox
from credit.masks import all_of
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.approval import ApprovalPolicy
from credit.policies.contracts import ContractPolicy
from credit.room import Kind, Rows
from credit.rows import among
from credit.subsystem import State, Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Bools, Ints
from scenarios.model import Scenario
from sim.curves import lognormal
from sim.held import Held
from sim.occasions import party_of
from sim.opposite import Opposite, World
from sim.population.forms import counter_clerk
from sim.randomness import PPM, Draws
from sim.staff.managers import Managers
from sim.truth import Truth

_STEP_FEN = 100_000
_POINT_PPM = 10_000
"""A percentage point."""
_SOONEST_MS = 30 * SECOND_MS
_LONGEST_MS = 400 * DAY_MS
_KEPT_LEAST, _KEPT_SPAN = 700_000, 250_000
_RENEWALS_MAX = 3
_RETURN_MS = 10 * MINUTE_MS
"""From a check that fails to the return of its contract."""
_MISPRINTS = (
    ("amount_fen", 10, ReturnReason.AMOUNT_WRONG),
    ("term_months", 2, ReturnReason.TERM_WRONG),
    ("rate_ppm", 10, ReturnReason.RATE_WRONG),
)
"""What a wrong contract says: column, how many times what was approved, why it is returned."""
_CERTIFICATE_MS, _RENEWED_MS = DAY_MS, 15 * MINUTE_MS
"""How long a certificate for one signing (事件型证书) is valid, and how long it takes to get another one."""
_SERIALS_A_CASE = 100_000
_CHASES = 12
"""Nobody forgets a scan so often."""
_PAGES, _PAGE_BYTES = 4, 60_000
_OCCASIONS_A_ROUND = 100
"""Room for a round's attempts in the keys of luck; nobody reads a key back."""


class ContractsCounterpart:
    """Customers with a contract to sign. Keeps nothing but actions that are still to come."""

    rounds = 1

    def __init__(self, scenario: Scenario, seed: int, truth: Truth | None = None) -> None:
        products = load("products", ProductPolicy, scenario.policies)
        hours = load("approval", ApprovalPolicy, scenario.policies).working_minutes
        behaviour = scenario.behaviour
        self._behaviour, self._truth = behaviour, truth or Truth(seed, scenario)
        self._columns = columns_of(products)
        self._counter = WorkingTime(hours, is_workday)
        spread = behaviour.sign_spread_ppm
        self._electronic = lognormal(behaviour.electronic_sign_median_minutes * MINUTE_MS, spread, 1, _LONGEST_MS)
        self._paper = lognormal(behaviour.paper_sign_median_hours * HOUR_MS, spread, 1, _LONGEST_MS)
        self._check = lognormal(behaviour.check_median_minutes * MINUTE_MS, spread, 1, _LONGEST_MS)
        self._scan = lognormal(behaviour.scan_median_minutes * MINUTE_MS, spread, 1, _LONGEST_MS)
        self._managers = Managers(scenario, seed)
        policy = load("contracts", ContractPolicy, scenario.policies)
        self._certified = policy.certified
        self._checked = [SignMode[mode.upper()] for mode in policy.checked_modes]
        names = (
            "fate",
            "leave",
            "delay",
            "late",
            "renew",
            "renew_at",
            "share",
            "scan",
            "forgets",
            "check",
            "wrong",
            "which",
            "certificate",
        )
        self._draws = Draws(seed, "contract", names)
        script = self._truth.people.script
        self._scripted = len(script)
        self._scripted_ms = script.column(lambda one: one.sign_after_minutes * MINUTE_MS)
        self._held = Held()

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """What customers do in this window."""
        del round_number
        offers = requests.take(ContractOffered)
        if len(offers):
            self._receive(offers)
        wanted = requests.take(ScanWanted)
        if len(wanted):
            self._scanned(wanted)
        return self._held.release(window)

    def due(self) -> int:
        return self._held.due()

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        """Customers keep no figures."""
        del window, closing
        return {}

    def export_state(self) -> State:
        return self._held.export_state()

    def import_state(self, state: State) -> None:
        self._held.import_state(state)

    def _receive(self, offers: Rows) -> None:
        """Each offer that is found right meets its fate: signed, changed, abandoned or come for too late."""
        wrong, checked_at = self._check_terms(offers)
        offers, checked_at = offers[~wrong], checked_at[~wrong]
        about, occasion = offers["party"], _occasion(offers)
        scripted = party_of(about) <= self._scripted
        sign_at = self._sign_at(offers, checked_at)
        fate = self._draws["fate"].ppm(about, occasion)
        forgets = ~scripted & (fate < self._behaviour.abandon_ppm)
        leaves = ~scripted & ~forgets & self._draws["leave"].happens(self._leave_ppm(offers), about, offers["round"])
        abandons = forgets | leaves
        changes = ~scripted & ~abandons & (offers["round"] == 0) & (offers["attempt"] == 1)
        changes &= fate < self._behaviour.abandon_ppm + self._behaviour.change_request_ppm
        in_time = sign_at < offers["expires_at"]
        signs = ~abandons & ~changes
        self._sign(offers[signs & in_time], sign_at[signs & in_time])
        self._change(offers[changes], np.maximum(self._wished_at(offers, sign_at), checked_at + 1)[changes])
        late = signs & ~in_time & self._draws["late"].happens(self._behaviour.late_sign_ppm, about, occasion)
        self._sign(offers[late], sign_at[late])
        missed = abandons | (signs & ~in_time)
        asks = np.where(abandons, self._behaviour.renew_ppm, self._behaviour.late_renew_ppm)
        asks[leaves] = 0
        self._renew(offers[missed], asks[missed], np.where(abandons, 0, sign_at)[missed])

    def _leave_ppm(self, offers: Rows) -> Ints:
        """CUS-02: a micro customer leaves an offer that is dear, or for which he has waited too long; others do not mind."""
        behaviour = self._behaviour
        dear = (
            np.maximum(offers["rate_ppm"] - behaviour.micro_rate_from_ppm, 0)
            * behaviour.micro_rate_leave_ppm
            // _POINT_PPM
        )
        waited = (offers["at"] - offers["applied_at"]) // DAY_MS - behaviour.micro_wait_from_days
        late = np.maximum(waited, 0) * behaviour.micro_wait_leave_ppm
        return np.where(offers["segment"] == Segment.MICRO, np.minimum(dear + late, PPM), 0)

    def _sign_at(self, offers: Rows, checked_at: Ints) -> Ints:
        """Electronic: any hour. Paper: once it was checked, in the counter's hours, on a day on which a customer manager of the
        branch is there."""
        about, occasion, at = offers["party"], _occasion(offers), offers["at"]
        electronic = offers["mode"] == SignMode.ELECTRONIC
        online = self._draws["delay"].quantile(self._electronic, about, occasion)
        patience = self._truth.patience_ppm(party_of(about))
        online = np.clip(online // 1_000 * (patience // 1_000), _SOONEST_MS, _LONGEST_MS)
        sign_at = at + online
        if not all_of(electronic):
            spent = np.maximum(self._draws["delay"].quantile(self._paper, about, occasion), _SOONEST_MS)
            visit = np.maximum(self._counter.add(at, spent), self._counter.add(checked_at + 1, _SOONEST_MS))
            visit, _ = self._managers.attended(offers["branch"], party_of(about), visit)
            sign_at = np.where(electronic, sign_at, visit)
        party = party_of(about)
        scripted = party <= self._scripted
        after = self._scripted_ms[np.where(scripted, party, 0)]
        return np.where(scripted, at + np.maximum(after, 1), sign_at)

    def _sign(self, offers: Rows, sign_at: Ints) -> None:
        """Read and confirmed first, then signed; on paper both on one visit, before a customer manager of the branch."""
        confirmed, paper = self._confirmed(offers, sign_at), offers["mode"] == SignMode.PAPER
        _, manager = self._managers.attended(offers["branch"], party_of(offers["party"]), sign_at)
        signed = ContractSigned.carry(offers, at=sign_at, confirmed_at=confirmed, person=np.where(paper, manager, 0))
        by_certificate = ~paper & self._certified
        self._certify(offers[by_certificate], signed, by_certificate)
        self._held.put(ContractSigned, signed)

    def _certify(self, offers: Rows, signed: Rows, mine: Bools) -> None:
        """The authority issues a certificate to each who signs by one, once he has read the contract; who signs by one that has
        expired or was revoked is refused, gets another one and signs again."""
        made = signed[mine]
        fate = self._draws["certificate"].ppm(offers["party"], _occasion(offers))
        fate = np.where(party_of(offers["party"]) <= self._scripted, PPM, fate)
        lapsed = fate < self._behaviour.certificate_lapsed_ppm
        revoked = ~lapsed & (fate < self._behaviour.certificate_lapsed_ppm + self._behaviour.certificate_revoked_ppm)
        until = np.where(lapsed, made["at"], made["at"] + _CERTIFICATE_MS)
        made["serial"] = self._issue(offers, 0, made["confirmed_at"], until)
        signed["serial"][mine] = made["serial"]
        self._held.put(CertificateRevoked, CertificateRevoked.carry(made[revoked], at=made["at"][revoked] - 1))
        again, whose = made[lapsed | revoked], offers[lapsed | revoked]
        again["at"] += _RENEWED_MS
        again["serial"] = self._issue(whose, 1, again["at"] - 1, again["at"] + _CERTIFICATE_MS)
        self._held.put(ContractSigned, again)

    def _issue(self, offers: Rows, nth: int, at: Ints, until: Ints) -> Ints:
        serial = np.asarray(offers["case"] * _SERIALS_A_CASE + _occasion(offers) * 2 + nth)
        issued = CertificateIssued.carry(offers, at=at, serial=serial, valid_from=at, valid_until=until)
        self._held.put(CertificateIssued, issued)
        return serial

    def _confirmed(self, offers: Rows, sign_at: Ints) -> Ints:
        ahead = np.where(
            offers["mode"] == SignMode.ELECTRONIC,
            (sign_at - offers["at"]) // 4,
            self._behaviour.paper_confirm_minutes * MINUTE_MS,
        )
        return np.asarray(np.maximum(sign_at - ahead, offers["at"]))

    def _check_terms(self, offers: Rows) -> tuple[Bools, Ints]:
        """The counter reads, in its hours, the contracts that it checks before their customers come, and returns those that say
        something else than was approved; True for these, and when each was checked, 0 = not at all."""
        checked, checked_at = among(offers["mode"], self._checked), np.zeros(len(offers), dtype=np.int64)
        spent = np.maximum(self._draws["check"].quantile(self._check, offers["party"], _occasion(offers)), 1)
        at = self._by_script(offers, self._counter.add(offers["at"], spent))
        checked &= at < offers["expires_at"]
        seen, at = offers[checked], at[checked]
        about, occasion, checked_at[checked] = seen["party"], _occasion(seen), at
        wrong = (party_of(about) > self._scripted) & self._draws["wrong"].happens(
            self._behaviour.misprint_ppm, about, occasion
        )
        which = np.where(wrong, self._draws["which"].below(len(_MISPRINTS), about, occasion), -1)
        clerk = counter_clerk(seen["branch"])
        read = {
            column: np.where(which == nth, seen[column] * times, seen[column])
            for nth, (column, times, _) in enumerate(_MISPRINTS)
        }
        self._held.put(ContractChecked, ContractChecked.carry(seen, at=at, person=clerk, **read))
        why = np.array([int(reason) for *_, reason in _MISPRINTS])[which[wrong]]
        back = self._counter.add(at[wrong], _RETURN_MS)
        self._held.put(ContractReturned, ContractReturned.carry(seen[wrong], at=back, reason=why, person=clerk[wrong]))
        checked[checked] = wrong
        return checked, checked_at

    def _by_script(self, offers: Rows, at: Ints) -> Ints:
        """What scripted customers sign has been checked before they come, whatever the hour."""
        party = party_of(offers["party"])
        scripted = party <= self._scripted
        before = np.where(scripted, self._scripted_ms[np.where(scripted, party, 0)] // 2 - 1, 0)
        return np.where(scripted, np.minimum(at, offers["at"] + np.maximum(before, 0)), at)

    def _scanned(self, wanted: Rows) -> None:
        """A customer manager of the branch, the customer's own where he is there, scans what was signed, unless it is forgotten
        until it is chased."""
        about, chased = wanted["party"], wanted["chases"]
        forgets = self._draws["forgets"].happens(self._behaviour.scan_forgotten_ppm, about, chased)
        remembers = ~forgets | (chased >= _CHASES - 1)
        wanted, about, chased = wanted[remembers], about[remembers], chased[remembers]
        spent = np.maximum(self._draws["scan"].quantile(self._scan, about, chased), _SOONEST_MS)
        at = self._counter.add(wanted["at"], spent)
        at, manager = self._managers.attended(wanted["branch"], party_of(about), at)
        rows = ContractScanned.carry(
            wanted,
            at=at,
            pages=_PAGES,
            format=FileFormat.PDF,
            size=_PAGES * _PAGE_BYTES,
            digest=np.array([f"{case:064x}" for case in wanted["case"].tolist()], dtype="U64"),
            person=manager,
        )
        self._held.put(ContractScanned, rows)

    def _change(self, offers: Rows, at: Ints) -> None:
        """Less money where the product allows less, else another term; said before they would have signed."""
        least = self._columns.amount_min[offers["product"]]
        share = _KEPT_LEAST + self._draws["share"].below(_KEPT_SPAN, offers["party"], _occasion(offers))
        lower = offers["amount_fen"] // 1_000 * (share // 1_000) // _STEP_FEN * _STEP_FEN
        sensible = (lower >= least) & (lower < offers["amount_fen"])
        term = np.where(sensible, offers["term_months"], self._other_term(offers))
        rows = ContractChangeRequested.carry(
            offers,
            at=at,
            amount_fen=np.where(sensible, lower, offers["amount_fen"]),
            term_months=term,
            reason=np.where(sensible, int(ChangeReason.OTHER_AMOUNT), int(ChangeReason.OTHER_TERM)),
        )
        self._held.put(ContractChangeRequested, rows)

    @staticmethod
    def _wished_at(offers: Rows, sign_at: Ints) -> Ints:
        """When customers say that they want another contract."""
        return np.asarray(np.minimum(offers["at"] + (sign_at - offers["at"]) // 2, offers["expires_at"] - 1))

    def _other_term(self, offers: Rows) -> Ints:
        """The product's next longer term, or its longest but one."""
        terms = self._columns.terms[offers["product"]].copy()
        months = np.arange(terms.shape[1])
        longer = terms & (months > offers["term_months"][:, None])
        shorter = terms & (months < offers["term_months"][:, None])
        last_shorter = terms.shape[1] - 1 - np.argmax(shorter[:, ::-1], axis=1)
        return np.asarray(np.where(longer.any(axis=1), np.argmax(longer, axis=1), last_shorter))

    def _renew(self, offers: Rows, chance_ppm: Ints, came_at: Ints) -> None:
        """Some ask for a new contract: who came too late then and there, who forgot (`came_at` 0) once it has expired."""
        asks = self._draws["renew"].happens(chance_ppm, offers["party"], _occasion(offers))
        asks &= offers["attempt"] <= _RENEWALS_MAX
        rows, came = offers[asks], came_at[asks]
        span = self._behaviour.renew_after_days * DAY_MS
        remembers = rows["expires_at"] + self._draws["renew_at"].below(span, rows["party"], _occasion(rows))
        at = np.where(came > 0, came + MINUTE_MS, remembers)
        self._held.put(
            ContractRenewalRequested, ContractRenewalRequested.carry(rows, at=at, reason=RenewalReason.NOT_IN_TIME)
        )


def _occasion(offers: Rows) -> Ints:
    return np.asarray(offers["round"] * _OCCASIONS_A_ROUND + offers["attempt"])


def opposite(world: World) -> Opposite:
    """Customers with a contract to sign."""
    return Opposite(ContractsCounterpart(world.scenario, world.seed))
