"""Quality beside time (SVC-05): how often the bank's work was right, late, sent back or undone. Each measure is defined here,
once, as a count of things and of those among them with a mark, from the run's own events; summary, report and `compare` tell
these."""

from __future__ import annotations

from typing import Literal, NamedTuple

import duckdb

from credit.room import Words
from results.queries import URGING


class Measure(NamedTuple):
    """`each`: the column that tells the things apart, or "event" where each event is one · `there`, `marked`: which count, and
    which of those have the mark, in SQL; of things over all their events, and of both where
    they are marked; of events as they are, each by itself · `drawn`: each thing is an
    application's own, so that its share has a 95% interval (an outage delays many payments at once: theirs has none)."""

    name: str
    words: Words
    means: Words
    each: Literal["case_no", "loan", "event"]
    there: str
    marked: str
    drawn: bool = False


def _is(*events: str) -> str:
    return f"event IN ({', '.join(repr(event) for event in events)})"


def _any(*events: str) -> str:
    return f"BOOL_OR({_is(*events)})"


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
        "case_no",
        _any("application_submitted"),
        f"NOT {_any(*_FORM_FAULTS)}",
        drawn=True,
    ),
    Measure(
        "supplemented",
        ("Sent back for supplements", "退回补件"),
        (
            "Accepted applications that an approver sent back for supplements, of all accepted ones.",
            "审批岗退回补件的申请，占全部已受理申请。",
        ),
        "case_no",
        _any("application_accepted"),
        _any("supplement_asked"),
        drawn=True,
    ),
    Measure(
        "late_tasks",
        ("Tasks past their limit", "任务超时"),
        (
            "Tasks that the bank urged because their limit passed, of all tasks put to a desk.",
            "因超过时限而被催办的任务，占全部派到岗位的任务。",
        ),
        "event",
        _is(*URGING),
        _is(*URGING),
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
        "case_no",
        _TWO_OPINIONS,
        _BOTH_WAYS,
        drawn=True,
    ),
    Measure(
        "contracts_changed",
        ("Contracts changed or cancelled after offer", "合同出具后更改或作废"),
        (
            "Cases whose contract was returned, withdrawn or cancelled once it had been offered, of those that had one.",
            "合同出具后被退回修改、撤回或作废的申请，占全部已出具合同的申请。",
        ),
        "case_no",
        _any("contract_generated"),
        _any("contract_returned", "contract_withdrawn", "contract_cancelled"),
        drawn=True,
    ),
    Measure(
        "payouts_rejected",
        ("Payouts sent back at review", "放款复核退回"),
        (
            "Loans whose payout the reviewer sent back at least once, of those whose payout was initiated.",
            "放款复核至少退回一次的借据，占全部已发起放款的借据。",
        ),
        "loan",
        _any("disbursement_initiated"),
        _any("disbursement_rejected"),
        drawn=True,
    ),
    Measure(
        "payments_delayed",
        ("Payments delayed", "到账延迟"),
        (
            "Loans whose payment arrived later than the bank promises, of those whose instruction was sent.",
            "到账时间超过承诺时限的借据，占全部已发送支付指令的借据。",
        ),
        "loan",
        _any("instruction_sent"),
        _any("payment_delayed"),
    ),
    Measure(
        "payments_failed",
        ("Payments that came back", "支付失败退回"),
        (
            "Loans whose payment failed at least once, of those whose instruction was sent.",
            "支付至少失败一次的借据，占全部已发送支付指令的借据。",
        ),
        "loan",
        _any("instruction_sent"),
        _any("payment_failed"),
    ),
    Measure(
        "notices_failed",
        ("Notices that reached nobody", "通知未送达"),
        (
            "Notices that came through by no channel, of all notices that were delivered or given up.",
            "各渠道均未送达的通知，占全部已送达或放弃的通知。",
        ),
        "event",
        _is(*_NOTICES),
        _is("notice_failed"),
    ),
    Measure(
        "notices_late",
        ("Notices late", "通知迟到"),
        (
            "Notices that came after their limit, of all notices that were delivered or given up.",
            "超过时限才送达的通知，占全部已送达或放弃的通知。",
        ),
        "event",
        _is(*_NOTICES),
        _is("notice_late"),
    ),
)


def quality(connection: duckdb.DuckDBPyConnection, tables: dict[str, str]) -> dict[str, dict[str, int]]:
    """Each measure of a run as ``{"of": how many there were, "count": how many of them have the mark}``; one pass over the
    events for all that tell things apart by the same column."""
    found: dict[str, dict[str, int]] = {}
    for each in ("case_no", "loan", "event"):
        mine = [one for one in MEASURES if one.each == each]
        columns = ", ".join(f"{one.there} AS there_{one.name}, {one.marked} AS marked_{one.name}" for one in mine)
        grouped = "" if each == "event" else f" WHERE {each} > 0 GROUP BY {each}"
        both = "" if each == "event" else "there_{0} AND "
        counts = ", ".join(
            f"COUNT(*) FILTER (there_{one.name}), COUNT(*) FILTER ({both.format(one.name)}marked_{one.name})"
            for one in mine
        )
        [row] = connection.execute(
            f"SELECT {counts} FROM (SELECT {columns} FROM {tables['events']}{grouped})"
        ).fetchall()
        pairs = zip(row[::2], row[1::2], strict=True)
        found |= {one.name: {"of": int(of), "count": int(count)} for one, (of, count) in zip(mine, pairs, strict=True)}
    found["late_tasks"]["of"] = _tasks(connection, tables)
    return {one.name: found[one.name] for one in MEASURES}


def _tasks(connection: duckdb.DuckDBPyConnection, tables: dict[str, str]) -> int:
    """How many tasks were put to desks: no event says it, the queues do."""
    if "queues" not in tables:
        return 0
    [(arrivals,)] = connection.execute(f"SELECT SUM(arrivals) FROM {tables['queues']}").fetchall()
    return int(arrivals or 0)
