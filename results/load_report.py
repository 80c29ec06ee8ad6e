"""``report.html`` of a load test: one file that opens without a network, in Chinese or English. Its figures are those of
``summary.json``, ``seconds.jsonl`` and ``bank.jsonl`` beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from credit.room import Words
from results import charts
from results.charts import AMBER, BLUE, RED, SOFT, TEAL, VIOLET, Figure, bilingual
from results.labels import both
from results.pages import drawing, write_page

Rows = Sequence[dict[str, Any]]
REPORT = "report.html"
LABELS: dict[str, Words] = {
    "title": ("Load test", "压力测试"),
    "held": ("every threshold held", "全部阈值达标"),
    "broken": ("a threshold broke", "有阈值未达标"),
    "flow": ("What was offered, and what became of it", "到达与处理"),
    "latency": ("Latency", "时延"),
    "bank": ("The bank meanwhile", "银行内部指标"),
    "machine": ("The machine", "机器"),
    "thresholds": ("Thresholds", "阈值"),
    "comparison": ("Simulated and measured", "仿真与实测"),
    "simulated": ("simulated", "仿真"),
    "visitors": ("Who came", "访客"),
    "failures": ("What failed", "失败原因"),
    "limit": ("The limit", "极限"),
    "interrupted": ("interrupted: what was found until then", "搜索被中断：以下为中断前的结果"),
    "method": ("Method", "口径"),
    "scheduled_by": ("applications scheduled", "笔申请按计划到达"),
    "offered_of": ("offered, of {n} applications scheduled", "发起（计划 {n} 笔申请）"),
    "accepted_of": ("accepted, of {n} applications offered", "受理（发起 {n} 笔申请）"),
    "shed_of": ("shed, of {n} applications offered", "拒流（发起 {n} 笔申请）"),
    "failed_of": ("failed, of {n} applications offered", "失败（发起 {n} 笔申请）"),
    "completed_of": ("completed, of {n} applications offered", "完成（发起 {n} 笔申请）"),
    "accepted_in": (
        "accepted a second: {n} in {s} s measured; offered {offered} a second",
        "每秒受理：测量 {s} 秒内受理 {n} 笔；每秒发起 {offered} 笔",
    ),
    "p99_of": ("p99 of {n} accepted, from the intended start", "{n} 笔受理的 p99（自计划时刻起）"),
    "offered": ("offered", "发起"),
    "scheduled": ("scheduled", "计划"),
    "accepted": ("accepted", "受理"),
    "shed": ("shed", "拒流"),
    "failed": ("failed", "失败"),
    "completed": ("completed", "完成"),
    "dropped": ("never begun", "未发起"),
    "late": ("begun late", "晚发起"),
    "accepted_per_s": ("accepted a second", "每秒受理"),
    "p50": ("median", "中位数"),
    "p99": ("p99 from the intended start", "p99（自计划时刻起）"),
    "service99": ("p99 of service time", "服务时间 p99"),
    "decided": ("decided while waiting", "等待期间出结果"),
    "worked": ("tasks worked", "办结任务"),
    "signed": ("signed", "签约"),
    "refused": ("rightly refused", "应拒已拒"),
    "everybody": ("everybody", "全部访客"),
    "applicants": ("all who apply", "全部申请人"),
    "seconds": ("{n} s", "{n} 秒"),
    "seed": ("seed {n}", "种子 {n}"),
    "name": ("name", "名称"),
    "measured": ("measured", "实测"),
    "limit_at": ("limit", "阈值"),
    "count": ("count", "次数"),
    "process": ("process", "进程"),
    "mean": ("cores, mean", "平均占用核数"),
    "peak": ("cores, peak", "最高占用核数"),
    "memory": ("memory, MiB", "内存 MiB"),
    "rate": ("rate", "到达率"),
    "saturated_in": ("saturated", "饱和"),
    "yes": ("held", "达标"),
    "no": ("broken", "未达标"),
    "noscript": ("The charts need JavaScript; the tables do not.", "图表需要启用 JavaScript；表格不需要。"),
    "nothing": ("nothing was measured", "无数据"),
    "note.flow": (
        "Those who apply, in the second in which it happened. Arrivals do not wait for answers: they come at the scheduled rate.",
        "提交申请的访客，按发生的那一秒计。到达不等待应答：始终按计划到达。",
    ),
    "note.latency": (
        "Accepted applications, from the intended start; service time counts from sending.",
        "受理的申请。自计划时刻起：客户真实经历的时间。服务时间：自发送起计。",
    ),
    "note.comparison": (
        "The same instants: the scenario's own run, and what this load test met with. Below: what makes the difference.",
        "同样的到达时刻：左为场景自身的运行，右为本次压力测试。表下说明差距从何而来。",
    ),
    "note.bank": ("From /metrics, once a second.", "来自 /metrics，每秒一次。"),
    "note.machine": (
        "Cores that each process used, of {cores}. Other work beside them: a load of about {others}.",
        "各进程占用的核数：平均与每秒最高。本机 {cores} 核，其他任务的负载约为 {others}。",
    ),
    "note.method": (
        (
            "Percentiles are within 1 %, over all generator processes. {warmup} s of warm-up are left out. Tiles are of those "
            "who apply; thresholds are of all visits where they say so. Rates are of those who came in the {measured} s measured "
            "(whenever they were answered), by these seconds."
        ),
        (
            "百分位误差不超过 1%，已合并全部发压进程。计数不含 {warmup} 秒预热。"
            "上方数字只计提交申请的访客；注明全部访客的阈值按全部访问计。"
            "速率：在测量的 {measured} 秒内到达者（不论何时得到应答）除以该秒数。"
        ),
    ),
}  # fmt: skip
WHO: dict[str, Words] = {
    "mobile_customer": ("mobile customer", "手机银行客户"),
    "signing_customer": ("customer who signs", "在线签约客户"),
    "counter_clerk": ("counter clerk", "柜员"),
    "third_party": ("third party's system", "第三方系统"),
    "reader": ("who only looks", "仅查询者"),
    "failing_partner": ("failing partner", "故障合作方"),
    "initial_approver": ("initial approver", "初审岗"),
    "re_reviewer": ("re-reviewer", "复审岗"),
    "branch_risk_director": ("branch risk director", "分行风险总监"),
    "final_approver": ("final approver", "终审岗"),
    "risk_specialist": ("risk specialist", "风险专员"),
    "approval_supervisor": ("approval supervisor", "审批主管"),
    "committee_member": ("committee member", "审贷会委员"),
    "disbursement_operator": ("disbursement operator", "放款操作岗"),
    "disbursement_reviewer": ("disbursement reviewer", "放款复核岗"),
    "use_verifier": ("use verifier", "资金用途核查岗"),
    "head_office_risk": ("head-office risk officer", "总行风险管理岗"),
    "finance_officer": ("finance officer", "财务岗"),
    "collector": ("collector", "催收员"),
    "fraud_investigator": ("fraud investigator", "反欺诈调查岗"),
    "collateral_valuer": ("collateral valuer", "押品评估岗"),
    "collateral_registrar": ("registrar of guarantees", "担保手续岗"),
    "collateral_custodian": ("custodian of collateral", "权证保管岗"),
    "customer_manager": ("customer manager", "客户经理"),
    "post_loan_reviewer": ("reviewer of inspections", "贷后复核岗"),
    "restructuring_specialist": ("restructuring specialist", "重组专员"),
    "restructuring_approver": ("approver of new terms", "重组审批岗"),
    "restructuring_head": ("head of restructuring", "重组主管"),
    "repayment_clerk": ("repayment clerk", "还款管理岗"),
}
"""Who comes in a load test, by name."""
_FLOW = (("offered", SOFT), ("accepted", TEAL), ("shed", AMBER), ("failed", RED))


def write_load_report(folder: Path) -> Path:
    """Draws the report of a load test's folder; returns its path."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    seconds, bank = _lines(folder / "seconds.jsonl"), _lines(folder / "bank.jsonl")
    drawn = {
        name: bilingual(build)
        for name, build in {
            "flow": partial(flow, seconds),
            "latency": partial(latency, seconds),
            "window": partial(window_times, bank),
            "queue": partial(queue, bank),
            "cores": partial(cores, bank),
        }.items()
    }
    page = {"summary": summary, **drawing(drawn), "english": LABELS["title"][0], "chinese": LABELS["title"][1]}
    return write_page("load.html.j2", folder / REPORT, page, {"t": label, "both": both, "who": who})


