"""The regulator's checklist (监管检查单) of a drill, ``checklist.toml``, filled from the evidence. A line that the record can't
fill is marked as people's. Each keeps where it is from: [V] was read in a published rule or report, [J] is judged from
practice."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib import resources
from itertools import pairwise
from typing import Any

from credit.room import Words
from results.drill.words import FAULTS, SERVICES, place, words_of

RTO_CEILING_S, RPO_CEILING_S = 4 * 3_600, 30 * 60
"""[s] Of important services: 银监发〔2011〕104号, as secondary texts give it."""
_LEVELS: tuple[tuple[float, Words], ...] = (
    (1_800, ("III: one province for half an hour or longer", "三级：一省半小时及以上")),
    (10_800, ("II: one province for three hours or longer", "二级：一省三小时及以上")),
)
"""[s] Levels of the rule of 2008 for a bank in one province; two provinces count one level higher."""
Found = Words | None


def checklist(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    """Every line, with what the record says to it; `found` is null where people fill it in."""
    lines = []
    for item in tomllib.loads(resources.files("results.drill").joinpath("checklist.toml").read_text("utf-8"))["items"]:
        fill = FILLS.get(item["name"])
        found = fill(evidence) if fill is not None else None
        words = [item["en"], item["zh"]]
        lines.append(
            {
                "name": item["name"],
                "words": words,
                "source": item["source"],
                "source_en": item.get("source_en", item["source"]),
                "found": found and list(found),
            }
        )
    return lines


def _s(value: float | None) -> Words:
    return ("not measured", "无法测得") if value is None else (f"{value:,.1f} s", f"{value:,.1f} 秒")


def _joined(of: list[Words]) -> Found:
    return ("; ".join(one[0] for one in of), "；".join(one[1] for one in of)) if of else None


def _faults(of: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in of["disruptions"] if one["kind"] != "over"]


def _named(one: dict[str, Any]) -> Words:
    what, where = FAULTS.get(one["what"], (one["what"],) * 2), place(one["place"])
    return f"{where[0]}: {what[0]}", f"{where[1]}{what[1]}"


def _targets(of: dict[str, Any]) -> Found:
    return _joined(
        [
            (f"{name[0]} {one['target_rto_s']:g} s", f"{name[1]} {one['target_rto_s']:g} 秒")
            for key, name in SERVICES.items()
            if (one := of["services"][key])["target_rto_s"] is not None
        ]
    )


def _ceilings(of: dict[str, Any]) -> Found:
    rto = [one["rto_s"] for one in of["services"].values()]
    if None in rto:
        return "a service was not measured or not back", "有业务无法测得或未恢复"
    worst, rpo = max(rto), max((one["rpo_s"] for one in _faults(of)), default=0.0)
    within = worst <= RTO_CEILING_S and rpo <= RPO_CEILING_S
    return (
        f"longest RTO {worst:.1f} s, RPO {rpo:.1f} s: {'within' if within else 'above'} the ceilings",
        f"最长 RTO {worst:.1f} 秒，RPO {rpo:.1f} 秒：{'未超' if within else '超过'}上限",
    )


def _scenario(of: dict[str, Any]) -> Found:
    drill = of["drill"]
    return f"{drill['name_en']}. {drill['about_en']}", f"{drill['name_zh']}。{drill['about_zh']}"


def _scope(of: dict[str, Any]) -> Found:
    load, sites, loans = of["drill"]["load"], len(of["sites"]), of["books"]["loans"]
    rate, seconds = load["applications_s"], load["seconds"]
    book = ("not known", "未知") if loans is None else (f"{loans:,}", f"{loans:,}")
    which = (
        ("a bank founded for the drill, no production", "为演练新建的银行，不涉生产")
        if of["bank"]["founded"]
        else (f"the bank that runs in {of['bank']['home']}", f"在运行的银行（{of['bank']['home']}）")
    )
    return (
        f"{sites} sites, loans in the book {book[0]}, {rate:g} applications a second for {seconds:g} s; {which[0]}",
        f"{sites} 个中心，在贷 {book[1]} 笔，{seconds:g} 秒内每秒 {rate:g} 笔申请；{which[1]}",
    )


def _impact(of: dict[str, Any]) -> Found:
    counts, n = of["clients"], of["touched"]["count"]
    return (
        f"drilled customers: {n:,} applications took more than one try, {counts['unanswered']:,} requests had no answer",
        f"演练客户：{n:,} 笔申请需重试，{counts['unanswered']:,} 笔请求未获答复",
    )


def _steps(of: dict[str, Any], told: Callable[[dict[str, Any]], list[tuple[Words, float | None]]]) -> Found:
    """A line a fault: its steps, each with its seconds."""
    lines: list[Words] = []
    for one in _faults(of):
        name, at = _named(one), one["t"]
        steps = [(words, value) for words, value in told(one) if value is not None]
        english = ", ".join(f"{words[0]} {value:.1f} s" for words, value in steps) or "unnoticed"
        chinese = "，".join(f"{words[1]} {value:.1f} 秒" for words, value in steps) or "无感"
        lines.append((f"{name[0]} at {at:.1f} s: {english}", f"{at:.1f} 秒 {name[1]}：{chinese}"))
    return _joined(lines)


def _timeline(of: dict[str, Any]) -> Found:
    return _steps(
        of,
        lambda one: [
            (words, None if moment is None else moment - one["t"])
            for words, moment in (
                (("noticed after", "发现"), one["noticed"]),
                (("decided after", "决策"), (one["decision"] or {}).get("decided")),
                (("switched after", "切换"), one["switched"]),
                (("full service after", "全面恢复"), one["back"]),
            )
        ],
    )


def _apart(of: dict[str, Any]) -> Found:
    return _steps(
        of,
        lambda one: [
            (("detection", "发现"), one["apart"]["detection_s"]),
            (("decision", "决策"), one["apart"]["decision_s"]),
            (("technical", "技术"), one["apart"]["technical_s"]),
        ],
    )


def _per_service(of: dict[str, Any]) -> Found:
    lines: list[Words] = []
    for key, name in SERVICES.items():
        one = of["services"][key]
        rto = words_of("not_back") if one["state"] == "not_back" else _s(one["rto_s"])
        target = (
            ("none", "未定")
            if one["target_rto_s"] is None
            else (f"{one['target_rto_s']:g} s", f"{one['target_rto_s']:g} 秒")
        )
        lost = ("only read", "仅查询") if one["lost"] is None else (f"lost {one['lost']}", f"丢失 {one['lost']} 笔")
        lines.append(
            (
                f"{name[0]} RTO {rto[0]} (target {target[0]}), {lost[0]}",
                f"{name[1]} RTO {rto[1]}（目标 {target[1]}），{lost[1]}",
            )
        )
    return _joined(lines)


def _transactions(of: dict[str, Any]) -> Found:
    latency, lost, doubled = of["clients"]["latency_s"], len(of["lost"]["ids"]), len(of["doubled"])
    before, during, after = (latency[phase]["requests"] for phase in ("before", "during", "after"))
    return (
        f"requests before {before:,}, until recovered {during:,}, afterwards {after:,}; lost {lost:,}, doubled {doubled:,}",
        f"故障前 {before:,} 笔，故障至恢复 {during:,} 笔，恢复后 {after:,} 笔；丢失 {lost:,}，重复 {doubled:,}",
    )


def _reconciled(of: dict[str, Any]) -> Found:
    books = of["books"]
    if books["trial_balance_fen"] is None:
        return None
    book, ledger = (_fen(value) for value in books["principal_fen"].values())
    trial, postings = books["trial_balance_fen"], books["postings"]
    return (
        f"principal by loan {book} fen, by ledger {ledger} fen; trial balance {trial} fen over {postings:,} postings",
        f"贷款本金 {book} 分，总账本金 {ledger} 分；试算平衡差额 {trial} 分（分录 {postings:,} 笔）",
    )


def _fen(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _day_end(of: dict[str, Any]) -> Found:
    return ("done", "已完成") if of["books"]["day_ended"] else ("not done", "未完成")


def _switch_back(of: dict[str, Any]) -> Found:
    """Real where another site led while customers came, and the first one led again."""
    if not (terms := of["leading"]["terms"]):
        return None
    names = [terms[0]["site"], *(other["site"] for one, other in pairwise(terms) if one["site"] != other["site"])]
    if len(names) < 2:
        return "no other site led", "未发生切换"
    back = (", switched back", "，已回切") if names[0] in names[1:] else (", not switched back", "，未回切")
    return (
        f"real takeover under load: {' → '.join(names)}{back[0]}",
        f"业务负载下真实接管：{' → '.join(place(one)[1] for one in names)}{back[1]}",
    )


def _decided(of: dict[str, Any]) -> Found:
    lines: list[Words] = [
        (
            f"{one['what']} to {one['site']}: {', '.join(one['by']) or 'nobody'}",
            f"{FAULTS[one['what']][1]}至{place(one['site'])[1]}：{'、'.join(one['by']) or '无人'}",
        )
        for one in of["decisions"]
    ]
    return _joined(lines + ([words_of("played")] if lines and of["played"] else []))


def _level(of: dict[str, Any]) -> Found:
    """By the longest that any service was away; None where that is not known."""
    rto = [one["rto_s"] for one in of["services"].values()]
    if None in rto:
        return None
    reached = [words for limit, words in _LEVELS if max(rto) >= limit]
    return reached[-1] if reached else ("below every level", "未达任何级别")


def _issues(of: dict[str, Any]) -> Found:
    """Expectations that were missed; owners, deadlines and the retest are people's."""
    missed = [one["words"] for one in of["expectations"] if not one["held"]]
    return _joined([(one[0], one[1]) for one in missed]) or ("no expectation missed", "无未达成的预期")


FILLS: dict[str, Callable[[dict[str, Any]], Found]] = {
    "targets": _targets,
    "ceilings": _ceilings,
    "switch_back": _switch_back,
    "scenario": _scenario,
    "scope": _scope,
    "impact": _impact,
    "timeline": _timeline,
    "apart": _apart,
    "decided": _decided,
    "per_service": _per_service,
    "transactions": _transactions,
    "reconciled": _reconciled,
    "day_end": _day_end,
    "level": _level,
    "issues": _issues,
}
"""What the record says to a line; the others are people's to fill."""
