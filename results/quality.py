"""Quality beside time (SVC-05): how often the bank's work was right, late, sent back or undone. Each measure is defined here,
once, as a count of things and of those among them with a mark, from the run's own events; summary, report and `compare` tell
these."""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from credit.room import Words
from results.queries import URGING

_LATE_TASKS = """
SELECT (SELECT SUM(arrivals) FROM {queues}), COUNT(*) FILTER (event IN ({urging})) FROM {events}
"""


class Measure(NamedTuple):
    """`query` gives (how many there were, how many of them have the mark); `drawn`: each thing is an application's own, so that
    its share has a 95% interval (an outage delays many payments at once: theirs has none)."""

    name: str
    words: Words
    means: Words
    query: str
    drawn: bool = False


def _listed(events: tuple[str, ...]) -> str:
    return ", ".join(f"'{event}'" for event in events)


def _any(*events: str) -> str:
    return f"BOOL_OR(event IN ({_listed(events)}))"


def _things(key: str, there: str, marked: str) -> str:
    """Counts the things that `key` tells apart: those that are `there`, and those of them that are `marked`."""
    return (
        f"SELECT COUNT(*) FILTER (there), COUNT(*) FILTER (there AND marked) FROM (SELECT {there} AS there, {marked} AS marked "
        f"FROM {{events}} WHERE {key} > 0 GROUP BY {key})"
    )


def _rows(there: tuple[str, ...], marked: str) -> str:
    """Counts events where each is a thing of its own."""
    return f"SELECT COUNT(*) FILTER (event IN ({_listed(there)})), COUNT(*) FILTER (event = '{marked}') FROM {{events}}"


_NOTICES = ("notice_pushed", "notice_texted", "notice_posted", "notice_failed")
_FORM_FAULTS = ("application_refused", "material_refused", "materials_overdue", "supplement_asked")
_OPINION = "event = 'node_decided' AND reason IN ('approve', 'reduce', 'decline')"
_TWO_OPINIONS = f"COUNT(*) FILTER ({_OPINION}) >= 2 AND NOT {_any('re_approval_opened')}"
_BOTH_WAYS = f"COUNT(DISTINCT reason = 'decline') FILTER ({_OPINION}) = 2"

MEASURES = (
    Measure(
        "right_first_time",
        ("Right the first time", "一次办对"),
        (
            (
                "Applications of this run whose form and materials were never refused, were in time, and for which no supplement "
                "was asked, of all that were submitted."
            ),
            "申请表和资料未被退回、按时交齐且未要求补件的申请，占本次运行全部申请。",
        ),
        _things("case_no", _any("application_submitted"), f"NOT {_any(*_FORM_FAULTS)}"),
        drawn=True,
    ),
    Measure(
        "supplemented",
        ("Sent back for supplements", "退回补件"),
        (
            "Accepted applications that an approver sent back for supplements, of all accepted ones.",
            "审批岗退回补件的申请，占全部已受理申请。",
        ),
        _things("case_no", _any("application_accepted"), _any("supplement_asked")),
        drawn=True,
    ),
    Measure(
        "late_tasks",
        ("Tasks past their limit", "任务超时"),
        (
            "Tasks that the bank urged because their limit passed, of all tasks put to a desk.",
            "因超过时限而被催办的任务，占全部派到岗位的任务。",
        ),
        _LATE_TASKS.replace("{urging}", _listed(URGING)),
    ),
    Measure(
        "overturned",
        ("Opinions overturned", "意见被推翻"),
        (
            (
                "Cases in which one approver said yes and another no, of those with two or more such opinions; cases approved "
                "anew at the customer's wish are left out."
            ),
            "有人同意、有人拒绝的申请，占有两份以上审批意见的申请；应客户要求重新审批的除外。",
        ),
        _things("case_no", _TWO_OPINIONS, _BOTH_WAYS),
        drawn=True,
    ),
    Measure(
        "contracts_changed",
        ("Contracts changed or cancelled after offer", "合同出具后更改或作废"),
        (
            "Cases whose contract was returned, withdrawn or cancelled once it had been offered, of those that had one.",
            "合同出具后被退回修改、撤回或作废的申请，占全部已出具合同的申请。",
        ),
        _things(
            "case_no", _any("contract_generated"), _any("contract_returned", "contract_withdrawn", "contract_cancelled")
        ),
        drawn=True,
    ),
    Measure(
        "payouts_rejected",
        ("Payouts sent back at review", "放款复核退回"),
        (
            "Loans whose payout the reviewer sent back at least once, of those whose payout was initiated.",
            "放款复核至少退回一次的借据，占全部已发起放款的借据。",
        ),
        _things("loan", _any("disbursement_initiated"), _any("disbursement_rejected")),
        drawn=True,
    ),
    Measure(
        "payments_delayed",
        ("Payments delayed", "到账延迟"),
        (
            "Loans whose payment arrived later than the bank promises, of those whose instruction was sent.",
            "到账时间超过承诺时限的借据，占全部已发送支付指令的借据。",
        ),
        _things("loan", _any("instruction_sent"), _any("payment_delayed")),
    ),
    Measure(
        "payments_failed",
        ("Payments that came back", "支付失败退回"),
        (
            "Loans whose payment failed at least once, of those whose instruction was sent.",
            "支付至少失败一次的借据，占全部已发送支付指令的借据。",
        ),
        _things("loan", _any("instruction_sent"), _any("payment_failed")),
    ),
    Measure(
        "notices_failed",
        ("Notices that reached nobody", "通知未送达"),
        (
            "Notices that came through by no channel, of all notices that were delivered or given up.",
            "各渠道均未送达的通知，占全部已送达或放弃的通知。",
        ),
        _rows(_NOTICES, "notice_failed"),
    ),
    Measure(
        "notices_late",
        ("Notices late", "通知迟到"),
        (
            "Notices that came after their limit, of all notices that were delivered or given up.",
            "超过时限才送达的通知，占全部已送达或放弃的通知。",
        ),
        _rows(_NOTICES, "notice_late"),
    ),
)


def quality(connection: duckdb.DuckDBPyConnection, tables: dict[str, str]) -> dict[str, dict[str, int]]:
    """Each measure of a run as ``{"of": how many there were, "count": how many of them have the mark}``."""
    found = {}
    for measure in MEASURES:
        if "{queues}" in measure.query and "queues" not in tables:
            found[measure.name] = {"of": 0, "count": 0}
            continue
        of, count = connection.execute(measure.query.format(**tables)).fetchall()[0]
        found[measure.name] = {"of": int(of or 0), "count": int(count or 0)}
    return found
