"""The yardstick: the same life of a bank's customers as a user would write it in plain SimPy, one process per customer. It
has the same products, desks, delays and chances as the `baseline` scenario, a schedule a loan, double entry and an event
log; it has no invariants, no shards, no recovery and no digest. It exists to be measured against, nothing else imports it."""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

MINUTE, HOUR, DAY = 1.0, 60.0, 1440.0
PRODUCTS = {
    "consumer_loan": (0.52, 5_000, 300_000, (6, 12, 18, 24, 36, 60), 0.006, True),
    "card_instalment": (0.30, 1_000, 50_000, (3, 6, 12, 24), 0.009, True),
    "mortgage": (0.08, 100_000, 3_000_000, (60, 120, 180, 240, 300, 360), 0.003, False),
    "micro_business": (0.08, 50_000, 2_000_000, (6, 12, 24, 36), 0.0043, False),
    "working_capital": (0.02, 500_000, 20_000_000, (3, 6, 12), 0.0036, False),
}
Events = Generator[simpy.Event, Any, Any]


@dataclass
class Bank:
    """Resources and books of the plain model."""

    env: simpy.Environment
    rng: random.Random
    approvers: list[simpy.PriorityResource]
    reviewers: list[simpy.PriorityResource]
    payers: list[simpy.PriorityResource]
    collectors: list[simpy.PriorityResource]
    events: list[tuple[float, int, str]] = field(default_factory=list)
    ledger: list[tuple[float, int, int, int]] = field(default_factory=list)
    loan_days: float = 0.0

    def log(self, case: int, event: str) -> None:
        self.events.append((self.env.now, case, event))

    def post(self, loan: int, debit: int, credit: int, amount_fen: int) -> None:
        self.ledger.append((self.env.now, loan, debit, amount_fen))
        self.ledger.append((self.env.now, loan, credit, -amount_fen))


def build_schedule(amount_fen: int, months: int, rate: float) -> list[tuple[int, int]]:
    """(principal, interest) in fen of each instalment, equal instalments."""
    payment = round(amount_fen * rate / (1 - (1 + rate) ** -months))
    rows, balance = [], amount_fen
    for number in range(1, months + 1):
        interest = round(balance * rate)
        principal = balance if number == months else payment - interest
        rows.append((principal, interest))
        balance -= principal
    return rows


def work(bank: Bank, pool: simpy.PriorityResource, minutes: float) -> Events:
    """Waits for a person of a desk, in working hours, and is served."""
    with pool.request(priority=1) as turn:
        yield turn
        clock = bank.env.now % DAY
        if not 510 <= clock < 1050:
            yield bank.env.timeout((510 - clock) % DAY)
        yield bank.env.timeout(bank.rng.lognormvariate(math.log(minutes), 0.5))


def customer(bank: Bank, case: int, at: float) -> Events:
    """One customer's whole life with the bank."""
    env, rng = bank.env, bank.rng
    yield env.timeout(at)
    bank.log(case, "submitted")
    if rng.random() < 0.10:
        bank.log(case, "refused")
        return
    name = rng.choices(list(PRODUCTS), weights=[p[0] for p in PRODUCTS.values()])[0]
    _, low, high, terms, rate, automatic = PRODUCTS[name]
    amount_fen = int(low * (high / low) ** rng.random()) // 100 * 10_000
    branch = case % len(bank.approvers)
    yield env.timeout(rng.lognormvariate(0, 0.6) / 60)
    bank.log(case, "bureau_answered")
    score = rng.gauss(70, 12)
    bank.log(case, "scored")
    if score < 50:
        bank.log(case, "rejected")
        return
    if not automatic or score < 60:
        for desk, pools in (("initial", bank.approvers), ("re_review", bank.reviewers)):
            bank.log(case, f"{desk}_entered")
            yield env.process(work(bank, pools[branch], 25))
            bank.log(case, f"{desk}_decided")
        if rng.random() < 0.2:
            bank.log(case, "declined")
            return
    bank.log(case, "approved")
    yield env.timeout(rng.lognormvariate(math.log(90), 0.9))
    if rng.random() < 0.05:
        bank.log(case, "expired")
        return
    bank.log(case, "signed")
    if not automatic:
        yield env.process(work(bank, bank.payers[branch], 10))
    yield env.timeout(rng.lognormvariate(math.log(3), 0.8))
    yield from repay(bank, case, amount_fen, rng.choice(terms), rate, branch)


def repay(bank: Bank, case: int, amount_fen: int, months: int, rate: float, branch: int) -> Events:
    """The loan from payment to settlement: accrual a day, a debit a month, collection when it fails."""
    env, rng = bank.env, bank.rng
    bank.log(case, "disbursed")
    bank.post(case, 1301, 1001, amount_fen)
    for principal, interest in build_schedule(amount_fen, months, rate):
        accrued = 0
        for day in range(1, 31):
            yield env.timeout(DAY)
            bank.loan_days += 1
            accrued = interest * day // 30
        bank.post(case, 1132, 6011, accrued)
        bank.log(case, "instalment_due")
        overdue = 0
        missed = rng.random() < 0.02
        while missed:
            yield env.timeout(DAY)
            bank.loan_days += 1
            overdue += 1
            if overdue == 1:
                bank.log(case, "overdue")
            if overdue % 5 == 0:
                yield env.process(work(bank, bank.collectors[branch], 12))
                bank.log(case, "contact")
            if overdue == 91:
                bank.log(case, "npl")
            missed = rng.random() > 0.09
        bank.post(case, 1001, 1301, principal)
        bank.post(case, 1001, 1132, interest)
        bank.log(case, "instalment_paid")
    bank.log(case, "settled")


def simulate(customers: int, days: int, seed: int = 1, branches: int = 8) -> dict[str, float]:
    """Runs the plain model; returns its figures."""
    began = time.perf_counter()
    env = simpy.Environment()
    per_desk = max(1, round(2 * customers / days / 110))

    def pools() -> list[simpy.PriorityResource]:
        return [simpy.PriorityResource(env, capacity=per_desk) for _ in range(branches)]

    rng = random.Random(seed)
    bank = Bank(env, rng, pools(), pools(), pools(), pools())
    for case in range(customers):
        env.process(customer(bank, case, rng.random() * days * DAY))
    env.run(until=days * DAY)
    wall = time.perf_counter() - began
    return {
        "wall_s": wall,
        "customers_per_s": customers / wall,
        "loan_days": bank.loan_days,
        "events": len(bank.events),
        "postings": len(bank.ledger),
        "trial_balance_fen": sum(row[3] for row in bank.ledger),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=365)
    arguments = parser.parse_args()
    print(json.dumps(simulate(arguments.customers, arguments.days)))
