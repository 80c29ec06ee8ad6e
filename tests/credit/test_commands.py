"""What people ask of the bank from outside is a command: it carries a number, is done once, and is answered once."""

from __future__ import annotations

import numpy as np
import pytest

from credit.applications.contract import SubmitApplication
from credit.applications.subsystem import ApplicationsSubsystem
from credit.bank import PIPELINE
from credit.codes import ContactOutcome
from credit.collections.contract import COLLECTION, OverdueReported
from credit.collections.subsystem import CollectionsSubsystem
from credit.repayment.contract import EarlyRepaymentRequested, PaymentMade
from credit.repayment.subsystem import RepaymentSubsystem
from credit.room import REASONS, WORLD, Kind, Rows
from credit.stage import Stage, WindowResult
from credit.subsystem import Setting, Subsystem, Window
from credit.times import DAY_MS
from sim.callers import numbered
from tests.credit.applications import builders
from tests.credit.collections import desk
from tests.credit.repayment import bank
from tests.credit.test_windows import Silence

NOT_ASKED = {
    "FormText": "a part of its form",
    "ListReply": "a partner's answer",
    "PersonReport": "a partner's answer",
    "CompanyReport": "a partner's answer",
    "VerificationReply": "a partner's answer",
    "PaymentResult": "a partner's answer",
    "DebitResult": "a partner's answer",
    "NoticeAnswered": "a partner's answer",
    "AccountChecked": "a partner's answer",
}
"""What comes from outside and is no command, and why."""


def test_whatever_people_ask_of_the_bank_is_a_command():
    outside = [kind for room in PIPELINE for kind in room.kinds if not kind.world and WORLD in kind.senders]
    assert {kind.name for kind in outside if not kind.command} == set(NOT_ASKED)


def stage(subsystem: Subsystem) -> Stage:
    return Stage(subsystem.room, subsystem, Silence(), check_every_window=True)


def day(stage: Stage, number: int, *mail: tuple[Kind, Rows]) -> WindowResult:
    window = Window(number, number * DAY_MS, (number + 1) * DAY_MS)
    parts: dict[int, list[Rows]] = {}
    for kind, rows in mail:
        parts.setdefault(kind.number, []).append(rows)
    return stage.step(window, parts)


def events(outcome: WindowResult) -> list[int]:
    return [int(code) for rows in outcome.out.events for code in rows["event"]]


def test_a_form_is_answered_with_its_case_or_with_the_reason_and_the_field():
    forms = builders.forms(3, amount_fen=[3_000_000, 3_000_000, 3_000_000_000])
    forms["request"] = [71, 72, 73]
    given = day(stage(ApplicationsSubsystem.build()), builders.START // DAY_MS, (SubmitApplication, forms)).answers
    assert given["request"].tolist() == [71, 72, 73]
    assert (given["number"] // 10**9).tolist() == [3, 3, 3]  # cases of branch 3
    assert len(np.unique(given["number"])) == 3
    assert given["reason"][:2].tolist() == [0, 0]
    assert REASONS[int(given["reason"][2])].field == "amount_fen"


def test_a_form_sent_twice_is_one_application():
    applications = stage(ApplicationsSubsystem.build())
    forms = builders.forms(1)
    forms["request"] = 71
    again = forms.copy()
    again["at"] += 5_000
    first = day(applications, builders.START // DAY_MS, (SubmitApplication, forms), (SubmitApplication, again))
    again["at"] += DAY_MS
    second = day(applications, builders.START // DAY_MS + 1, (SubmitApplication, again))
    answers = [answer[["request", "number", "reason"]].tolist() for answer in (first.answers, second.answers)]
    assert answers == [[answers[0][0]] * 2, [answers[0][0]]]
    assert events(second) == []


def test_a_payment_sent_twice_is_taken_once():
    """The customer heard nothing and pays again with the same number: two minutes later, and the day after."""
    subsystem = RepaymentSubsystem.build()
    repayment = stage(subsystem)
    day(repayment, bank.START, bank.loan())
    half = []
    for when in (bank.at(bank.START + 31, 9), bank.at(bank.START + 31, 9, 2), bank.at(bank.START + 32, 9)):
        kind, rows = bank.payment(when, amount_fen=100_000)
        rows["request"] = 4711
        half.append((kind, rows))
    for number in range(bank.START + 1, bank.START + 31):
        day(repayment, number)
    arrears = subsystem.book.owed(np.array([bank.LOAN]))[1]
    first = day(repayment, bank.START + 31, *half[:2])
    second = day(repayment, bank.START + 32, half[2])
    owed = subsystem.book.owed(np.array([bank.LOAN]))[1]
    assert 0 < int(owed[0]) < 500_000
    assert int(owed[0]) >= int(arrears[0]) - 100_000  # once, and a day's penalty more
    answered = [answer[["request", "number", "reason"]].tolist() for answer in (first.answers, second.answers)]
    assert answered == [[(4711, bank.LOAN, 0)] * 2, [(4711, bank.LOAN, 0)]]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (bank.payment(bank.at(bank.START + 1, 9), number=bank.OTHER, amount_fen=100), "LOAN_UNKNOWN"),
        (bank.early(bank.at(bank.START + 1, 9), amount_fen=1), "EARLY_AMOUNT"),
        (bank.early(bank.at(bank.START + 1, 9), number=bank.OTHER, full=1), "LOAN_UNKNOWN"),
    ],
)
def test_what_repayment_refuses_is_answered_with_the_reason(command, reason):
    repayment = stage(RepaymentSubsystem.build())
    day(repayment, bank.START, bank.loan())
    command[1]["request"] = 9
    [answer] = day(repayment, bank.START + 1, command).answers
    assert (int(answer["request"]), REASONS[int(answer["reason"])].name) == (9, reason)


def test_a_collectors_report_sent_twice_gets_its_first_answer_and_counts_once():
    collections = CollectionsSubsystem.build(Setting(register=desk.STAFF))
    collecting = stage(collections)
    reported, tasks = [], None
    for number in range(desk.DAY + 1, desk.DAY + 33):
        mail = [desk.overdue()] if number == desk.DAY + 1 else []
        morning = desk.reports(collections, number * DAY_MS)
        mail += [(OverdueReported, morning)] if len(morning) else []
        if tasks is not None and len(tasks):
            kind, report = desk.contact(tasks, ContactOutcome.NONE, dpd=number - desk.DAY)
            report["request"] = 4711
            again = report.copy()
            again["at"] += 5_000
            mail += [(kind, report), (kind, again)]
        outcome = day(collecting, number, *mail)
        reported += outcome.answers[["request", "number", "reason"]].tolist()
        tasks = outcome.asked[0].take(COLLECTION.task) if outcome.asked else None
    assert reported == [(4711, desk.LOAN, 0)] * 2
    assert collections.cases["contacts"].tolist() == [1]


def test_callers_number_what_they_ask_and_keep_the_numbers_they_have():
    _, once = bank.payment(bank.at(bank.START, 9), amount_fen=100)
    _, other = bank.payment(bank.at(bank.START, 9), amount_fen=101)
    _, full = bank.early(bank.at(bank.START, 9), full=1)
    kept = once.copy()
    kept["request"] = 5
    twin = once.copy()
    numbered([(PaymentMade, once), (PaymentMade, other), (PaymentMade, kept), (PaymentMade, twin)])
    numbered([(EarlyRepaymentRequested, full)])
    numbers = [int(rows["request"][0]) for rows in (once, other, kept, twin, full)]
    assert numbers[0] == numbers[3]
    assert len(set(numbers)) == 4
    assert min(numbers) > 0
    assert numbers[2] == 5
