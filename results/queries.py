"""What the report asks of a run's files, in SQL on Parquet. Each method returns plain rows; nothing is drawn here. Times are
counted in the case's own life: accepted → decided → signed → paid out. A grain is 'hour', 'day', 'week' or 'month'."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import numpy as np

from credit.bank import PIPELINE
from credit.policies.loading import Overrides
from credit.room import EventCode
from credit.terms import Term, terms
from results.folder import RunFolderError
from results.names import event_of
from results.sql import place, tables_of
from results.standing import CLOSING, spelt
from results.survival import quantiles

Row = tuple[Any, ...]
SHARES = (0.5, 0.9, 0.95, 0.99)
"""The shares whose times are told."""
URGING = tuple(event.name.lower() for room in PIPELINE for event in room.events or () if event.name.endswith("_URGED"))
"""Events that say that a task's limit has passed; each with the desk as its value."""

_CLOSING = spelt(CLOSING)
CASES = f"""
CREATE TEMP TABLE cases AS
SELECT case_no, MIN(ts) FILTER (event = 'application_accepted') AS accepted,
       MIN(ts) FILTER (event IN ('application_approved', {_CLOSING})) AS decided,
       MIN(ts) FILTER (event = 'application_approved') AS approved,
       MIN(ts) FILTER (event = 'contract_signed') AS signed,
       MIN(ts) FILTER (event = 'loan_disbursed') AS disbursed,
       MAX(ts) FILTER (event IN ({_CLOSING})) AS closed,
       BOOL_OR(event = 'node_entered') AS manual
FROM {{events}} WHERE case_no > 0 AND event IN ('application_accepted', 'application_approved', 'contract_signed',
  'loan_disbursed', 'node_entered', {_CLOSING})
GROUP BY case_no
"""
"""The instants of a case's life. A case is decided when it is approved, or closed before: the customer is told no."""
_LOANS = """
CREATE TEMP TABLE loans AS
SELECT loan, MIN(ts) FILTER (event = 'loan_disbursed') AS disbursed,
       MIN(ts) FILTER (event = 'overdue_started') AS overdue,
       MIN(ts) FILTER (event IN ('loan_settled', 'loan_written_off')) AS ended
FROM {events} WHERE loan > 0 AND event IN ('loan_disbursed', 'overdue_started', 'loan_settled', 'loan_written_off')
GROUP BY loan HAVING disbursed IS NOT NULL
"""
_STEPS = (
    ("automatic", "accepted", "decided", "NOT manual"),
    ("manual", "accepted", "decided", "manual"),
    ("to_sign", "approved", "signed", "TRUE"),
    ("to_pay", "signed", "disbursed", "TRUE"),
)
"""Name, beginning, end, whose. A case that is closed without the end is known to have waited until then, no more."""
_LASTED = """
SELECT DATE_TRUNC('{grain}', {since})::TIMESTAMP AS since, {until} IS NOT NULL AS ended,
       {until} IS NULL AND closed IS NULL AS still,
       EPOCH_MS(COALESCE({until}, closed, TIMESTAMP '{end}')) - EPOCH_MS({since}) AS lasted
FROM cases WHERE {since} IS NOT NULL AND {lane} ORDER BY since
"""
_VINTAGE = """
WITH dues AS (
  SELECT loan, COUNT(*) FILTER (ts <= TIMESTAMP '{until}' - INTERVAL 2 DAY) AS reached,
         COUNT(*) FILTER (ts <= overdue) AS missed
  FROM {events} JOIN loans USING (loan) WHERE event = 'instalment_due' GROUP BY loan),
lent AS (
  SELECT STRFTIME(disbursed, '%Y-%m') AS vintage, COALESCE(reached, 0) AS due, IF(ended IS NULL, due, NULL) AS reached,
         IF(overdue IS NULL, NULL, GREATEST(missed, 1)) AS missed
  FROM loans LEFT JOIN dues USING (loan)),
months AS (SELECT vintage, COUNT(*) AS loans, COALESCE(MIN(reached), MAX(due)) AS reached FROM lent GROUP BY vintage)
SELECT vintage, age, COUNT(missed) FILTER (missed <= age) / ANY_VALUE(loans), ANY_VALUE(loans),
       COUNT(missed) FILTER (missed <= age)
FROM months JOIN lent USING (vintage), (SELECT UNNEST(GENERATE_SERIES(1, 60)) AS age)
WHERE age <= months.reached GROUP BY vintage, age ORDER BY vintage, age
"""
"""Age is counted in instalments that have fallen due (months on book), so that a month's loans compare with another's whatever
their days of debit are. A loan that is settled cannot fall overdue any more and stays in the count."""
_COUNTS = """
SELECT DATE_TRUNC('{grain}', ts)::TIMESTAMP AS since, CAST(room AS VARCHAR), CAST(event AS VARCHAR), COUNT(*)
FROM {events} WHERE event IN ({names}) GROUP BY ALL ORDER BY ALL
"""
_DAILY_COUNTS = """
SELECT day::TIMESTAMP, room, metric[7:], CAST(SUM(count) AS BIGINT) FROM {daily}
WHERE metric IN ({names}) GROUP BY ALL ORDER BY ALL
"""
_GAUGE = """
SELECT day::TIMESTAMP, grp, CAST(SUM(count) AS BIGINT), CAST(SUM(amount_fen) AS BIGINT) FROM {daily}
WHERE metric = '{metric}' GROUP BY ALL ORDER BY ALL
"""
_AT_THE_END = """
SELECT metric, grp, CAST(SUM(count) FILTER (day = latest) AS BIGINT), CAST(SUM(amount_fen) FILTER (day = latest) AS BIGINT)
FROM {daily}, (SELECT MAX(day) AS latest FROM {daily} WHERE NOT STARTS_WITH(metric, 'event.'))
WHERE metric IN ({names}) GROUP BY metric, grp ORDER BY metric, grp
"""
_MOVED = """
CREATE TEMP TABLE moved AS
WITH gone AS (SELECT DISTINCT transaction FROM {ledger} WHERE account = 'write_off_loss')
SELECT ts::DATE AS day, CAST(account AS VARCHAR) AS account, gone.transaction IS NOT NULL AS written_off,
       amount_fen > 0 AS debit, SUM(amount_fen) AS amount_fen
FROM {ledger} LEFT JOIN gone USING (transaction) GROUP BY ALL
"""
"""The ledger by days: few rows, from which all that is asked of it is counted."""
_FLOWS = """
SELECT DATE_TRUNC('{grain}', day)::TIMESTAMP AS since, account,
       CAST(SUM(amount_fen) FILTER (debit) AS BIGINT), CAST(-SUM(amount_fen) FILTER (NOT debit) AS BIGINT)
FROM moved WHERE NOT written_off GROUP BY ALL ORDER BY ALL
"""
_BALANCES = """
SELECT name, ANY_VALUE(code), CAST(SUM(amount_fen) FILTER (debit) AS BIGINT),
       CAST(-SUM(amount_fen) FILTER (NOT debit) AS BIGINT), CAST(SUM(amount_fen) AS BIGINT)
FROM moved JOIN {codes} ON kind = 'account' AND name = account GROUP BY name ORDER BY ANY_VALUE(code)
"""
_WAITING = """
WITH told AS (
  SELECT role, start::TIMESTAMP AS start, until::TIMESTAMP AS until, waiting_end, waiting_end - arrivals + begun AS before,
         LAG(waiting_end) OVER (PARTITION BY role, branch ORDER BY until, start) AS earlier FROM {queues}),
steps AS (
  SELECT role, start, until, waiting_end - COALESCE(earlier, before) AS step FROM told UNION ALL
  SELECT role, first, first, before FROM told, (SELECT MIN(start) AS first FROM told) WHERE earlier IS NULL)
SELECT role, MAX(start) AS start, until, CAST(SUM(SUM(step)) OVER (PARTITION BY role ORDER BY until) AS BIGINT) AS waiting
FROM steps GROUP BY role, until
"""
"""How many tasks wait at a desk after each instant at which that changes, all branches together: rows stand only where something
happened, so what waits at one branch goes on while another has a row. What waits before a pool's first row has waited
all along."""
_QUEUES = """
WITH grid AS (
  SELECT UNNEST(GENERATE_SERIES(TIMESTAMP '{since}', TIMESTAMP '{until}' - INTERVAL 1 MILLISECOND, INTERVAL 1 {grain})) AS since,
         since + INTERVAL 1 {grain} AS next),
desk AS (SELECT DISTINCT role FROM {queues}),
part AS (
  SELECT since, role, SUM(waiting_ms * (EPOCH_MS(LEAST(until::TIMESTAMP, next) - GREATEST(start::TIMESTAMP, since))
                                        / EPOCH_MS(until - start))) AS waiting_ms
  FROM grid JOIN {queues} ON start::TIMESTAMP < next AND until::TIMESTAMP > since WHERE waiting_ms > 0 GROUP BY since, role)
SELECT grid.since, desk.role, COALESCE(waiting, 0),
       COALESCE(waiting_ms, 0) / EPOCH_MS(LEAST(next, TIMESTAMP '{until}') - grid.since)
FROM grid CROSS JOIN desk
ASOF LEFT JOIN ({waiting}) waits ON waits.role = desk.role AND waits.until <= next
LEFT JOIN part ON part.since = grid.since AND part.role = desk.role
ORDER BY ALL
"""
_DESKS = """
WITH ends AS (SELECT role, ARG_MAX(waiting, until) AS left_waiting FROM ({waiting}) GROUP BY role),
pool AS (
  SELECT role, branch, MAX(waiting_max) AS peak, FIRST(start ORDER BY waiting_max DESC, start) AS peak_at,
         ARG_MAX(waiting_end, until) AS left_there FROM {queues} GROUP BY role, branch),
longest AS (SELECT DISTINCT ON (role) * FROM pool ORDER BY role, peak DESC, peak_at, branch)
SELECT role, CAST(SUM(begun) AS BIGINT), CAST(SUM(wait_ms_sum) / GREATEST(SUM(begun), 1) AS BIGINT),
       MAX(wait_ms_max), ANY_VALUE(longest.peak), ANY_VALUE(longest.peak_at)::TIMESTAMP, ANY_VALUE(longest.branch),
       ANY_VALUE(longest.left_there), ANY_VALUE(left_waiting), CAST(SUM(arrivals) AS BIGINT), SUM(waiting_ms)
FROM {queues} JOIN ends USING (role) JOIN longest USING (role) GROUP BY role
"""
_FULL = """
SELECT role, place, COUNT(*) FILTER (busy_ms >= {full} * on_shift_ms), COUNT(*)
FROM (SELECT role, {place} AS place, start, SUM(busy_ms) AS busy_ms, SUM(on_shift_ms) AS on_shift_ms FROM {hours} GROUP BY ALL)
WHERE on_shift_ms > 0 GROUP BY role, place ORDER BY role, place
"""
_URGED = """
SELECT desks.name, COUNT(*) FROM {events} JOIN {codes} desks ON desks.kind = 'role' AND desks.code = value
WHERE event IN ({names}) GROUP BY desks.name
"""
_LATE_AND_OPEN = """
WITH urged AS (
  SELECT desks.name AS role, case_no, loan, ts FROM {events} JOIN {codes} desks ON desks.kind = 'role' AND desks.code = value
  WHERE event IN ({names})),
people AS (SELECT DISTINCT 'staff ' || person AS actor, role FROM {staff}),
done AS (
  SELECT role, case_no, loan, ts FROM {events} said JOIN people ON people.actor = CAST(said.actor AS VARCHAR)
  WHERE NOT ENDS_WITH(CAST(event AS VARCHAR), '_handled')),
of_case AS (SELECT role, case_no, MAX(ts) AS last FROM done WHERE case_no > 0 GROUP BY ALL),
of_loan AS (SELECT role, loan, MAX(ts) AS last FROM done WHERE loan > 0 GROUP BY ALL)
SELECT role, COUNT(*) FROM urged LEFT JOIN of_case USING (role, case_no) LEFT JOIN of_loan USING (role, loan)
WHERE COALESCE(of_case.last < ts, TRUE) AND COALESCE(of_loan.last < ts, TRUE) GROUP BY role
"""
"""Urged tasks of cases and loans for which nobody of the desk did anything afterwards but take the task or hand it on."""
_DONE = """
SELECT role, CAST(SUM(completions) AS BIGINT), CAST(SUM(still) AS BIGINT) FROM (
  SELECT role, SUM(completions) AS completions, ARG_MAX(waiting_end + in_service_end, until) AS still
  FROM {queues} GROUP BY role, branch) GROUP BY role
"""
_USE = {
    "staff": """
SELECT DATE_TRUNC('{grain}', start)::TIMESTAMP AS since, role, SUM(busy_ms) / SUM(on_shift_ms) FROM {staff}
GROUP BY ALL HAVING SUM(on_shift_ms) > 0 ORDER BY ALL
""",
    "hours": """
SELECT start::TIMESTAMP AS since, role, SUM(busy_ms) / SUM(on_shift_ms) FROM {hours}
GROUP BY ALL HAVING SUM(on_shift_ms) > 0 ORDER BY ALL
""",
}
"""Use of a desk's time over time, all branches together; time off shift has no row."""
_OFFERED = """
WITH turned AS (SELECT reference, start FROM {waited} WHERE who = 'applicant' AND start >= '{since}' AND start < '{until}'),
came AS (SELECT value AS reference, ts FROM {events}
         WHERE event = 'application_submitted' AND ts >= '{since}' AND ts < '{until}'),
tried AS (SELECT start FROM turned UNION ALL SELECT ts FROM came
          WHERE reference NOT IN (SELECT reference FROM {waited} WHERE who = 'applicant')),
counted AS (SELECT DATE_TRUNC('hour', start) AS since, 1 AS first, 0 AS taken FROM tried UNION ALL
         SELECT DATE_TRUNC('hour', ts), 0, 1 FROM came)
SELECT hours.since, CAST(COALESCE(SUM(first), 0) AS BIGINT), CAST(COALESCE(SUM(taken), 0) AS BIGINT)
FROM (SELECT UNNEST(GENERATE_SERIES(TIMESTAMP '{since}', TIMESTAMP '{until}' - INTERVAL 1 HOUR, INTERVAL 1 HOUR)) AS since) hours
LEFT JOIN counted USING (since) GROUP BY hours.since ORDER BY hours.since
"""
_STAFF = """
SELECT role, COUNT(DISTINCT person), SUM(busy_ms) / GREATEST(SUM(on_shift_ms), 1), MAX(share)
FROM (SELECT role, person, SUM(busy_ms) AS busy_ms, SUM(on_shift_ms) AS on_shift_ms,
             SUM(busy_ms) / GREATEST(SUM(on_shift_ms), 1) AS share FROM {staff} GROUP BY ALL)
GROUP BY role
"""
_PARTNERS = """
SELECT partner, CAST(SUM(calls) AS BIGINT), CAST(SUM(unavailable) AS BIGINT), SUM(latency_ms_sum) / SUM(calls),
       MAX(latency_ms_max) FROM {partners}
JOIN {codes} ON kind = 'partner' AND name = partner GROUP BY partner ORDER BY ANY_VALUE(code)
"""
_PARTNERS_OVER_TIME = """
SELECT DATE_TRUNC('{grain}', start)::TIMESTAMP AS since, partner, SUM(unavailable) / SUM(calls) FROM {partners}
GROUP BY ALL ORDER BY ALL
"""
_PRODUCTS = """
SELECT product, CAST(SUM(count) AS BIGINT), CAST(SUM(amount_fen) AS BIGINT) FROM {daily}
WHERE metric = 'loans_by_bucket' AND day = (SELECT MAX(day) FROM {daily} WHERE NOT STARTS_WITH(metric, 'event.'))
GROUP BY product
"""
_TERM = """
SELECT COUNT(*) FROM (SELECT {key} FROM {events} WHERE {key} > 0 AND event IN ({names}) GROUP BY {key}
                      HAVING COUNT(DISTINCT event) = {number})
"""
_STORY = """
SELECT case_no, ts::TIMESTAMP, CAST(room AS VARCHAR), CAST(event AS VARCHAR), CAST(actor AS VARCHAR), CAST(reason AS VARCHAR),
       amount_fen, loan
FROM {events} WHERE case_no > 0 ORDER BY case_no, ts, seq LIMIT {most}
"""