def label(name: str, **values: Any) -> Markup:
    """A label in both languages, of which the page shows one."""
    english, chinese = (text.format(**values) for text in LABELS[name])
    return both((english, chinese))


def who(name: str) -> Markup:
    """A visitor in both languages."""
    return both(WHO.get(name, (name, name)))


def _lines(file: Path) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _blank(unit: Words, language: int, **layout: Any) -> Figure:
    """A figure over the seconds of the test."""
    figure = charts.blank(y=unit[language], **layout)
    title = {"text": ("seconds", "秒")[language], "standoff": 4, "font": {"size": 12, "color": SOFT}}
    figure["layout"]["xaxis"] |= {"type": "linear", "title": title, "hoverformat": "d", "tickformat": "d"}
    figure["layout"]["xaxis"] |= {"tickformatstops": []}  # which are of dates
    figure["layout"]["legend"] |= {"y": -0.22}
    return figure


def _add(figure: Figure, name: str, x: Sequence[Any], y: Sequence[Any], colour: str, **line: Any) -> None:
    if any(value is not None for value in y):
        figure["data"].append(charts.line_through(name, x, y, colour, line=line))


def flow(seconds: Rows, language: int) -> Figure:
    """Offered, accepted, shed and failed, a second."""
    figure = _blank(("applications a second", "每秒申请数"), language)
    x = [row["second"] for row in seconds]
    for name, colour in _FLOW:
        if name in ("offered", "accepted") or any(row[name] for row in seconds):
            _add(figure, LABELS[name][language], x, [row[name] for row in seconds], colour)
    return figure


