"""State: the same payments whatever the windows, the shards and the moment at which a bank is taken up again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from credit.codes import Material, Status, Verdict
from credit.digest import Digest
from credit.disbursement.contract import (
    DESK,
    ConditionFulfilled,
    ConditionRequested,
    ContractEffective,
    Desk,
    DrawdownRequested,
    Event,
    FacilityOpened,
    LimitReleased,
    PaymentInstruction,
    PaymentResult,
    UseEvidenceFiled,
    UseEvidenceRequested,
)
from credit.disbursement.subsystem import DisbursementSubsystem
from credit.mail import Inbox, Outbox
from credit.repayment.contract import LoanDisbursed
from credit.room import EVENTS, Rows
from credit.staff import StaffRegister
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Ints
from tests.credit.disbursement.builders import (
    BRANCH,
    CONSUMER,
    MONDAY,
    NINE,
    PAYEE,
    WITHOUT_FORMALITIES,
    YUAN,
    Mail,
    contract,
)
from tests.rows import sample

DAYS = 34
OVERRIDES = WITHOUT_FORMALITIES | {
    "payments": {"staged_days": 9},
    "products": {"products": [{"key": "working_capital", "limit_months": 1}]},
}
"""So that limits and staged loans end within the run."""
BRANCHES = (1, 2, 3)
STAFF = StaffRegister.of((b * 10_000 + desk, b, desk) for b in BRANCHES for desk in (11, 12, 13))
BY_ROLE = {"operator": Desk.DISBURSEMENT_OPERATOR, "reviewer": Desk.DISBURSEMENT_REVIEWER}
Facts = list[tuple[int, int, int, int]]
"""(branch, product, hour of the run at which the contract takes effect, how its world behaves)."""

facts = st.lists(
    st.tuples(st.sampled_from(BRANCHES), st.integers(1, 5), st.integers(0, 90), st.integers(0, 10**6)),
    min_size=1,
    max_size=12,
)


def keyed(ids: Ints, salt: int, below: int) -> Ints:
    """A number per id, the same in every run."""
    return np.asarray((ids % 1_000_003 * 7_919 + salt * 104_729) % 1_299_709 % below)


class World:
    """Staff, partners and borrowers: each answer follows from its request alone, hours or days later."""

    def __init__(self, rows: Facts, branches: tuple[int, ...]) -> None:
        self.later: list[Mail] = []
        for number, (branch, product, hour, behaviour) in enumerate(rows):
            if branch not in branches:
                continue
            case = branch * 10**9 + number * 1_000 + behaviour % 1_000
            at = NINE + hour * HOUR_MS + behaviour % 997
            conditional = behaviour % 4 == 0
            columns = {"valid_until": at + DAY_MS * (2 + behaviour % 4), "lane": 1 + behaviour % 2}
            if conditional:
                columns |= {"conditions": Material.RESIDENCE_PROOF | Material.WORK_PROOF}
            self.later.append(contract(product, case, at, **columns))

    def within(self, window: Window) -> list[Mail]:
        """Mail of the window; what is later waits."""
        inside, after = [], []
        for kind, rows in self.later:
            now = rows["at"] < window.until
            inside += [(kind, rows[now])] if bool(now.any()) else []
            after += [(kind, rows[~now])] if not bool(now.all()) else []
        self.later = after
        return inside

    def hears(self, out: Outbox) -> None:
        """Plans the answers to what the bank has sent."""
        for kind, answer in (
            (DESK.task, self._opinions),
            (PaymentInstruction, self._results),
            (ConditionRequested, self._papers),
            (FacilityOpened, self._draws),
            (UseEvidenceRequested, self._use),
            (LoanDisbursed, self._repays),
        ):
            if len(rows := out.take(kind)):
                self.later.append(answer(rows))

    def _opinions(self, tasks: Rows) -> Mail:
        key = tasks["loan"] * 10 + tasks["attempt"]
        lag = keyed(key, 1, 5) * HOUR_MS + keyed(key, 2, 3_000) * 1_000 + 1
        lag += np.where(keyed(key, 3, 6) == 0, 3 * DAY_MS, 0)  # now and then nobody gets round to it
        yes = np.where(keyed(key, 4, 4) == 0, int(Verdict.DECLINE), int(Verdict.APPROVE))
        operator = tasks["branch"] * 10_000 + 11  # who now and then tries what is not his, and is not asked again
        tries = (keyed(key, 5, 3) == 0) & (tasks["excluded"] != operator)
        person = np.where(tries, operator, tasks["branch"] * 10_000 + tasks["desk"])
        return DESK.opinion, sample(DESK.opinion, source=tasks, at=tasks["at"] + lag, verdict=yes, person=person)

    def _results(self, orders: Rows) -> Mail:
        key = orders["loan"] * 10 + orders["attempt"]
        lag = np.where(keyed(key, 6, 3) == 0, 40 * MINUTE_MS, 5 * MINUTE_MS) + keyed(key, 7, 9_999)
        status = np.where(keyed(key, 8, 4) == 0, int(Status.FAILED), int(Status.OK))
        short = orders["amount_fen"] - (keyed(key, 9, 5) == 0)
        return PaymentResult, sample(
            PaymentResult, source=orders, at=orders["at"] + lag, status=status, amount_fen=short
        )

    def _papers(self, asked: Rows) -> Mail:
        lag = (1 + keyed(asked["case"], 10, 4)) * DAY_MS - keyed(asked["case"], 11, 10**6)
        return ConditionFulfilled, sample(ConditionFulfilled, source=asked, at=asked["at"] + lag)

    def _draws(self, opened: Rows) -> Mail:
        """Nine of an eighth of a revolving limit, every four days and so beyond its end, and one of more than all of it: what
        is refused does not hang on which of a day's mail is read first."""
        parts, opened = [], opened[opened["revolving"] != 0]
        for number in range(1, 11):
            share = 9 if number == 10 else 1
            parts.append(
                sample(
                    DrawdownRequested,
                    len(opened),
                    at=opened["at"] + number * 4 * DAY_MS - keyed(opened["case"], number, DAY_MS),
                    case=opened["case"],
                    number=number,
                    term_months=6,
                    purpose="支付货款",
                    payee_account=PAYEE,
                    amount_fen=opened["limit_fen"] // 8 * share,
                )
            )
        return DrawdownRequested, np.concatenate(parts)

    def _use(self, asked: Rows) -> Mail:
        lag = keyed(asked["loan"], 12, 12) * DAY_MS + keyed(asked["loan"], 13, 10**6)
        return UseEvidenceFiled, sample(UseEvidenceFiled, source=asked, at=asked["at"] + lag, genuine=1)

    def _repays(self, loans: Rows) -> Mail:
        lag = (3 + keyed(loans["loan"], 14, 30)) * DAY_MS
        return LimitReleased, sample(
            LimitReleased, source=loans, at=loans["at"] + lag, principal_fen=loans["amount_fen"] // 2
        )


