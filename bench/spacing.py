"""What windows of a length cost a live bank: applications come at an even rate, the cells stand in this process, and time is an
argument, so the windows are as long as they are meant to be. ``python -m bench.spacing``"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from actors.book.sqlite import SqliteStore
from actors.gateway.applications import Application, columns_of, form_rows
from actors.gateway.bank import Bank
from actors.link import LinkClient
from actors.local import LocalExecutor
from actors.sequencer import Command, Sequencer
from actors.topology import Flow
from bench.forms import forms
from credit.applications.contract import SubmitApplication
from credit.policies import ProductPolicy, load
from credit.room import Rows
from credit.times import HOUR_MS
from lendrill.assembly import live_blueprints
from lendrill.live import references
from scenarios.loading import load_scenario

RATE = 40
SECONDS = 12
LENGTHS_MS = (5, 10, 25, 50, 80, 100, 200)
SCENARIO = load_scenario("baseline")


def rows_of(count: int) -> list[Rows]:
    """Forms of so many applications, as the gateway hands them on."""
    products = load("products", ProductPolicy, SCENARIO.policies)
    bank = Bank(
        LinkClient(Path("nowhere")), Flow(1), SCENARIO.bank.branches, products, lambda *of: references(SCENARIO, *of)
    )
    columns = [columns_of(Application(**one)) for one in forms(0, count)]
    return [form_rows(one, bank, np.array([1 + place]))[0] for place, one in enumerate(columns)]


def cost_ms(length_ms: int, applications: list[Rows]) -> float:
    """Milliseconds of a processor an application."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "daybook.db")
        store.found("bench")
        flow, start = Flow(1), SCENARIO.run.start_ms + 10 * HOUR_MS
        bank = Sequencer(LocalExecutor(), flow, live_blueprints(SCENARIO, flow, (), False), store, start)
        list(bank.open())
        began, handed = time.process_time(), 0
        for window in range(1, SECONDS * 1_000 // length_ms + 1):
            come = round(window * length_ms * RATE / 1_000)
            mail = [Command(SubmitApplication, np.concatenate(applications[handed:come]))] if come > handed else []
            for command in mail:
                command.rows["at"] = bank.until
            handed = come
            bank.cut(bank.until + length_ms, mail)
            while bank.under_way:
                bank.collect()
        spent = time.process_time() - began
        store.close()
        return spent / handed * 1e3


if __name__ == "__main__":
    came = rows_of(RATE * SECONDS)
    cost_ms(200, came)  # what is done once in a process
    for length in LENGTHS_MS:
        print(f"windows of {length:>3} ms: {cost_ms(length, came):5.1f} ms of a processor an application")
