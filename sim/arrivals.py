"""When customers come. Exactly the scenario's number of applications arrive, non-stationary: by hour of day, weekday, public
holiday and make-up workday, month, growth and campaigns. The instant of each is a quantile of the cumulative intensity keyed
by the person and the visit, so neither shards nor windows nor other people have a say. A SimPy process walks the calendar
hour by hour and releases who comes in that hour; each scripted customer is a process of his own. The same window
asked for twice, or first of all, gives the same forms."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np
import simpy

from credit.applications.contract import FormText, SubmitApplication
from credit.calendar import is_workday
from credit.errors import CreditError
from credit.masks import true_rows
from credit.policies.loading import load
from credit.policies.products import ProductPolicy
from credit.room import Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, NEVER, Bools, Ints, day_number
from scenarios.model import Scenario
from scenarios.people import ArrivalShape
from sim.occasions import party_of, reference_of
from sim.outages import WAITED_DTYPE, Applicants, Comeback, applications_waited
from sim.population.forms import Forms
from sim.population.visits import RUSH_DAYS, Visits
from sim.randomness import PPM, Draw

MONDAY_OF_EPOCH = 3
"""1 January 1970 was a Thursday: (day + 3) % 7 is 0 on Mondays."""
_EDGE_BITS = 31
_CHUNK = 1 << 20
_AHEAD = 256
"""Forms that are drawn at once where fewer come in a window."""
_AROUND = 14
Whole = np.ndarray[Any, np.dtype[np.object_]]
"""Whole numbers of any size."""
Steps = Generator[simpy.Event, Any, None]


class NobodyComes(CreditError):
    """A run in which no customer can arrive."""


class Arrivals:
    """The arrivals of one scenario under one seed."""

    def __init__(self, scenario: Scenario, seed: int, products: ProductPolicy | None = None) -> None:
        catalogue = products or load("products", ProductPolicy, scenario.policies)
        self.forms = Forms(scenario, seed, catalogue)
        script = self.forms.people.script
        self._scripted_at: Ints = script.forms["at"][1:].astype(np.int64)
        self.drawn = drawn_visits(scenario, seed, scenario.run.customers - len(script))
        self.waited = np.zeros(0, dtype=WAITED_DTYPE)
        """Applications that met an outage of the bank's own, in the order of the instants at which they first came."""
        if any(fault.strikes_the_bank for fault in scenario.faults):
            self._wait_for_the_bank(Applicants(scenario, seed))
        self._branches_max = scenario.bank.branches
        self._env: simpy.Environment | None = None
        self._until = 0
        self._released: list[tuple[Ints, Ints]] = []
        self._ahead = SubmitApplication.empty()

    def _wait_for_the_bank(self, applicants: Applicants) -> None:
        """Who finds the bank away comes later, or never."""
        script, scripted_at = self.forms.people.script, self._scripted_at
        script.put_off(applicants.scripted)
        self._scripted_at = script.forms["at"][1:].astype(np.int64)
        met = applicants.may_meet_one(self.drawn.at)
        reference, first_at = self.drawn.reference[met], self.drawn.at[met]
        again = applicants.drawn(reference, first_at, self.forms.counter(reference, first_at))
        all_at, comes = self.drawn.at.copy(), np.ones(len(met), dtype=bool)
        all_at[met], comes[met] = again
        order = np.lexsort((self.drawn.reference, all_at))
        order = order[comes[order]]
        self.drawn = Drawn(self.drawn.reference[order], all_at[order])
        scripted = script.forms["party"][1:].astype(np.int64)
        every = np.concatenate((reference, scripted))
        self.waited = applications_waited(
            np.concatenate((first_at, scripted_at)),
            Comeback(
                np.concatenate((again.at, self._scripted_at)),
                np.concatenate((again.comes, np.ones(len(scripted), dtype=bool))),
            ),
            self.forms.people.branch(party_of(every)),
            every,
        )

    def window(self, window: Window, branches: Ints) -> Rows:
        """The forms handed in at the given branches within a window, as `SubmitApplication` rows in time order."""
        reference, at = self.who_comes(window)
        if not len(reference):
            return SubmitApplication.empty()
        mine = np.zeros(self._branches_max + 1, dtype=bool)
        mine[branches] = True
        here = mine[self.forms.people.branch(party_of(reference))]
        return self._forms(reference[here], at[here], mine)

    def _forms(self, reference: Ints, at: Ints, mine: Bools) -> Rows:
        """What the comers of a window hand in. A form is a function of who hands it in and when, and drawing one costs as much as
        drawing a hundred; so a window draws the forms of those who come next along with its own."""
        count = len(reference)
        if not np.array_equal(self._ahead["party"][:count], reference):
            low, high = self.drawn.at.searchsorted((at[0], at[-1] + 1)).tolist()
            next_ones = slice(high, max(high, low + _AHEAD))
            later = mine[self.forms.people.branch(party_of(self.drawn.reference[next_ones]))]
            self._ahead = self.forms.forms(
                np.concatenate((reference, self.drawn.reference[next_ones][later])),
                np.concatenate((at, self.drawn.at[next_ones][later])),
            )
        rows, self._ahead = self._ahead[:count], self._ahead[count:]
        return rows

    def who_comes(self, window: Window) -> tuple[Ints, Ints]:
        """References and instants of all arrivals within a window, in time order."""
        if self._env is None or self._env.now != window.start:
            self._begin(window.start)
        assert self._env is not None
        self._until, self._released = window.until, []
        self._env.run(until=window.until)
        if not self._released:
            nobody = np.zeros(0, dtype=np.int64)
            return nobody, nobody
        reference = np.concatenate([references for references, _ in self._released])
        at = np.concatenate([instants for _, instants in self._released])
        order = np.lexsort((reference, at))
        return reference[order], at[order]

    def next_from(self, start: int) -> int:
        """The instant of the first arrival at or after `start`; NEVER where nobody comes any more."""
        drawn, scripted = self.drawn.at, self._scripted_at
        place = int(drawn.searchsorted(start))
        first = int(drawn[place]) if place < len(drawn) else NEVER
        return min(first, int(scripted[scripted >= start].min(initial=NEVER)))

    def source(self, branches: Ints) -> ArrivalSource:
        """These arrivals as a stage host's source of mail, for a shard's branches."""
        return ArrivalSource(self, branches)

    def _begin(self, start: int) -> None:
        self._env = simpy.Environment(initial_time=start)
        self._env.process(self._customers(self._env))
        for index, at in enumerate(self._scripted_at.tolist()):
            if at >= start:
                self._env.process(self._scripted(self._env, index + 1, at))

    def _customers(self, env: simpy.Environment) -> Steps:
        """Releases, hour by hour, everybody who comes before the hour's end or the window's, whichever is first."""
        reference, at = self.drawn
        while True:
            now = int(env.now)
            end = min((now // HOUR_MS + 1) * HOUR_MS, self._until)
            low, high = at.searchsorted((now, end)).tolist()
            if high > low:
                self._released.append((reference[low:high], at[low:high]))
            yield env.timeout(end - now)

    def _scripted(self, env: simpy.Environment, party: int, at: int) -> Steps:
        yield env.timeout(at - int(env.now))
        came = np.array([at], dtype=np.int64)
        self._released.append((reference_of(np.array([party], dtype=np.int64), 1), came))


class ArrivalSource:
    """What a stage host asks for mail from outside (see `credit.stage.Source`)."""

    def __init__(self, arrivals: Arrivals, branches: Ints) -> None:
        self._arrivals, self._branches = arrivals, branches
        self._told_until = 0

    def mail(self, window: Window) -> list[tuple[Kind, Rows]]:
        """This window's forms, and what is too long for a form."""
        self._told_until = window.until
        texts = self._arrivals.forms.people.script.texts
        due = (texts["at"] >= window.start) & (texts["at"] < window.until) & np.isin(texts["branch"], self._branches)
        mail = ((SubmitApplication, self._arrivals.window(window, self._branches)), (FormText, texts[due]))
        return [(kind, rows) for kind, rows in mail if len(rows)]

    def due(self) -> int:
        """When the next form is handed in, at any branch."""
        texts = self._arrivals.forms.people.script.texts["at"]
        return min(self._arrivals.next_from(self._told_until), int(texts[texts >= self._told_until].min(initial=NEVER)))


class Drawn(NamedTuple):
    """Applications in the order of their instants: (at, reference)."""

    reference: Ints
    at: Ints


def drawn_visits(scenario: Scenario, seed: int, count: int) -> Drawn:
    """The run's `count` drawn applications, at instants of the scenario's intensity (see `hourly_weights`)."""
    visits, moments = Visits(scenario, seed), Moments(scenario, seed)
    references, instants, low, left = [], [], 0, count
    while left:
        high = low + min(left, _CHUNK)
        comers = visits.comers(low, high)
        row = np.repeat(np.arange(len(comers.place)), comers.visits)
        nth = np.arange(len(row)) - np.repeat(comers.visits.cumsum() - comers.visits, comers.visits)
        place = comers.place[row]
        at = moments.of(place, nth, visits.rushes(place))
        at = at[np.lexsort((nth, at, row))][:left]
        row, nth = row[: len(at)], nth[: len(at)]
        references.append(reference_of(comers.party[row], visits.number(comers, row, nth)))
        instants.append(at)
        low, left = high, left - len(at)
    reference, at = (np.concatenate([np.zeros(0, dtype=np.int64), *parts]) for parts in (references, instants))
    order = np.lexsort((reference, at))
    return Drawn(reference[order], at[order])


class Moments:
    """The instants at which people come."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._first_ms = day_number(scenario.run.start) * DAY_MS
        self._edges = _edges(hourly_weights(scenario))
        self._days_ppm = RUSH_DAYS * PPM // (len(self._edges) // 24)
        self._draws = {name: Draw(seed, f"arrival.{name}") for name in ("hour", "moment", "rush")}

    def of(self, place: Ints, nth: Ints, rushes: Bools) -> Ints:
        """The instants of visits 0, 1, 2 … of people; a rush follows upon its first within as much of the intensity as two
        average days hold, and where the run ends before, it goes before it."""
        hour = self._share(place, np.where(rushes, 0, nth))
        later = true_rows(rushes & (nth > 0))
        if len(later):
            most = max((1 << _EDGE_BITS) // PPM * self._days_ppm, 1)
            after = self._draws["rush"].below(min(most, 1 << _EDGE_BITS), place[later], nth[later])
            hour[later] += np.where(hour[later] + after < 1 << _EDGE_BITS, after, -np.minimum(after, hour[later]))
        hours = self._edges.searchsorted(hour, side="right")
        return np.asarray(self._first_ms + hours * HOUR_MS + self._draws["moment"].below(HOUR_MS, place, nth))

    def _share(self, place: Ints, nth: Ints) -> Ints:
        return (self._draws["hour"].words(place, nth) >> np.uint64(64 - _EDGE_BITS)).astype(np.int64)


def hourly_weights(scenario: Scenario) -> Whole:
    """Intensity of each hour of the days on which customers arrive, as exact whole numbers on a scale of their own."""
    run, shape = scenario.run, scenario.arrivals
    first = day_number(run.start)
    days = np.arange(first, first + min(run.arrival_days or run.days, run.days), dtype=np.int64)
    daily = (_day_weights(shape, days) * _month_weights(shape, days)).astype(object)
    daily = daily * np.maximum(PPM + shape.growth_per_year_ppm * (days - first) // 365, 0).astype(object)
    weights = daily[:, None] * np.array(shape.hour_weights, dtype=object)[None, :]
    for campaign in shape.campaigns:
        on = (days >= day_number(campaign.from_day)) & (days <= day_number(campaign.to_day))
        hours = slice(campaign.from_hour, campaign.to_hour)
        weights[:, hours] = np.where(on[:, None], weights[:, hours] * campaign.factor_ppm, weights[:, hours] * PPM)
        closed = [hour for hour in range(24) if not campaign.from_hour <= hour < campaign.to_hour]
        weights[:, closed] *= PPM
    whole: Whole = weights.ravel()
    return whole


def _edges(weights: Whole) -> Ints:
    total = int(weights.sum())
    if total <= 0:
        raise NobodyComes(
            "arrivals: nobody can come: hour_weights, weekday_weights, holiday_weight, month_weights and the campaigns' "
            "factor_ppm leave no hour of the run with a weight above zero"
        )
    cumulative = weights.cumsum()
    return np.array([int(edge) * (1 << _EDGE_BITS) // total for edge in cumulative], dtype=np.int64)


def _month_weights(shape: ArrivalShape, days: Ints) -> Ints:
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    return np.array(shape.month_weights, dtype=np.int64)[months]


def _day_weights(shape: ArrivalShape, days: Ints) -> Ints:
    """Weekday weights; holidays have their own, and a make-up workday (调休) counts as a Monday."""
    around = np.arange(days[0] - _AROUND, days[-1] + _AROUND + 1, dtype=np.int64)
    working = np.asarray(is_workday(around), dtype=bool)
    weekday = (around + MONDAY_OF_EPOCH) % 7
    weights = np.array(shape.weekday_weights, dtype=np.int64)[weekday]
    weights[working & (weekday >= 5)] = shape.weekday_weights[0]
    weights[_holidays(working, weekday)] = shape.holiday_weight
    return np.asarray(weights[_AROUND:-_AROUND], dtype=np.int64)


def _holidays(working: Bools, weekday: Ints) -> Bools:
    """Days off that are no plain weekend: all of a stretch that takes in a day from Monday to Friday."""
    stretch: Ints = working.cumsum()
    taken_in = np.bincount(stretch, weights=(~working & (weekday < 5)).astype(np.float64)) > 0
    return ~working & taken_in[stretch]
