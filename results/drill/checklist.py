"""The regulator's checklist (监管检查单) of a drill: what its evidence must hold in China. A line is filled from the record, or marked
as people's to fill. Each keeps where it is from: [V] was read in a published rule or report, [J] is judged from practice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

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


class Item(NamedTuple):
    """A line of the checklist."""

    name: str
    words: Words
    source: str
    """[V] or [J], with the rule where one is named."""
    fill: Callable[[dict[str, Any]], Found]
    """From the evidence; None: people fill it in."""


def checklist(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    """Every line, with what the record says to it; `found` is null where people fill it in."""
    return [
        {
            "name": one.name,
            "words": list(one.words),
            "source": one.source,
            "found": None if (found := one.fill(evidence)) is None else list(found),
        }
        for one in ITEMS
    ]


def _people(of: dict[str, Any]) -> Found:
    del of


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
    return _joined([
        (f"{name[0]} {one['target_rto_s']:g} s", f"{name[1]} {one['target_rto_s']:g} 秒")
        for key, name in SERVICES.items() if (one := of["services"][key])["target_rto_s"] is not None
    ])  # fmt: skip


def _ceilings(of: dict[str, Any]) -> Found:
    rto = [one["rto_s"] for one in of["services"].values()]
    if None in rto:
        return "a service was not measured or not back", "有业务无法测得或未恢复"
    worst, rpo = max(rto), max((one["rpo_s"] for one in _faults(of)), default=0.0)
    within = worst <= RTO_CEILING_S and rpo <= RPO_CEILING_S
    return (f"longest RTO {worst:.1f} s, RPO {rpo:.1f} s: {'within' if within else 'above'} the ceilings",
            f"最长 RTO {worst:.1f} 秒，RPO {rpo:.1f} 秒：{'未超' if within else '超过'}上限")  # fmt: skip


def _scenario(of: dict[str, Any]) -> Found:
    drill = of["drill"]
    return f"{drill['name_en']}. {drill['about_en']}", f"{drill['name_zh']}。{drill['about_zh']}"


def _scope(of: dict[str, Any]) -> Found:
    load, n = of["drill"]["load"], len(of["sites"])
    return (
        f"{n} sites, a book of {of['bank'].get('portfolio', 0):,} customers, {load['applications_s']:g} applications a second for {load['seconds']:g} s; "
        "a bank of its own, no production",
        f"{n} 个中心，开业存量客户 {of['bank'].get('portfolio', 0):,} 位，{load['seconds']:g} 秒内每秒 {load['applications_s']:g} 笔申请；独立演练环境，不涉生产",
    )


def _impact(of: dict[str, Any]) -> Found:
    counts, n = of["clients"], of["touched"]["count"]
    return (
        f"drilled customers: {n:,} applications took more than one try, {counts['unanswered']:,} requests had no answer",
        f"演练客户：{n:,} 笔申请需重试，{counts['unanswered']:,} 笔请求未获答复",
    )


def _timeline(of: dict[str, Any]) -> Found:
    lines: list[Words] = []
    for one in _faults(of):
        name = _named(one)
        steps = (("noticed", "发现", one["noticed"]), ("decided", "决策", (one["decision"] or {}).get("decided")),
                 ("switched", "切换", one["switched"]), ("full service", "全面恢复", one["back"]))  # fmt: skip
        said = [(english, chinese, moment - one["t"]) for english, chinese, moment in steps if moment is not None]
        lines.append((f"{name[0]} at {one['t']:.1f} s: " + (", ".join(f"{word} +{after:.1f} s" for word, _, after in said) or "unnoticed"),
                      f"{one['t']:.1f} 秒 {name[1]}：" + ("，".join(f"{word} +{after:.1f} 秒" for _, word, after in said) or "无感")))  # fmt: skip
    return _joined(lines)


def _apart(of: dict[str, Any]) -> Found:
    lines: list[Words] = []
    for one in _faults(of):
        apart, name = one["apart"], _named(one)
        told = [
            (words, apart[key]) for key, words in (
                ("detection_s", ("detection", "发现")), ("decision_s", ("decision", "决策")), ("technical_s", ("technical", "技术"))
            ) if apart[key] is not None
        ]  # fmt: skip
        if told:
            lines.append((f"{name[0]}: " + ", ".join(f"{words[0]} {value:.1f} s" for words, value in told),
                          f"{name[1]}：" + "，".join(f"{words[1]} {value:.1f} 秒" for words, value in told)))  # fmt: skip
    return _joined(lines)


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
        lines.append((f"{name[0]} RTO {rto[0]} (target {target[0]}), lost {one['lost']}",
                      f"{name[1]} RTO {rto[1]}（目标 {target[1]}），丢失 {one['lost']} 笔"))  # fmt: skip
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
    book, ledger = books["principal_fen"].values()
    if books["trial_balance_fen"] is None:
        return None
    return (
        f"principal by loan {_fen(book)} fen, by ledger {_fen(ledger)} fen; "
        f"trial balance {books['trial_balance_fen']} fen over {books['postings']:,} postings",
        f"贷款本金 {_fen(book)} 分，总账本金 {_fen(ledger)} 分；"
        f"试算平衡差额 {books['trial_balance_fen']} 分（分录 {books['postings']:,} 笔）",
    )


def _fen(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _day_end(of: dict[str, Any]) -> Found:
    return ("done", "已完成") if of["books"]["day_ended"] else ("not done", "未完成")


def _switch_back(of: dict[str, Any]) -> Found:
    """Real where another site led while customers came, and the first one led again."""
    names = [term["site"] for term in of["leading"]["terms"]]
    if len(set(names)) < 2:
        return "no other site led", "未发生切换"
    back = names[0] in names[names.index(next(one for one in names if one != names[0])) :]
    order = list(dict.fromkeys(zip(names, names[1:], strict=False)))
    told = " → ".join([names[0], *(other for one, other in order if one != other)])
    return (f"real takeover under load: {told}; {'switched back' if back else 'not switched back'}",
            f"业务负载下真实接管：{' → '.join(place(one)[1] for one in told.split(' → '))}；{'已回切' if back else '未回切'}")  # fmt: skip


def _decided(of: dict[str, Any]) -> Found:
    lines: list[Words] = [
        (f"{one['what']} to {one['site']}: {', '.join(one['by']) or 'nobody'}",
         f"{FAULTS[one['what']][1]}至{place(one['site'])[1]}：{'、'.join(one['by']) or '无人'}")
        for one in of["decisions"]
    ]  # fmt: skip
    led = of["leader_people"]
    lines += [(f"led by {', '.join(led)}", f"指挥：{'、'.join(led)}")] if led else []
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


ITEMS: tuple[Item, ...] = (
    Item("bia", ("Business impact analysis: important services, owners, dependencies", "业务影响分析：重要业务、责任人、依赖"), "[V] 银监发〔2011〕104号（二手文本）", _people),
    Item("targets", ("RTO and RPO of each service", "各业务 RTO、RPO 目标"), "[V] 银监发〔2011〕104号（二手文本）", _targets),
    Item("ceilings", ("RTO at most 4 h, RPO at most 30 min", "RTO 不超过 4 小时，RPO 不超过 30 分钟"), "[V] 银监发〔2011〕104号（二手文本）", _ceilings),
    Item("system_rto", ("RTO of the system not above that of the service", "系统 RTO 不高于业务 RTO"), "[V]", _people),
    Item("grade", ("Grade of disaster recovery", "灾难恢复等级"), "[V] GB/T 20988-2025；JR/T 0044", _people),
    Item("yearly", ("Important systems drilled each year; full switch every three years", "重要系统每年演练；每三年全面切换"), "[V]", _people),
    Item("switch_back", ("Real takeover and switch-back", "真实接管与回切"), "[V]", _switch_back),
    Item("scenario", ("Scenario", "演练场景"), "[J]", _scenario),
    Item("scope", ("Scope", "演练范围"), "[J]", _scope),
    Item("approvals", ("Approvals", "审批"), "[J]", _people),
    Item("impact", ("Impact on production and customers", "对生产与客户的影响"), "[J]", _impact),
    Item("rollback", ("Criteria for rolling back", "回退条件"), "[J]", _people),
    Item("observers", ("Observers (audit)", "观察员（审计）"), "[J]", _people),
    Item("notice", ("Notice to the regulator", "向监管报备"), "[J]", _people),
    Item("timeline", ("Timeline: fault, detection, decision, switch, full service, back", "时间线：故障、发现、决策、切换、全面恢复、回切"), "[J]", _timeline),
    Item("apart", ("Detection, decision and technical time apart", "发现、决策、技术耗时分列"), "[J]", _apart),
    Item("decided", ("Who led and who decided", "指挥与决策人员"), "[J]", _decided),
    Item("per_service", ("RTO and RPO, target and actual, per service", "各业务 RTO、RPO 目标与实测"), "[V]", _per_service),
    Item("transactions", ("Transactions before, in flight, lost, doubled", "交易：故障前、在途、丢失、重复"), "[J]", _transactions),
    Item("reconciled", ("Credit and ledger reconciled; trial balance", "信贷与总账核对；试算平衡"), "[J]", _reconciled),
    Item("payment", ("Core and payment systems reconciled", "核心与支付系统核对"), "[J]", _people),
    Item("business", ("Sign-off by the business", "业务确认"), "[J]", _people),
    Item("capacity", ("Capacity of the standby under peak", "备用中心高峰承载能力"), "[J]", _people),
    Item("day_end", ("Batch and end of day done", "批量与日终完成"), "[J]", _day_end),
    Item("manual", ("Manual fallback", "人工应急处理"), "[J]", _people),
    Item("partners", ("Partner lines switched", "合作方线路切换"), "[J]", _people),
    Item("level", ("Level of the incident, had it been one", "如为真实事件的级别"), "[V] 2008 年规定（三级为 [J]）", _level),
    Item("reporting", ("Report in 30 min, written in 12 h, progress every 2 h at level I", "30 分钟内报告，12 小时内书面报告，一级每 2 小时续报"), "[V] 2008 年规定", _people),
    Item("pboc", ("Report to the central bank under its rule in force since 2025-08-01", "按央行 2025-08-01 起施行的规定报告"), "[V]（时限见于征求意见稿）", _people),
    Item("issues", ("Issues found", "发现的问题"), "[J]", _issues),
    Item("owners", ("Owners, deadlines, retest", "责任人、期限、复测"), "[J]", _people),
    Item("board", ("Report to the board and the regulator; yearly self-assessment and audit", "向董事会与监管报告；年度自评与审计"), "[J]", _people),
    Item("restore", ("Restore tests of backups", "备份恢复测试"), "[J]", _people),
    Item("keys", ("Custody of keys", "密钥保管"), "[J]", _people),
    Item("masking", ("Masking of data in drills", "演练数据脱敏"), "[J]", _people),
)  # fmt: skip