def latency(seconds: Rows, language: int) -> Figure:
    """Median and 99th percentile over time, from the intended start and of service, on a log axis."""
    figure = _blank(("milliseconds, log scale", "毫秒（对数坐标）"), language)
    figure["layout"]["yaxis"] |= {"type": "log", "rangemode": "normal"}
    x = [row["second"] for row in seconds]
    lines: tuple[tuple[str, str, Words, str, str], ...] = (
        ("latency_ms", "p50", ("median, from the intended start", "中位数（自计划时刻起）"), TEAL, "solid"),
        ("latency_ms", "p99", ("p99, from the intended start", "p99（自计划时刻起）"), RED, "solid"),
        ("service_ms", "p50", ("median, service time", "服务时间中位数"), TEAL, "dot"),
        ("service_ms", "p99", ("p99, service time", "服务时间 p99"), RED, "dot"),
    )
    for times, percentile, words, colour, dash in lines:
        _add(figure, words[language], x, [row.get(times, {}).get(percentile) for row in seconds], colour, dash=dash)
    return figure


def window_times(bank: Rows, language: int) -> Figure:
    """How long windows and commits took."""
    figure = _blank(("milliseconds, of the last 2,000 windows", "毫秒（最近 2,000 个窗口）"), language, height=280)
    lines: tuple[tuple[str, Words, str], ...] = (
        ("window_ms.p50", ("window, median", "窗口中位数"), BLUE),
        ("window_ms.p99", ("window, p99", "窗口 p99"), VIOLET),
        ("commit_ms.p99", ("commit, p99", "落盘 p99"), AMBER),
    )
    for name, words, colour in lines:
        _add(figure, words[language], [row["second"] for row in bank], [row.get(name) for row in bank], colour)
    return figure


def queue(bank: Rows, language: int) -> Figure:
    """Commands that wait for a window, and rows of a window."""
    figure = _blank(("commands", "指令数"), language, height=280)
    lines: tuple[tuple[str, Words, str], ...] = (
        ("queued", ("waiting for a window", "等待窗口"), RED),
        ("window_rows.p50", ("rows of a window, median", "每窗口行数中位数"), BLUE),
    )
    for name, words, colour in lines:
        _add(figure, words[language], [row["second"] for row in bank], [row.get(name) for row in bank], colour)
    return charts.whole(figure)


def cores(bank: Rows, language: int) -> Figure:
    """Cores that each process used."""
    figure = _blank(("cores", "核"), language, height=280)
    names = sorted({name for row in bank for name in row["cores"]})
    for place, name in enumerate(names):
        colour = charts.PALETTE[place % len(charts.PALETTE)]
        _add(figure, name, [row["second"] for row in bank], [row["cores"].get(name) for row in bank], colour)
    return figure
