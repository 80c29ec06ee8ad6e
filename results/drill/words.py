"""The words of a drill's report, English and Chinese: services, sites, faults, what happened, and the page's labels."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from credit.codes import Partner
from credit.room import Words
from results.labels import both, filled
from results.names import partner, target

SERVICES: dict[str, Words] = {
    "applications": ("applications", "申请受理"),
    "approval": ("approval", "审批"),
    "contracts": ("contracts", "合同签约"),
    "disbursement": ("disbursement", "放款"),
    "repayment": ("repayment", "还款"),
    "collections": ("collections", "催收"),
}
"""In the order of their priority (DR-11), as in `scenarios.drill`."""
SITES: dict[str, Words] = {
    "primary": ("primary", "主中心"),
    "same-city": ("same-city", "同城中心"),
    "remote": ("remote", "异地中心"),
}
ANY: Words = ("any site", "任一中心")
PLACES: dict[str, Words] = SITES | {"witness": ("witness", "仲裁节点")}
FAULTS: dict[str, Words] = {
    "kill": ("a process is killed", "进程被杀"),
    "hang": ("a process hangs", "进程僵死"),
    "lose": ("the whole place is lost", "整体失效"),
    "regain": ("the place is back", "恢复供电联网"),
    "cut": ("a line is cut", "线路中断"),
    "slow_line": ("a line is slow", "线路变慢"),
    "slow_disk": ("a disk is slow", "磁盘变慢"),
    "wrong_clock": ("a clock is wrong", "时钟错误"),
    "partner_outage": ("a partner does not answer", "外部机构无应答"),
    "slow_partner": ("a partner is slow", "外部机构应答变慢"),
    "branch_outage": ("a branch is cut off", "网点中断"),
    "full_disk": ("the disk is full", "磁盘写满"),
    "damage_book": ("the day book is damaged", "日志损坏"),
    "damage_snapshot": ("a snapshot is damaged", "快照损坏"),
    "switch": ("planned switch", "计划内切换"),
    "take_over": ("takeover by decision", "人工接管"),
}
WHATS: dict[str, Words] = {
    "befalls": ("fault", "故障"),
    "over": ("fault over", "故障解除"),
    "asked": ("people asked", "提请决策"),
    "decided": ("decided", "决策"),
    "refused": ("refused", "被拒"),
    "noticed": ("silent, as the drill sees", "无应答（演练观察）"),
    "not_ended": ("day not ended", "日终未完成"),
    "untold": ("nobody could be told", "无人可告知"),
    "leads": ("leads", "主用"),
    "in_step": ("in step", "同步"),
    "out_of_step": ("out of step", "失步"),
    "astray": ("astray", "数据分叉"),
    "drained": ("drained", "积压消化"),
    "day": ("end of day", "日终"),
    "ended": ("ended", "结束"),
}
OUTCOMES: dict[str, Words] = {
    "acknowledged": ("acknowledged", "已确认"),
    "again": ("asked again", "重试"),
    "given_up": ("given up", "放弃"),
    "refused": ("refused", "拒绝"),
}
SIGNERS: tuple[Words, ...] = (
    ("drill leader", "演练总指挥"),
    ("head of operations", "运行负责人"),
    ("head of the business lines", "业务负责人"),
    ("risk management", "风险管理部门"),
    ("compliance", "合规部门"),
    ("internal audit (observer)", "内部审计（观察员）"),
)
"""Who signs what was found; their names are people's to write."""
_RTO: Words = (
    (
        "A service is silent from somebody's wanting it to its next acknowledgement; a refusal is none. It was interrupted where "
        "a silence right after the fault was longer than the gap ({gap:g} s, or twice the wait that 90 % did not exceed before "
        "the first fault), or a later one longer than {stay:g} s (a client's try and the gap) or than its target. Its RTO ends "
        "with the first acknowledged try that began after the fault, or after the last such silence; not interrupted is 0."
    ),
    (
        "自有人请求某业务起至其下一次确认止为静默；拒绝不算确认。故障后的首段静默超过判断间隔（{gap:g} 秒，"
        "或首次故障前等待 p90 的两倍，取长者），或其后静默超过 {stay:g} 秒（客户一次尝试加判断间隔）或超过目标，即为中断。"
        "RTO 止于故障后发起的首个获确认的尝试，或最后一段此类静默结束之时；未中断者为 0。"
    ),
)
LABELS: dict[str, Words] = {
    "title": ("Drill", "灾备演练"),
    "held": ("every expectation held", "全部预期达成"),
    "broken": ("{n} of {of} {of:expectation|expectations} missed", "{of} 项预期中有 {n} 项未达成"),
    "verdict": ("Verdict", "结论"),
    "timeline": ("Timeline", "时间线"),
    "events": ("What happened", "事件记录"),
    "recovery": ("Recovery", "恢复时间"),
    "latency": ("Latency and errors", "时延与错误"),
    "clients": ("Clients", "客户"),
    "expectations": ("Expectations", "预期"),
    "books": ("The books", "账务核对"),
    "touched": ("Customers touched", "受影响客户"),
    "checklist": ("Regulator's checklist", "监管检查单"),
    "signoff": ("Sign-off", "签字页"),
    "method": ("Method", "口径"),
    "yes": ("held", "达成"),
    "no": ("missed", "未达成"),
    "noscript": ("The charts need JavaScript; the tables do not.", "图表需要启用 JavaScript；表格不需要。"),
    "nothing": ("nothing was measured", "无数据"),
    "seconds": ("{n} s", "{n} 秒"),
    "release": ("release {n}", "版本 {n}"),
    "cores": ("{n} {n:core|cores}", "{n} 核"),
    "played": ("decisions were played", "决策由程序模拟"),
    "card.rto": ("longest recovery of a service", "业务最长恢复时间"),
    "card.lost": ("acknowledged and lost", "已确认而丢失"),
    "card.given_up": ("clients without an answer", "未获答复的客户请求"),
    "card.touched": ("applications that took more than one try", "需重试的申请"),
    "fault": ("fault", "故障"),
    "when": ("at", "时刻"),
    "noticed": ("noticed after", "发现"),
    "decision": ("decision took", "决策"),
    "technical": ("technical recovery took", "技术恢复"),
    "switched": ("switched after", "切换"),
    "back": ("all services back after", "业务全恢复"),
    "drained": ("backlog drained after", "积压消化"),
    "rpo": ("RPO", "RPO"),
    "service": ("service", "业务"),
    "target": ("target", "目标"),
    "measured": ("measured", "实测"),
    "expectation": ("expectation", "预期"),
    "resolution": ("gap", "判断间隔"),
    "silent": ("silences longer than the gap", "超过判断间隔的静默"),
    "longest": ("longest silence {n}", "最长静默 {n}"),
    "not_interrupted": ("not interrupted", "未中断"),
    "unknown": ("not measured", "无法测得"),
    "not_back": ("not back", "未恢复"),
    "by_itself": ("by the witness itself", "仲裁自动"),
    "by_people": ("by {n}", "{n} 决策"),
    "none": ("none needed", "无需"),
    "only_read": ("only read", "仅查询"),
    "place": ("place", "地点"),
    "what": ("what", "事项"),
    "who": ("who", "人员"),
    "span": ("time", "阶段"),
    "before": ("before the fault", "故障前"),
    "during": ("until recovered", "故障至恢复"),
    "after": ("afterwards", "恢复后"),
    "requests": ("requests", "请求"),
    "p50": ("median", "中位数"),
    "p95": ("p95", "p95"),
    "p99": ("p99", "p99"),
    "unanswered": ("without an answer", "未获答复"),
    "tries": ("tries", "尝试"),
    "errors": ("tries without an answer, by site", "未获答复的尝试（按中心）"),
    "site": ("site", "中心"),
    "windows": ("windows", "窗口"),
    "seal": ("digest of the day book", "日志摘要"),
    "chain": ("digest of the rooms", "状态摘要"),
    "replayed": ("worked again", "重演"),
    "equal": ("equal, {n} {n:chain|chains} compared", "一致，比对 {n} 处"),
    "unequal": ("not shown", "未证明"),
    "case": ("case", "申请编号"),
    "wait": ("wait", "等待"),
    "asked_sites": ("asked", "询问的中心"),
    "outcome": ("outcome", "结果"),
    "line": ("what must be there", "检查内容"),
    "source": ("source", "来源"),
    "found": ("found", "证据"),
    "people": ("people fill this in", "由人员填写"),
    "role": ("role", "职责"),
    "name": ("name", "姓名"),
    "signature": ("signature", "签字"),
    "date": ("date", "日期"),
    "opinion": ("opinion", "意见"),
    "first": ("The first {n} of {of}.", "共 {of} 件，列出前 {n} 件。"),
    "loss": ("customers' requests lost: {n}", "丢失的客户请求：{n}"),
    "note.timeline": (
        "Each site over time. The fault is shaded; diamonds are what people decided.",
        "各中心随时间的状态。阴影为故障；菱形为人工决策。",
    ),
    "note.latency": (
        "Answered requests by the second in which the client meant them: a wait counts from then, over all tries.",
        "按客户发起的那一秒计；等待自计划时刻起，含全部重试。",
    ),
    "note.recovery": (
        "From the fault to the first acknowledged try that began after it, unless the service went away again: see Method.",
        "自故障起，至其后发起的首个获确认的尝试为止；其后再次中断者顺延，见口径。",
    ),
    "note.checklist": (
        "[V]: read in a published rule; [J]: judged from practice. What the record can't know is people's to fill in.",
        "[V]：见于已公布的规定；[J]：据实践判断。记录无从得知的内容由人员填写。",
    ),
    "note.signoff": ("Names are written by hand, after reading.", "阅后手签。"),
    "note.rto": _RTO,
    "note.drained": (
        "The backlog is drained once half of a second's new requests wait no longer than 95 % did before the first fault.",
        "某一秒起，新请求半数以上的等待不超过首次故障前的 p95，且此后保持，即为积压消化。",
    ),
    "note.percentiles": (
        "Percentiles count a request without an answer as endless.",
        "计算时延分位数时，未获答复者按无限长计。",
    ),
    "note.lead": (
        "Two leaders: two sites say so of one epoch, or one acknowledges a write after another has led a later epoch.",
        "双主：两中心同时声称同一任期，或在他中心已进入更新任期后仍确认写入。",
    ),
}  # fmt: skip


def words_of(name: str, **values: Any) -> Words:
    """A label with its values, each of which may be `Words` itself."""
    return filled(LABELS[name], values)


def label(name: str, **values: Any) -> Markup:
    """A label in both languages, of which the page shows one."""
    return both(words_of(name, **values))


def place(name: str) -> Words:
    """A place, a partner or a branch, in both languages."""
    if name.upper() in Partner.__members__:
        return partner(name)
    if (number := name.removeprefix("branch-")) != name:
        return target("branch_outage", "", [int(number)])
    return ANY if name == "any" else PLACES.get(name, (name, name))


def seconds(value: float) -> Words:
    """So many seconds, in both languages."""
    return f"{value:,.1f} s", f"{value:,.1f} 秒"