class Run:
    """One run of the bare subsystem with this world: a digest of its record and its state."""

    def __init__(
        self,
        rows: Facts,
        minutes: int,
        branches: tuple[int, ...] = BRANCHES,
        cut: int | None = None,
        days: int = DAYS,
        asks: bool = True,
    ) -> None:
        """`asks`: payments are late soon enough for somebody to ask after them."""
        changes = OVERRIDES if asks else OVERRIDES | {"payments": {"staged_days": 9, "arrival_minutes": 1_440}}
        self.world, self.digest, self.seen = World(rows, branches), Digest(), Outbox()
        self.bank = DisbursementSubsystem.build(Setting(changes, STAFF))
        for number in range(days * 24 * 60 // minutes):
            start = MONDAY + number * minutes * MINUTE_MS
            if start == MONDAY + (cut or -1) * DAY_MS:
                state = {name: table.copy() for name, table in self.bank.export_state().items()}
                self.bank = DisbursementSubsystem.build(Setting(changes, STAFF))
                self.bank.import_state(state)
            self._window(Window(number, start, start + minutes * MINUTE_MS))
        for name, table in sorted(self.bank.export_state().items()):
            self.digest.add(sum(name.encode()), table)

    def _window(self, window: Window) -> None:
        out = Outbox()
        self.bank.open(window, out)
        self._record(out)
        while mail := self.world.within(window):
            out = Outbox()
            self.bank.apply(Inbox.of(*mail), window, out)
            self._record(out)
        out = Outbox()
        self.bank.close(window, out)
        self._record(out)
        assert self.bank.check() == []

    def _record(self, out: Outbox) -> None:
        self.world.hears(out)
        self.seen.events += out.events
        for rows in out.events:
            self.digest.add(1, rows)
        for number, parts in out.mail.items():
            for rows in parts:
                self.digest.add(number, rows)

    def counts(self) -> dict[int, int]:
        kinds, numbers = np.unique(np.concatenate(self.seen.events)["event"], return_counts=True)
        return dict(zip(kinds.tolist(), numbers.tolist(), strict=True))


def busy(count: int) -> Facts:
    """Contracts of every product and every behaviour."""
    n = np.arange(1, count + 1)
    columns = (n % 3 + 1, n % 5 + 1, n * 7 % 91, n * 7_717 % 10**6)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_the_world_of_these_tests_brings_about_whatever_can_happen() -> None:
    counts = Run(busy(60), 24 * 60).counts()
    expected = {int(event) for event in Event if event // 100 == 6}
    expected -= {int(one) for one in (Event.LIMIT_RESTRICTED, Event.TASK_HANDLED, Event.DEPUTY_APPOINTED)}
    expected.discard(
        int(Event.PAYMENT_INQUIRED)
    )  # with windows of a day a delayed payment is answered before anybody looks
    assert {EVENTS[event].name for event in expected - set(counts)} == set()


@pytest.mark.parametrize("minutes", [15, 60])
def test_windows_of_a_quarter_an_hour_and_a_day_give_the_same_record(minutes: int) -> None:
    rows = busy(25)
    fine, coarse = Run(rows, minutes, days=13), Run(rows, 24 * 60, days=13)
    assert fine.counts() == coarse.counts()
    assert fine.digest.hex() == coarse.digest.hex()


@given(facts)
@example([(1, 1, 0, 0), (1, 1, 0, 0), (1, 1, 0, 0), (1, 4, 51, 578200)])  # offered again after its limit has passed
@settings(max_examples=12)
def test_any_contracts_fare_the_same_by_days_and_by_six_hours(rows: Facts) -> None:
    """But for payments that somebody asks after: whether he does, before the answer withdraws his task, hangs on the window."""
    assert Run(rows, 6 * 60, asks=False).digest.hex() == Run(rows, 24 * 60, asks=False).digest.hex()


@given(facts, st.integers(1, DAYS - 1))
@settings(max_examples=12)
def test_export_and_import_in_between_changes_nothing(rows: Facts, cut: int) -> None:
    assert Run(rows, 24 * 60).digest.hex() == Run(rows, 24 * 60, cut=cut).digest.hex()


@given(facts)
@settings(max_examples=12)
def test_two_shards_together_give_what_one_gives(rows: Facts) -> None:
    whole, some, others = (Run(rows, 24 * 60, branches) for branches in (BRANCHES, (1, 3), (2,)))
    some.digest.merge(others.digest)
    assert some.digest.hex() == whole.digest.hex()


def test_ten_thousand_contracts_are_paid_in_columns() -> None:
    bank, out = DisbursementSubsystem.build(Setting(register=STAFF)), Outbox()
    count = 10_000
    rows = np.repeat(contract(CONSUMER, BRANCH * 10**9, NINE)[1], count)
    rows["case"] += np.arange(1, count + 1)
    window = Window(0, MONDAY, MONDAY + DAY_MS)
    bank.open(window, out)
    bank.apply(Inbox.of((ContractEffective, rows)), window, out)
    orders = out.take(PaymentInstruction)
    answers = sample(PaymentResult, source=orders, at=orders["at"] + MINUTE_MS)
    bank.apply(Inbox.of((PaymentResult, answers)), window, out)
    bank.close(window, out)
    assert len(out.take(LoanDisbursed)) == count
    assert int(out.take(LoanDisbursed)["amount_fen"].sum()) == count * 50_000 * YUAN
    assert bank.check() == []
