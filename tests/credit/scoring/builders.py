"""Small builders for the tests of scoring: accepted applications and the answers of a friendly world. Every case
is sound unless a test says otherwise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.approval.contract import Desk
from credit.codes import Channel, Consent, Method, Segment, Status
from credit.mail import Inbox, Outbox
from credit.room import Kind, Rows
from credit.scoring.contract import (
    ApplicationAccepted,
    BureauQuery,
    CompanyReport,
    PersonReport,
    VerificationQuery,
    VerificationReply,
)
from credit.scoring.subsystem import ScoringSubsystem
from credit.staff import StaffRegister
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS, SECOND_MS
from tests.rows import sample

START = 20_454 * DAY_MS
DAY = Window(0, START, START + DAY_MS)
MORNING = START + 10 * HOUR_MS
CASE = 3 * 10**9 + 1
OFFICER, COLLEAGUE = 3_010_001, 3_010_002
OFFICERS = StaffRegister.of([(OFFICER, 3, Desk.INITIAL_APPROVER), (COLLEAGUE, 3, Desk.INITIAL_APPROVER)])
STAFFED = Setting(register=OFFICERS)
"""A bank whose branch 3 has people in whose names the bureau is asked."""
_NAMES = dict.fromkeys(("segment", *PersonReport.fields.names, *CompanyReport.fields.names))
_REPORT = np.dtype([(name, "i8") for name in _NAMES])


def windows(length_ms: int, days: int = 1) -> list[Window]:
    """Windows of a length over so many days from START."""
    count = days * DAY_MS // length_ms
    return [Window(n, START + n * length_ms, START + (n + 1) * length_ms) for n in range(count)]


def accepted(count: int = 1, **columns: npt.ArrayLike) -> Rows:
    """Sound consumer loan applications of branch 3, a second apart."""
    number = np.arange(count)
    facts: dict[str, npt.ArrayLike] = {
        "at": MORNING + number * SECOND_MS,
        "case": CASE + number,
        "customer": CASE + number,
        "party": 1 + number,
        "branch": 3,
        "channel": Channel.MOBILE_BANK,
        "segment": Segment.INDIVIDUAL,
        "product": 1,
        "amount_fen": 5_000_000,
        "term_months": 12,
        "method": Method.EQUAL_INSTALMENT,
        "purpose": 1,
        "age": 35,
        "income_fen": 1_800_000,
        "employment_months": 84,
        "consent": int(Consent.BUREAU | Consent.PERSONAL_DATA),
        "recent_applications": 1,
        "recent_channels": 1,
    }
    return sample(ApplicationAccepted, count, **(facts | columns))


def report(queries: Rows, after_ms: int = 1_200, **columns: npt.ArrayLike) -> Rows:
    """Clean bureau reports to queries, of persons and of companies, with the columns of both; see `reported`."""
    facts: dict[str, npt.ArrayLike] = {
        "at": queries["at"] + after_ms,
        "status": Status.OK,
        "lenders": 1,
        "queries_3m": 1,
        "history_months": 60,
        "card_limit_fen": 4_000_000,
        "card_used_fen": 1_400_000,
    }
    rows = np.zeros(len(queries), dtype=_REPORT)
    for name in set(_REPORT.names or ()) & set(queries.dtype.names or ()):
        rows[name] = queries[name]
    for name, values in (facts | columns).items():
        rows[name] = values
    return rows


def reported(rows: Rows) -> list[tuple[Kind, Rows]]:
    """Those reports as the bureau sends them: one kind for persons, one for companies."""
    person = rows["segment"] == Segment.INDIVIDUAL
    kinds = ((PersonReport, person), (CompanyReport, ~person))
    return [(kind, sample(kind, source=rows[chosen])) for kind, chosen in kinds if chosen.any()]


def reply(queries: Rows, after_ms: int = 1_500, **columns: npt.ArrayLike) -> Rows:
    """Friendly answers of the other sources."""
    facts: dict[str, npt.ArrayLike] = {
        "at": queries["at"] + after_ms,
        "tax_income_fen": queries["declared_income_fen"],
        "mobile_matches": 1,
        "mobile_months": 40,
        "identity_matches": 1,
        "registry_months": 96,
        "registry_active": 1,
        "account_months": 48,
        "deposits_fen": 120_000,
        "least_balance_fen": 20_000,
        "inflow_fen": 1_800_000,
        "outflow_fen": 1_680_000,
        "income_months": 12,
        "wealth_fen": 500_000,
        "settlement_fen": 900_000,
    }
    return sample(VerificationReply, source=queries, **(facts | columns))


def ask(scoring: ScoringSubsystem, rows: Rows, window: Window = DAY) -> tuple[Rows, Outbox]:
    """Puts applications in; gives the bureau's queries that come out."""
    out = Outbox()
    scoring.open(window, out)
    scoring.apply(Inbox.of((ApplicationAccepted, rows)), window, out)
    return out.take(BureauQuery), out


def through(
    scoring: ScoringSubsystem,
    rows: Rows,
    bureau: dict[str, npt.ArrayLike] | None = None,
    sources: dict[str, npt.ArrayLike] | None = None,
) -> Outbox:
    """One day: applications in, all questions answered, the day closed and checked."""
    queries, out = ask(scoring, rows)
    questions = told(scoring, report(queries, **(bureau or {})), out)
    answer(scoring, (VerificationReply, reply(questions, **(sources or {}))), out=out)
    scoring.close(DAY, out)
    assert scoring.check() == []
    return out


def told(scoring: ScoringSubsystem, reports: Rows, out: Outbox) -> Rows:
    """Delivers bureau reports; gives what the other sources have been asked so far."""
    answer(scoring, *reported(reports), out=out)
    return out.take(VerificationQuery)


def answer(scoring: ScoringSubsystem, *mail: tuple[Kind, Rows], out: Outbox, window: Window = DAY) -> None:
    """Delivers answers."""
    scoring.apply(Inbox.of(*mail), window, out)
