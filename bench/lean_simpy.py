"""The lean yardstick: the least that anybody would write in SimPy for the same journey, one process a customer: form, scorecard,
people at desks for some, contract, payment, twelve instalments, calls to those who miss one. No product but one, no schedule, no
accrual, no books but three sums. What it gives up is what a bank is; how fast it is says what the bank costs."""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Generator
from dataclasses import dataclass, field

import simpy

DAY = 1440.0
Steps = Generator[simpy.Event, object, None]


@dataclass
class Lean:
    """The desks, the sums and the record of one run."""

    env: simpy.Environment
    customers: int
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    events: list[tuple[float, str, int]] = field(default_factory=list)
    lent: int = 0
    cash: int = 0
    interest: int = 0

    def __post_init__(self) -> None:
        seats = {"reviewer": 2_000, "senior": 8_000, "payer": 4_000, "collector": 4_000}
        self.desks = {name: simpy.Resource(self.env, self.customers // each + 1) for name, each in seats.items()}

    def log(self, event: str, who: int) -> None:
        self.events.append((self.env.now, event, who))

    def served(self, desk: str, minutes: float) -> Steps:
        with self.desks[desk].request() as turn:
            yield turn
            yield self.env.timeout(self.rng.expovariate(1 / minutes))

    def approved(self, who: int) -> Generator[simpy.Event, object, int]:
        """The amount granted, 0 where the journey ends."""
        rng = self.rng
        income, age, debt, history = rng.gauss(9_000, 3_000), rng.randint(18, 70), rng.random(), rng.random()
        self.log("applied", who)
        if age > 65 or income < 2_000:
            return 0
        yield self.env.timeout(rng.expovariate(0.5))
        score, amount = 40 + 20 * (income > 6_000) + 20 * (1 - debt) + 20 * history, int(rng.uniform(1, 30)) * 1_000_000
        self.log("scored", who)
        if score < 55:
            return 0
        if score < 75 or amount > 20_000_000:
            yield self.env.process(self.served("reviewer", 12))
        if amount > 20_000_000:
            yield self.env.process(self.served("senior", 15))
        self.log("approved", who)
        return amount

    def customer(self, who: int) -> Steps:
        amount = yield from self.approved(who)
        if not amount:
            return
        yield self.env.timeout(self.rng.expovariate(1 / (0.3 * DAY)))
        yield self.env.process(self.served("payer", 3))
        self.log("disbursed", who)
        self.lent, self.cash = self.lent + amount, self.cash - amount
        rate, payment, balance = 0.005, round(amount * 0.005 / (1 - 1.005**-12)), amount
        for _ in range(12):
            yield self.env.timeout(30 * DAY)
            if self.rng.random() < 0.03:
                yield self.env.process(self.served("collector", 10))
                yield self.env.timeout(self.rng.expovariate(1 / (5 * DAY)))
            due = round(balance * rate)
            principal = min(balance, payment - due)
            balance -= principal
            self.lent, self.cash, self.interest = (
                self.lent - principal,
                self.cash + principal + due,
                self.interest + due,
            )
            self.log("paid", who)

    def arrivals(self) -> Steps:
        for who in range(self.customers):
            self.env.process(self.customer(who))
            yield self.env.timeout(self.rng.expovariate(self.customers / (365 * DAY)))


def main() -> None:
    """Prints one JSON object: customers, seconds, customers a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    customers = parser.parse_args().customers
    bank = Lean(simpy.Environment(), customers)
    bank.env.process(bank.arrivals())
    began = time.perf_counter()
    bank.env.run(until=365 * DAY)
    wall = time.perf_counter() - began
    print(
        json.dumps(
            {"customers": customers, "events": len(bank.events), "wall_s": wall, "customers_per_s": customers / wall}
        )
    )


if __name__ == "__main__":
    main()
