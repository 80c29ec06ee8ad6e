"""What a scenario says that cannot matter for its run, by name: it is told at the start and kept in scenario.json, so that nobody
takes a figure for the answer to a question that was never put."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, get_args

from pydantic import BaseModel

from credit.policies.base import LIVE
from credit.policies.catalogue import MODELS
from credit.policies.loading import resolved
from lendrill.errors import UserError
from lendrill.unreached import unreached
from scenarios.model import Behaviour, Scenario
from scenarios.people import Campaign
from scenarios.planned import Fault
from scenarios.staff import DeskStaff, Staff
from sim.randomness import PPM
from sim.staffing import headcounts


def idle(scenario: Scenario, continued: bool = False) -> list[str]:
    """A line a field or row without effect on this run: its path, and why. `continued`: it goes on with an earlier run's book."""
    parts = (_beside_the_run, _nobody, _unread, partial(_unreached, continued=continued), _of_policies)
    return [line for part in parts for line in part(scenario)]


def prove_outages(scenario: Scenario) -> None:
    """UserError where a live bank is asked to play an outage of its own, which only a simulated run does."""
    for place, fault in enumerate(scenario.faults):
        if fault.strikes_the_bank:
            raise UserError(
                f"faults.{place}: a {fault.what} strikes simulated runs only (lendrill run {scenario.name})",
                "take this fault out; a live bank is struck for real, by stopping its processes",
            )


def _beside_the_run(scenario: Scenario) -> Iterator[str]:
    run = scenario.run
    first, last = run.start, run.start + dt.timedelta(days=run.days - 1)
    last_to_come = run.start + dt.timedelta(days=(run.arrival_days or run.days) - 1)
    for place, fault in enumerate(scenario.faults):
        if fault.end_ms <= run.start_ms or fault.start_ms >= run.until_ms:
            yield f"faults.{place}: the {fault.what} is {_span(fault)}; the run is {first} to {last}"
    for place, campaign in enumerate(scenario.arrivals.campaigns):
        if campaign.to_day < first or campaign.from_day > last_to_come:
            yield f"arrivals.campaigns.{place}: {campaign.name!r} is {_span(campaign)}; customers come {first} to {last_to_come}"
    days = [point.day for point in scenario.economy]
    for place, day in enumerate(days):
        if (place + 1 < len(days) and days[place + 1] <= first) or (place and days[place - 1] >= last):
            yield f"economy.{place}: another point lies between {day} and the run, {first} to {last}"
    for place, one in enumerate(scenario.script):
        if not first <= one.at.date() <= last:
            yield f"script.{place}: party {one.party} comes on {one.at.date()}; the run is {first} to {last}"


def _nobody(scenario: Scenario) -> Iterator[str]:
    heads = headcounts(scenario)
    for place, fault in enumerate(scenario.faults):
        if fault.kind == "absence":
            of = heads[fault.target]
            people = of.per_branch * scenario.bank.branches + of.head_office
            if people * fault.share_ppm * 2 < PPM:
                yield f"faults.{place}.share_ppm: {fault.share_ppm} millionths of {people} people at {fault.target} is nobody"
    if len(scenario.script) == scenario.run.customers:
        for section in ("arrivals", "population"):
            if getattr(scenario, section) != Scenario.model_fields[section].default:
                yield f"{section}: every customer of the run is scripted, none is drawn"
    if not any(fault.strikes_the_bank for fault in scenario.faults):
        outage = ("outage_again_ppm", "outage_again_minutes_median", "outage_return_minutes")
        yield from _in_vain(scenario.behaviour, outage, "the bank is never away")
    if not resolved("contracts", scenario.policies)["certified"]:
        certificate = ("certificate_lapsed_ppm", "certificate_revoked_ppm")
        yield from _in_vain(
            scenario.behaviour, certificate, "nobody signs by a certificate (policies.contracts.certified)"
        )
    for key, demand in scenario.demand.items():
        if not demand.weight and scenario.run.customers > len(scenario.script):
            yield f"demand.{key}: its weight is 0, nobody asks for it"


def _in_vain(behaviour: Behaviour, names: Iterable[str], why: str) -> Iterator[str]:
    for name in names:
        if getattr(behaviour, name) != Behaviour.model_fields[name].default:
            yield f"behaviour.{name}: {why}"


def _unread(scenario: Scenario) -> Iterator[str]:
    staff, bank, plain = scenario.staff, scenario.bank, DeskStaff()
    if not staff.scale and staff.scale_per_day != type(staff).model_fields["scale_per_day"].default:
        yield "staff.scale_per_day: counts are scaled with scale = true alone"
    if bank.branches == 1 and bank.branch_weights_ppm:
        yield "bank.branch_weights_ppm: there is one branch"
    debits = resolved("repayment", scenario.policies)
    moved = "first_period_days_min" in scenario.policies.get("repayment", {})
    if moved and not any(row.get("debit_day") for row in debits["debit_terms"]):
        yield "policies.repayment.first_period_days_min: no loan has a debit day of its own (policies.repayment.debit_terms)"
    for name in staff.known():
        desk = getattr(staff, name, None)
        if not isinstance(desk, DeskStaff) or desk.break_start_minute == desk.break_end_minute:
            continue
        usual = (desk.break_start_minute, desk.break_end_minute) == (plain.break_start_minute, plain.break_end_minute)
        outside = desk.break_end_minute <= desk.shift_start_minute or desk.break_start_minute >= desk.shift_end_minute
        if outside and not usual:
            yield f"staff.{name}.break_start_minute: the break lies outside the shift"


def _unreached(scenario: Scenario, continued: bool) -> Iterator[str]:
    """Desks before which nothing can come: who sits there, and who of them is absent, changes nothing."""
    for desk, why in unreached(scenario, continued):
        if getattr(scenario.staff, desk, None) != _usual(desk):
            yield f"staff.{desk}: {why}"
        for place, fault in enumerate(scenario.faults):
            if fault.kind == "absence" and fault.target == desk:
                yield f"faults.{place}.target: nothing comes before {desk}: {why}"


def _usual(desk: str) -> DeskStaff | None:
    """The staff of a desk of which a scenario says nothing."""
    return getattr(Staff(), desk, None)


def _of_policies(scenario: Scenario) -> Iterator[str]:
    for name, changes in scenario.policies.items():
        for path in _live(MODELS[name], changes, f"policies.{name}"):
            yield f"{path}: only a live bank (lendrill serve) reads it"


def _live(model: type[BaseModel], changes: Any, path: str) -> Iterator[str]:
    """The paths of what is changed and no simulated run reads."""
    if getattr(model, "read_by", None) == LIVE:
        yield path
        return
    for name, value in changes.items():
        info = model.model_fields[name]
        if LIVE in info.metadata:
            yield f"{path}.{name}"
        inner: Any = next((one for one in (info.annotation, *get_args(info.annotation)) if _is_model(one)), None)
        rows = value if isinstance(value, list) else [value]
        for row in rows if inner is not None else ():
            if isinstance(row, dict):
                yield from _live(inner, row, f"{path}.{name}")


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)


def _span(one: Fault | Campaign) -> str:
    begin, end = (one.start, one.end) if isinstance(one, Fault) else (one.from_day, one.to_day)
    return f"{begin} to {end}"
