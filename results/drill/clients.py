"""What the drill's clients met with: how many came, what became of them, how long they waited, whom it touched, and what of that
the bank does not hold afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from results.drill.record import Record, Request, Try
from results.drill.recovery import Disruption, quantile, rounded
from results.drill.words import OUTCOMES, SERVICES

SHOWN = 100
"""So many of the customers touched are listed."""
PHASES = ("before", "during", "after")


def counts(requests: Sequence[Request]) -> dict[str, int]:
    """Offered, and what became of them; `unanswered`: given up, or never answered in the record."""
    acknowledged = sum(one.acknowledged is not None for one in requests)
    answered = sum(one.answer is not None for one in requests)
    return {
        "offered": len(requests),
        "acknowledged": acknowledged,
        "refused": answered - acknowledged,
        "unanswered": len(requests) - answered,
        "tries": sum(len(one.tries) for one in requests),
    }


def by_service(requests: Sequence[Request]) -> dict[str, dict[str, int]]:
    """The same of each service."""
    return {name: counts([one for one in requests if one.service == name]) for name in SERVICES}


def latency(requests: Sequence[Request], phase_of: Callable[[float], str]) -> dict[str, dict[str, Any]]:
    """[s] Median, p95 and p99 from the intended start, by phase; None where the percentile was not answered at all."""
    found: dict[str, dict[str, Any]] = {}
    for phase in PHASES:
        mine = [one for one in requests if phase_of(one.t) == phase]
        waits = [one.wait_s for one in mine]
        found[phase] = {
            "requests": len(mine),
            "refused": sum(one.answer is not None and one.acknowledged is None for one in mine),
            "unanswered": sum(one.answer is None for one in mine),
        } | {
            name: None if (value := quantile(waits, share)) is None or value == float("inf") else rounded(value)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        }
    return found


def phases(spans: Sequence[tuple[float, float]]) -> Callable[[float], str]:
    """Before the first of these spans, during one, or after one."""
    first = min((begin for begin, _ in spans), default=float("inf"))

    def phase_of(moment: float) -> str:
        if moment < first:
            return "before"
        return "during" if any(begin <= moment < end for begin, end in spans) else "after"

    return phase_of


def failed(one: Try) -> bool:
    """A try that was not answered."""
    return one.outcome in ("again", "given_up")


def errors(tries: Sequence[Try]) -> list[dict[str, Any]]:
    """Tries without an answer: by second in which they ended, site asked, and status (0: nothing answered)."""
    found = Counter((int(one.done), one.site, one.status) for one in tries if failed(one))
    return [
        {"second": second, "site": site, "status": status, "tries": n}
        for (second, site, status), n in sorted(found.items())
    ]


def touched(requests: Sequence[Request]) -> dict[str, Any]:
    """Applications that took more than one try, or were never answered: how many, and the first of them."""
    mine = [one for one in requests if one.tries[0].written and (len(one.tries) > 1 or one.answer is None)]
    return {
        "count": len(mine),
        "first": [
            {
                "id": one.id,
                "case": one.answer.case if one.answer else 0,
                "t": rounded(one.t),
                "tries": len(one.tries),
                "wait_s": rounded(one.until - one.t),
                "sites": [of.site for of in one.tries],
                "outcome": one.answer.outcome if one.answer else one.tries[-1].outcome,
            }
            for one in mine[:SHOWN]
        ],
    }


def promised(requests: Sequence[Request]) -> list[Request]:
    """Writes that were acknowledged: the bank owes them."""
    return [one for one in requests if one.tries[0].written and one.acknowledged is not None]


def lost(record: Record, found: Sequence[Disruption]) -> dict[str, Any]:
    """What was acknowledged and is not in the bank afterwards, in all, by service and by fault. RPO of a fault: from the first of
    its lost acknowledgements to the fault, or to the last of them where that came later; a loss is the next fault's, else the
    last's."""
    by_id = {one.id: one for one in record.requests}
    ids = list(dict.fromkeys(record.final["lost"]))
    faults = [place for place, one in enumerate(found) if one.kind != "over"]
    times: dict[int, list[float]] = {place: [] for place in faults}
    for one in ids:
        ack = by_id[one].acknowledged if one in by_id else None
        if ack is not None and faults:
            times[next((place for place in faults if found[place].t >= ack.done), faults[-1])].append(ack.done)
    services = Counter(by_id[one].service if one in by_id else "?" for one in ids)
    return {
        "ids": ids,
        "by_service": {name: services[name] for name in SERVICES},
        "by_disruption": {
            place: {"lost": len(of), "rpo_s": rounded(max([found[place].t, *of]) - min(of)) if of else 0.0}
            for place, of in times.items()
        },
    }


