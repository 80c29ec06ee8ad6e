"""Thresholds of a load test: what a bank must hold for the test to be passed. Each is one check with its own words, so that a
person, a build server (JUnit XML) and an exit code say the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lendrill.errors import UserError

WORDS: dict[str, tuple[str, str]] = {
    "offered_share": (
        "of visits begun on time, {part} of {of} scheduled (below it the generator could not keep the rate)",
        "按时发起：计划 {of} 次访问中的 {part} 次（低于阈值说明发压端跟不上）",
    ),
    "p99_ms": (
        "ms p99 of {of} accepted applications, from the intended start",
        "毫秒：{of} 笔受理申请的 p99（自计划时刻起）",
    ),
    "error_rate": ("of all visits failed, {part} of {of} offered", "失败：全部访客发起 {of} 次访问中的 {part} 次"),
    "shed_rate": ("of all visits shed, {part} of {of} offered", "拒流：全部访客发起 {of} 次访问中的 {part} 次"),
    "decided_within": (
        "of the automatic lane decided within {within} s, {part} of {of} who waited and were not referred",
        "自动通道在 {within} 秒内出结果：等待且未转人工的 {of} 笔中的 {part} 笔",
    ),
    "stepless": ("cases shown without a step", "件查询不到当前环节"),
    "cases_stuck": (
        "stuck of {of} cases looked at again: their time has passed without progress",
        "件停滞（复查 {of} 件）：预计时间已过而无进展",
    ),
    "tasks_unurged": ("not urged, of {of} tasks past their limit", "件未催办（超时任务共 {of} 件）"),
    "faults_borne": (
        "of a failing partner's visits answered as they should be, {part} of {of} that were not shed",
        "故障合作方得到应有的答复：未被拒流的 {of} 次访问中的 {part} 次",
    ),
    "ledger": ("fen is the trial balance out by, over {of} postings", "分：试算平衡差额（分录 {of} 笔）"),
    "replay": (
        "the day book worked again gives the same digests, over {of} windows",
        "日志重演摘要一致（{of} 个窗口）",
    ),
    "ready": ("/health ready at the end", "结束时 /health 就绪"),
}
"""Each check in English and Chinese, after what was measured; of a share, what it is a share of."""


@dataclass(frozen=True)
class Proof:
    """What the bank's books prove. None: they could not be looked at."""

    trial_balance_fen: int | None = None
    postings: int = 0
    equal: bool | None = None
    """Whether the bank worked again from its day book is the bank that was."""
    windows: int = 0
    why: str = ""


NOT_PROVED = Proof()


@dataclass(frozen=True)
class Limits:
    """What must hold. None: is not asked."""

    p99_ms: float | None = None
    """Of accepted applications, from the intended start."""
    error_rate: float | None = 0.01
    """Failed, of those offered; what was shed is none."""
    shed_rate: float | None = None
    offered_share: float | None = 0.95
    """Begun on time, of those scheduled: below it the generator, not the bank, was measured."""
    decided_within_s: float | None = None
    decided_share: float = 0.95
    """Of those who waited for the automatic lane and were not referred to a desk."""

    def __post_init__(self) -> None:
        """Refuses impossible values. Raises UserError."""
        if self.p99_ms is not None and not (math.isfinite(self.p99_ms) and self.p99_ms > 0):
            raise UserError(f"--p99-ms {self.p99_ms:g}: impossible", "give more than 0")
        shares = (("--error-rate", self.error_rate), ("--shed-rate", self.shed_rate), ("--offered-share", self.offered_share),
                  ("--decided-within: share", self.decided_share))  # fmt: skip
        for option, share in shares:
            if share is not None and not 0 <= share <= 1:
                raise UserError(f"{option} {share:g}: impossible", "a share is 0 to 1")
        if self.decided_within_s is not None and not 0 < self.decided_within_s <= 60:
            raise UserError(
                f"--decided-within {self.decided_within_s:g}: impossible", "more than 0 and at most 60 seconds"
            )


def decided_within(text: str | None) -> dict[str, float]:
    """``3=0.99`` as limits have it. UserError for what is none."""
    if text is None:
        return {}
    seconds, _, share = text.partition("=")
    try:
        return {"decided_within_s": float(seconds), "decided_share": float(share or 0.95)}
    except ValueError:
        raise UserError(f"--decided-within {text}: no such limit", "right is 3=0.99: 99 % within 3 seconds") from None