class RunQueries:
    """Questions to one run folder; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._tables = folder, tables_of(folder)
        self._connection = duckdb.connect()
        self._run(CASES)
        self._run(_LOANS)
        self._run(_MOVED)

    def __enter__(self) -> RunQueries:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _run(self, query: str, **values: object) -> list[Row]:
        try:
            return self._connection.execute(query.format(**self._tables, **values)).fetchall()
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise RunFolderError(f"{self._folder}: damaged ({str(error).splitlines()[0]})") from None

    def _run_on(self, table: str, query: str, **values: object) -> list[Row]:
        """No rows where the run has no such file: a bank without staffed desks has no queues."""
        if table not in self._tables:
            return []
        waiting = _WAITING.format(**self._tables) if table == "queues" else ""
        return self._run(query, waiting=waiting, **values)

    def waits(self, until: str) -> list[Row]:
        """(step, cases, of which ended, of which are open, [p50, p90, p95, p99] ms, longest ms of those that ended), only steps
        that some case took; the others were closed without the end. Open cases count (`results.survival`); a percentile that is
        not reached is None."""
        found = []
        for name, *step in _STEPS:
            _, ended, still, lasted = self._lasted(step, "day", until)
            if len(lasted):
                longest = int(lasted[ended].max(initial=0))
                counts = len(lasted), int(ended.sum()), int(still.sum())
                found.append((name, *counts, quantiles(lasted, ended, SHARES), longest))
        return found

    def waits_over_time(self, grain: str, until: str) -> list[Row]:
        """(since, lane, cases, [p50, p95] ms or None), by the instant of acceptance; open cases count."""
        found: list[Row] = []
        for name, *step in _STEPS[:2]:
            since, ended, _, lasted = self._lasted(step, grain, until)
            starts, first = np.unique(since, return_index=True)
            for start, low, high in zip(starts, first, np.append(first, len(since))[1:], strict=True):
                both = quantiles(lasted[low:high], ended[low:high], (0.5, 0.95))
                found.append((start.astype("datetime64[us]").item(), name, int(high - low), both))
        return sorted(found, key=lambda row: row[:2])

    def _lasted(self, step: list[str], grain: str, end: str) -> list[Any]:
        since, until, lane = step
        query = _LASTED.format(since=since, until=until, lane=lane, grain=grain, end=end)
        columns = self._connection.execute(query).fetchnumpy()
        return [np.asarray(columns[name]) for name in ("since", "ended", "still", "lasted")]

    def vintages(self, until: str) -> list[Row]:
        """(month of disbursement, age in instalments fallen due, share ever overdue, loans, loans ever overdue), for ages that
        the whole month has reached."""
        return self._run(_VINTAGE, until=until)

    def counts(self, grain: str, *events: EventCode) -> dict[EventCode, list[Row]]:
        """Event → rows of (since, count), by hour or by day, whichever room told of it."""
        found: dict[EventCode, dict[dt.datetime, int]] = {event: {} for event in events}
        spelt = sorted({event.name.lower() for event in events})
        if grain == "hour":
            rows = self._run(_COUNTS, grain=grain, names=_texts(spelt))
        else:
            rows = self._run(_DAILY_COUNTS, names=_texts(f"event.{name}" for name in spelt))
        for since, room, name, count in rows:
            event = event_of(room, name)
            if event in found:
                found[event][since] = found[event].get(since, 0) + count
        return {event: sorted(counts.items()) for event, counts in found.items()}

    def gauge(self, metric: str) -> list[Row]:
        """(day, group, count, amount in fen) of a gauge at each day's end."""
        return self._run(_GAUGE, metric=metric)

    def at_the_end(self, *metrics: str) -> list[Row]:
        """(gauge, group, count, amount in fen) at the last day's end, of the groups that ever had something to count."""
        return [(m, group, n or 0, fen or 0) for m, group, n, fen in self._run(_AT_THE_END, names=_texts(metrics))]

    def flows(self, grain: str) -> list[Row]:
        """(day, week or month, account, debits fen, credits fen), write-offs left out: no money moves in them."""
        return self._run(_FLOWS, grain=grain)

    def balances(self) -> list[Row]:
        """(account, its number, debits, credits, balance) in fen over the whole run."""
        return self._run(_BALANCES)

    def queues(self, grain: str, since: dt.datetime, until: dt.datetime) -> list[Row]:
        """(since, desk, waiting at the end, mean waiting) for every day or hour of a run, all branches together; empty when no
        task was ever put to a desk."""
        return self._run_on("queues", _QUEUES, grain=grain, since=since, until=until)

    def offered(self, since: dt.datetime, until: dt.datetime) -> list[Row]:
        """(hour, applications that were first tried in it, applications taken in) in a run that lived through an outage of the
        bank's own; empty in any other."""
        return self._run_on("waited", _OFFERED, since=since, until=until)

    def desks(self) -> list[Row]:
        """(desk, tasks begun, mean wait ms, longest wait ms, longest queue of one branch at any instant, its window, its branch,
        waiting there at the end, waiting at all branches at the end, tasks put to it, waiting of all tasks together ms)."""
        return self._run_on("queues", _DESKS)

    def urged(self) -> dict[str, int]:
        """Desk → tasks that the bank urged there because their limit passed: the one count of urged tasks there is."""
        return dict(self._run(_URGED, names=_texts(URGING)))

    def limits_told(self) -> dict[str, int]:
        """Desk → tasks of which it is known whether they were decided within their limit: those completed, and those still open
        whose limit has passed. One that is open within its limit is not counted yet."""
        late: dict[str, int] = dict(self._run_on("staff", _LATE_AND_OPEN, names=_texts(URGING)))
        return {role: done + min(late.get(role, 0), still) for role, done, still in self._run_on("queues", _DONE)}

    def use_over_time(self, grain: str) -> list[Row]:
        """(since, desk, busy share of its people's time on shift), by hour, day or week, all branches together."""
        table = "hours" if grain == "hour" else "staff"
        return self._run_on(table, _USE[table], grain=grain)

    def full_hours(self, full: float) -> list[Row]:
        """(desk, branch, hours in which its people were busy for that share of their time or more, hours in which any of them was
        on shift); branch 0 is head office."""
        return self._run_on("hours", _FULL, full=full, place=place())

    def staff(self) -> list[Row]:
        """(desk, people, utilisation, the busiest person's)."""
        return self._run_on("staff", _STAFF)

    def partners(self) -> list[Row]:
        """(partner, calls, unanswered calls, mean latency ms, longest latency ms)."""
        return self._run_on("partners", _PARTNERS)

    def partners_over_time(self, grain: str) -> list[Row]:
        """(since, partner, share of calls unanswered)."""
        return self._run_on("partners", _PARTNERS_OVER_TIME, grain=grain)

    def products(self) -> list[Row]:
        """(product, active loans, outstanding fen) at the last day's end."""
        return self._run(_PRODUCTS)

    def terms(self, policies: Overrides | None) -> list[tuple[Term, int]]:
        """The bank's core terms, and of how many cases or loans of the run each holds."""
        keys = {"case": "case_no", "loan": "loan"}
        return [
            (
                one,
                self._run(
                    _TERM,
                    key=keys[one.of],
                    names=_texts(event.name.lower() for event in one.events),
                    number=len(one.events),
                )[0][0],
            )
            for one in terms(policies)
        ]

    def story(self, most: int) -> list[Row]:
        """(case, at, room, event, actor, reason, amount fen, loan), case by case in the order of time; for runs of few cases."""
        return self._run(_STORY, most=most)


def _texts(values: Any) -> str:
    return ", ".join(f"'{value}'" for value in values)