def doubled(record: Record) -> list[str]:
    """Requests that became two cases: as the bank's books show, and as the clients were told. The number of a case that was lost
    may be given again: that is a loss, which is told elsewhere."""
    told: list[str] = []
    owner: dict[int, str] = {}
    lost = frozenset(record.final["lost"])
    for one in record.requests:
        if one.id in lost:
            continue
        cases = {of.case for of in one.tries if of.outcome == "acknowledged" and of.case}
        if one.tries[0].written and (len(cases) > 1 or any(owner.get(case, one.id) != one.id for case in cases)):
            told.append(one.id)
        if one.tries[0].written:
            owner |= dict.fromkeys(sorted(cases), one.id)
    return list(dict.fromkeys([*record.final["doubled"], *told]))


def contradictions(record: Record) -> list[tuple[str, str]]:
    """Where the record does not agree with itself, English and Chinese, a line each."""
    final = record.final
    owed = {one.id for one in promised(record.requests)}
    mine = sum(one.tries[0].written and len(one.tries) > 1 for one in record.requests)
    strange = [one for one in (*final["lost"], *final["doubled"]) if one not in owed]
    pairs: list[tuple[bool, tuple[str, str]]] = [
        (
            final["acknowledged"] != len(owed),
            (
                f"final.json tells of {final['acknowledged']:,} acknowledged writes, the clients of {len(owed):,}",
                f"final.json 称已确认写入 {final['acknowledged']:,} 笔，客户侧为 {len(owed):,} 笔",
            ),
        ),
        (
            final["held"] + len(set(final["lost"])) != final["acknowledged"],
            (
                f"held {final['held']:,} and lost {len(set(final['lost'])):,} are not the {final['acknowledged']:,} acknowledged",
                f"在库 {final['held']:,} 与丢失 {len(set(final['lost'])):,} 之和不等于已确认 {final['acknowledged']:,}",
            ),
        ),
        (
            final["customers_touched"] != mine,
            (
                f"final.json tells of {final['customers_touched']:,} customers touched, the tries of {mine:,}",
                f"final.json 称受影响客户 {final['customers_touched']:,} 位，尝试记录为 {mine:,} 位",
            ),
        ),
        (
            bool(strange),
            (
                f"never acknowledged, yet told as lost or doubled: {', '.join(strange[:3])}",
                f"从未确认却列为丢失或重复：{', '.join(strange[:3])}",
            ),
        ),
    ]
    pairs += [
        (
            True,
            (
                f"{one.id}: {of.outcome} with status {of.status}",
                f"{one.id}：{OUTCOMES[of.outcome][1]}，状态码 {of.status}",
            ),
        )
        for one in record.requests
        for of in one.tries
        if (of.outcome == "acknowledged") != (200 <= of.status < 300) and of.outcome in ("acknowledged", "refused")
    ][:3]
    return [words for holds, words in pairs if holds]


def struck(record: Record) -> dict[str, int | None]:
    """Of each partner that something befell, the bank's calls that met with it, as its day book worked again shows them."""
    found = record.final.get("struck", {})
    return {one["partner"]: found.get(one["partner"]) for one in record.drill["befalls"] if one.get("partner")}