def judged(limits: Limits, load: dict[str, Any], ready: bool, proof: Proof = NOT_PROVED) -> list[dict[str, Any]]:
    """Every check with what was measured. What could not be looked at is not asked: worklists without an account that sees them,
    the ledger of a bank that has told none, the day book of a bank whose home is elsewhere."""
    visits, applications, found = load["visits"], load["applications"], load["inspected"]
    partner = load["visitors"].get("failing_partner")
    checks = [
        _share("offered_share", visits["offered"] - visits["late"], visits["scheduled"], limits.offered_share, at_least=True),
        _check("p99_ms", applications.get("latency_ms", {}).get("p99"), limits.p99_ms, of=applications["accepted"]),
        _share("error_rate", visits["failed"], visits["offered"], limits.error_rate),
        _share("shed_rate", visits["shed"], visits["offered"], limits.shed_rate),
        _decided(limits, load),
        _check("stepless", visits["stepless"], 0),
        _check("cases_stuck", found["stuck"], 0 if found["cases"] else None, of=found["cases"]),
        _check("tasks_unurged", found["unurged"], 0 if found["worklists"] else None, of=found["late"]),
        None if partner is None else _faults_borne(partner),
        _check("ledger", proof.trial_balance_fen and abs(proof.trial_balance_fen), None if proof.trial_balance_fen is None else 0,
               of=proof.postings),
        _check("replay", proof.equal and int(proof.equal), None if proof.equal is None else 1, at_least=True, of=proof.windows,
               more=proof.why),
        _check("ready", int(ready), 1, at_least=True),
    ]  # fmt: skip
    return [check for check in checks if check is not None]


def _faults_borne(partner: dict[str, Any]) -> dict[str, Any] | None:
    """Of a failing partner's visits that were not shed, those that the bank answered as it should."""
    return _share("faults_borne", partner["completed"], partner["offered"] - partner["shed"], 1, at_least=True)


def _decided(limits: Limits, load: dict[str, Any]) -> dict[str, Any] | None:
    """Between the seconds that the histogram was read at, the next lower counts."""
    if limits.decided_within_s is None:
        return None
    of = load["applications"]
    reached = [count for step, count in load["decision_s"].items() if float(step) <= limits.decided_within_s]
    return _share(
        "decided_within", max(reached, default=0), of["waited"] - of["referred"], limits.decided_share, at_least=True,
        within=f"{limits.decided_within_s:g}",
    )  # fmt: skip


def _share(
    name: str, part: int, whole: int, limit: float | None, *, at_least: bool = False, within: str = ""
) -> dict[str, Any] | None:
    """A check of a part of a whole, told in per cent and with both of them."""
    share = part / whole if whole else None
    return _check(name, share, limit, at_least=at_least, of=whole, part=part, within=within)


def _check(
    name: str,
    measured: float | None,
    limit: float | None,
    *,
    at_least: bool = False,
    of: int = 0,
    more: str = "",
    part: int | None = None,
    within: str = "",
) -> dict[str, Any] | None:
    """None where it is not asked; broken where there is nothing to measure."""
    if limit is None:
        return None
    held = measured is not None and (measured >= limit if at_least else measured <= limit)
    times, digits, unit = (1, 6, "") if part is None else (100, 4, " %")
    found = ("nothing", "无数据") if measured is None else (f"{times * measured:.{digits}g}{unit}",) * 2
    about = [text.format(of=f"{of:,}", part=f"{part or 0:,}", within=within) for text in WORDS[name]]
    bound = ("at least", "不低于") if at_least else ("at most", "不高于")
    said = [
        f"{value} {text}{mark}{way} {times * limit:g}{unit}"
        for value, text, mark, way in zip(found, about, ("; ", "；"), bound, strict=True)
    ]
    said = [f"{text}: {more}" if more else text for text in said]
    return {
        "name": name, "measured": measured, "limit": limit, "at_least": at_least, "held": held,
        "said": f"{name}: {said[0]}", "words": said,
    }  # fmt: skip
