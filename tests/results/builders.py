"""A small written-down bank for the tests of results: every case's life is a row of a plan, played through the real sink, window
by window and cell by cell. What the tests expect is counted from the plan, never from the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from actors.topology import Flow
from credit.applications.contract import Event as ApplicationEvent
from credit.applications.contract import Refusal as ApplicationRefusal
from credit.applications.contract import SubmitApplication
from credit.approval.contract import Desk
from credit.approval.contract import Event as ApprovalEvent
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.bank import PIPELINE
from credit.codes import Account, Actor, Bucket, Channel
from credit.contracts.contract import Event as ContractEvent
from credit.customers.contract import Event as CustomerEvent
from credit.customers.contract import Refusal as CustomerRefusal
from credit.disbursement.contract import Event as DisbursementEvent
from credit.ledger.contract import Posting
from credit.mail import ANSWER_DTYPE, Inbox, Outbox, in_sequence
from credit.repayment.contract import Event as RepaymentEvent
from credit.repayment.contract import Gauge
from credit.room import EVENT_DTYPE, MEASURE_DTYPE, EventCode, Rows
from credit.scoring.contract import Event as ScoringEvent
from credit.scoring.contract import Refusal as ScoringRefusal
from credit.stage import WindowResult
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from results import folder, merging, summary
from results.sink import RunSink

START = 20_454 * DAY_MS  # 2026-01-01
QUEUE = np.dtype(
    [
        (n, "i8")
        for n in (
            "start until branch role arrivals begun completions waiting_end waiting_max waiting_ms in_service_end "
            "wait_ms_sum wait_ms_max"
        ).split()
    ]
)
STAFF = np.dtype([(n, "i8") for n in "start until branch role person on_behalf_of busy_ms on_shift_ms".split()])
PORT = np.dtype(
    [(n, "i8") for n in "start until partner calls unavailable struck latency_ms_sum latency_ms_max".split()]
)
CHANNELS = [int(channel) for channel in Channel]


@dataclass
class Bank:
    """What will happen, by stage and shard; `shards` share two branches."""

    days: int = 120
    shards: int = 1
    events: dict[tuple[str, int], list[tuple[int, ...]]] = field(default_factory=dict)
    postings: dict[int, list[tuple[int, ...]]] = field(default_factory=dict)
    measures: dict[int, list[tuple[int, ...]]] = field(default_factory=dict)
    statistics: dict[tuple[str, int, str], list[tuple[int, ...]]] = field(default_factory=dict)
    products: dict[int, int] = field(default_factory=dict)
    people: dict[int, str] = field(default_factory=dict)
    """Names of parties; others are called by their number."""

    def shard(self, case: int) -> int:
        return (case // 10**9 - 1) % self.shards

    def event(
        self,
        event: EventCode,
        at: int,
        case: int,
        *,
        actor: int = 0,
        loan: int = 0,
        amount: int = 0,
        reason: int = 0,
        value: int = 0,
        product: int = 0,
    ) -> None:
        room = next(room for room in PIPELINE if room.events and event in room.events)
        product = self.products.setdefault(case, product)
        if at < START + self.days * DAY_MS:
            key = (room.name, self.shard(case) if case and not room.shared else 0)
            self.events.setdefault(key, []).append(
                (at, case, int(event), actor, loan, amount, reason, value, 0, product, 0)
            )

    def post(self, at: int, loan: int, transaction: int, *legs: tuple[Account, int]) -> None:
        if at < START + self.days * DAY_MS:
            shard = self.shard(loan // 100)
            rows = self.postings.setdefault(shard, [])
            rows.extend((at, transaction, int(account), loan, amount) for account, amount in legs)

    def happened(self, event: EventCode) -> list[tuple[int, ...]]:
        return [row for rows in self.events.values() for row in rows if row[2] == event]


@dataclass
class Loan:
    """One loan of the plan: paid out on a day, repaid in `parts` every 30 days, in arrears from a day if at all."""

    case: int
    day: int
    amount: int
    overdue_day: int | None = None

    @property
    def number(self) -> int:
        return self.case * 100 + 1

    def bucket(self, day: int) -> Bucket | None:
        """At the end of a day; None before it is paid out."""
        if day < self.day:
            return None
        late = 0 if self.overdue_day is None else day - self.overdue_day + 1
        limits = (
            (1, Bucket.CURRENT),
            (8, Bucket.DPD_1_7),
            (31, Bucket.DPD_8_30),
            (61, Bucket.DPD_31_60),
            (91, Bucket.DPD_61_90),
            (10**9, Bucket.DPD_OVER_90),
        )
        return next(bucket for limit, bucket in limits if late < limit)


FATES = ("form", "admission", "list", "score", "human", "unsigned", "paid", "paid", "late", "bad")


def bank(cases: int = 100, days: int = 120, shards: int = 1) -> tuple[Bank, list[Loan]]:
    """The plan: case n comes on day n % 100 to branch 1 or 2, and its fate is the n-th of `FATES` in turn."""
    plan, loans = Bank(days, shards), []
    for n in range(1, cases + 1):
        case = (1 + n % 2) * 10**9 + n
        loan = _life(plan, n, case, FATES[n % len(FATES)])
        if loan is not None and loan.day < days:
            loans.append(loan)
    for day in range(days):
        _day_end(plan, loans, day)
        _desks(plan, day)
    return plan, loans


def _life(plan: Bank, n: int, case: int, fate: str) -> Loan | None:
    day, amount = n % 100, 1_000_000 + n * 10_000
    at = START + day * DAY_MS + 9 * HOUR_MS + n * MINUTE_MS
    plan.event(
        ApplicationEvent.APPLICATION_SUBMITTED,
        at,
        case,
        product=1 + n % 5,
        actor=Actor.CUSTOMER,
        amount=amount,
        reason=CHANNELS[n % 4],
        value=1000 + n,
    )
    early = {
        "form": (ApplicationEvent.APPLICATION_REFUSED, ApplicationRefusal.ID_CHECK_DIGIT),
        "admission": (CustomerEvent.CUSTOMER_DECLINED, ApplicationRefusal.AGE_LIMIT),
        "list": (CustomerEvent.APPLICATION_INTERCEPTED, CustomerRefusal.LIST_DISHONEST),
    }
    if fate in early:
        plan.event(early[fate][0], at, case, reason=early[fate][1])
        return None
    plan.event(CustomerEvent.APPLICATION_ACCEPTED, at + 1_000, case, amount=amount)
    manual = fate in ("human", "late", "bad")
    decided = at + 1_000 + (n * HOUR_MS if manual else 5_000 + n)
    if fate == "score":
        plan.event(ScoringEvent.SCORING_REJECTED, decided, case, reason=ScoringRefusal.SCORE_LOW)
        plan.event(ApprovalEvent.APPLICATION_DECLINED, decided, case, reason=ScoringRefusal.SCORE_LOW)
        return None
    person = 10_000 + n % 3
    if manual:
        plan.event(ApprovalEvent.NODE_ENTERED, at + 2_000, case, value=1)
        reason = ApprovalRefusal.HUMAN_DECLINE if fate == "human" else 0
        plan.event(ApprovalEvent.NODE_DECIDED, decided, case, actor=person, reason=reason)
    if fate == "human":
        plan.event(
            ApprovalEvent.APPLICATION_DECLINED, decided, case, actor=person, reason=ApprovalRefusal.HUMAN_DECLINE
        )
        return None
    plan.event(ApprovalEvent.APPLICATION_APPROVED, decided, case, actor=person if manual else 0, amount=amount)
    if fate == "unsigned":
        plan.event(ContractEvent.CONTRACT_EXPIRED, decided + 7 * DAY_MS, case)
        return None
    plan.event(ContractEvent.CONTRACT_SIGNED, decided + 2 * HOUR_MS, case, actor=Actor.CUSTOMER)
    return _lend(plan, case, decided + 3 * HOUR_MS, amount, fate)


def _lend(plan: Bank, case: int, at: int, amount: int, fate: str) -> Loan:
    day = (at - START) // DAY_MS
    loan = Loan(case, day, amount)
    plan.event(DisbursementEvent.LOAN_DISBURSED, at, case, loan=loan.number, amount=amount)
    plan.post(at, loan.number, loan.number * 10_000 + 1, (Account.PRINCIPAL, amount), (Account.SETTLEMENT, -amount))
    for number in range(1, (plan.days - day) // 30 + 1):
        plan.event(RepaymentEvent.INSTALMENT_DUE, at + number * 30 * DAY_MS, case, loan=loan.number, value=number)
    if fate == "paid":
        interest = amount // 200
        due = at + 30 * DAY_MS
        plan.post(
            due,
            loan.number,
            loan.number * 10_000 + 50,
            (Account.INTEREST_RECEIVABLE, interest),
            (Account.INTEREST_INCOME, -interest),
        )
        plan.post(
            due,
            loan.number,
            loan.number * 10_000 + 51,
            (Account.SETTLEMENT, interest),
            (Account.INTEREST_RECEIVABLE, -interest),
        )
        plan.event(RepaymentEvent.INSTALMENT_PAID, due, case, loan=loan.number, amount=interest, value=1)
        return loan
    loan.overdue_day = day + (30 if fate == "late" else 5)
    plan.event(RepaymentEvent.OVERDUE_STARTED, START + loan.overdue_day * DAY_MS, case, loan=loan.number, amount=amount)
    return loan


def _day_end(plan: Bank, loans: list[Loan], day: int) -> None:
    at = START + (day + 1) * DAY_MS - 1
    for shard in range(plan.shards):
        groups: dict[tuple[int, int], list[int]] = {}
        for loan in loans:
            bucket = loan.bucket(day)
            if bucket is not None and plan.shard(loan.case) == shard:
                groups.setdefault((loan.case // 10**9, int(bucket)), []).append(loan.amount)
        rows = plan.measures.setdefault(shard, [])
        for (branch, group), amounts in sorted(groups.items()):
            count, total = len(amounts), sum(amounts)
            rows.append((at, Gauge.LOANS_BY_BUCKET, branch, 1 + branch, group, count, total))
            rows.append((at, Gauge.LOANS_ACTIVE, branch, 1 + branch, 0, count, total))
            if group == Bucket.DPD_OVER_90:
                rows.append((at, Gauge.NON_PERFORMING, branch, 1 + branch, 0, count, total))


def _desks(plan: Bank, day: int) -> None:
    """Two people at the initial desk of each branch; the queue grows by one a day. The bureau fails once in ten calls."""
    since, until = START + day * DAY_MS, START + (day + 1) * DAY_MS
    for branch in (1, 2):
        shard = (branch - 1) % plan.shards
        queues = plan.statistics.setdefault(("approval", shard, "queues"), [])
        queues.append(
            (
                since,
                until,
                branch,
                Desk.INITIAL_APPROVER,
                11,
                10,
                9,
                day + 1,
                day + 2,
                DAY_MS * day,
                1,
                10 * 60_000,
                90_000 + day,
            )
        )
        staff = plan.statistics.setdefault(("approval", shard, "staff"), [])
        for n, busy in ((1, 6), (2, 8)):
            row = (since, until, branch, Desk.INITIAL_APPROVER, branch * 10_000 + n, 0, busy * HOUR_MS, 8 * HOUR_MS)
            staff.append(row)
    partners = plan.statistics.setdefault(("scoring", 0, "partners"), [])
    partners.append((since, until, 1, 10, 1, 1, 10 * 800, 1_500 + day))


def record(plan: Bank, path: Path, window_ms: int = DAY_MS, windows: int | None = None) -> int:
    """Plays the plan through real sinks into a new run folder, all windows or the first so many; returns how many."""
    folder.create(path)
    total = plan.days * DAY_MS // window_ms
    done = total if windows is None else windows
    for cell in Flow(plan.shards).cells:
        stage, shard = cell.room, cell.shard
        sink = RunSink(path, stage, shard)
        for number in range(done):
            since = START + number * window_ms
            _record_window(plan, sink, stage, shard, Window(number, since, since + window_ms))
        sink.close({})
    return done


def _record_window(plan: Bank, sink: RunSink, stage: str, shard: int, window: Window) -> None:
    inside = _inside(window)
    out, inbox = Outbox(), Inbox()
    events = [row for row in plan.events.get((stage, shard), []) if inside(row)]
    if events:
        place = [room.name for room in PIPELINE].index(stage)
        out.events.append(in_sequence([np.array(events, dtype=EVENT_DTYPE)], place))
    if stage == "repayment":
        measures = [row for row in plan.measures.get(shard, []) if inside(row)]
        if measures:
            out.measures.append(np.array(measures, dtype=MEASURE_DTYPE))
    if stage == "applications":
        inbox = Inbox.of((SubmitApplication, _forms(events, plan.people)))
    if stage == "ledger":
        postings = [row for row in plan.postings.get(shard, []) if inside(row)]
        inbox = Inbox.of((Posting, np.array(postings, dtype=Posting.dtype)))
    statistics: dict[str, Rows] = {}
    for name, dtype in (("queues", QUEUE), ("staff", STAFF), ("partners", PORT)):
        rows = [row for row in plan.statistics.get((stage, shard, name), []) if inside(row)]
        if rows:
            statistics[name] = np.array(rows, dtype=dtype)
    sink.record(window, WindowResult(inbox, out, {}, np.zeros(0, dtype=ANSWER_DTYPE)), statistics)


def _forms(events: list[tuple[int, ...]], people: dict[int, str]) -> Rows:
    """The form of each application of a window; a party has one number and one name."""
    rows = [row for row in events if row[2] == ApplicationEvent.APPLICATION_SUBMITTED]
    forms = SubmitApplication.empty(len(rows))
    for form, (at, _, _, _, _, amount, channel, party, _, product, _) in zip(forms, rows, strict=True):
        form["at"], form["party"], form["channel"], form["amount_fen"] = at, party, channel, amount
        form["product"], form["term_months"], form["id_number"], form["name"] = (
            product,
            12,
            f"ID{party}",
            people.get(party, f"P{party}"),
        )
    return forms


def _inside(window: Window) -> Callable[[Iterable[int]], bool]:
    return lambda row: window.start <= next(iter(row)) < window.until


def seal(plan: Bank, path: Path, done: int, window_ms: int = DAY_MS, *, seed: int = 7, **more: Any) -> dict[str, Any]:
    """What `lendrill run` does after the last window: merge, count, summary. Returns the summary."""
    import json

    merging.merge(path)
    scenario = {
        "name": "written",
        "title": "A written-down bank",
        "purpose": "For tests.",
        "look_at": ["the counts"],
        "run": {"start": "2026-01-01"},
        "faults": more.pop("faults", []),
    }
    (path / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
    total = plan.days * DAY_MS // window_ms
    content = {
        "scenario": "written",
        "title": "A written-down bank",
        "status": "complete" if done == total else "partial",
        "seed": seed,
        "customers": 100,
        "days": plan.days,
        "window": "day",
        "windows_done": done,
        "windows": total,
        "shards": plan.shards,
        "executor": "local",
        "digest": "0" * 32,
        "invariants": {"checked": 120, "violations": 0},
    } | summary.figures(path)
    content["performance"] = {
        "wall_s": 1.0,
        "start_s": 0.1,
        "customers_per_s": 100.0,
        "loan_days": content.pop("loan_days"),
    }
    content["continued_from"] = None
    content["next"] = {"start_ms": START + done * window_ms, "first_party": 101, "branches": 2, "state": {}}
    content |= more
    folder.seal(path, content)
    return content


def whole_run(path: Path, **choices: Any) -> tuple[Bank, list[Loan], dict[str, Any]]:
    """A finished run of the plan: the plan, its loans, the summary."""
    more = {name: choices.pop(name) for name in ("seed", "faults") if name in choices}
    plan, loans = bank(**choices)
    return plan, loans, seal(plan, path, record(plan, path), **more)
