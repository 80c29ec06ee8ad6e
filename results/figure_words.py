"""What the figures of `results.figures` are called, in English and Chinese. Their own names are what `--fail-if` and programs
speak of; people read these beside them. What the report says already is said in its words."""

from __future__ import annotations

import re

from credit.room import DESK_LABELS, Words
from results.labels import LABELS
from results.names import LANES
from results.quality import MEASURES
from results.standing import CLOSING

_COUNTS: dict[str, Words] = {
    "customers": ("customers", "客户数"),
    "days": ("days", "天数"),
    "submitted": LABELS["card.applications"],
    "screened_out": ("refused at screening", "初筛拒绝"),
    "approved": LABELS["step.approved"],
    "declined": ("declined", "审批拒绝"),
    "signed": LABELS["step.signed"],
    "disbursed": LABELS["step.disbursed"],
    "closed": LABELS["end.closed"],
    "open": LABELS["end.open"],
    "active_loans": LABELS["card.active"],
    "outstanding_yuan": LABELS["card.outstanding"],
    "overdue_rate": LABELS["card.overdue"],
    "npl_rate": LABELS["card.npl"],
    "written_off_yuan": ("written off, yuan", "核销金额（元）"),
    "postings": ("postings", "会计分录数"),
    "trial_balance_fen": ("trial balance, fen", "试算差额（分）"),
    "outage_applications_waited": ("applications that waited for the system", "因停机等待的申请"),
    "outage_applications_never": ("applications that never came again", "因停机流失的申请"),
    "outage_wait_median_hours": ("wait of those applications, median, hours", "停机等待中位数（小时）"),
    "outage_wait_p95_hours": ("wait of those applications, 95%, hours", "停机等待 95 分位（小时）"),
    "outage_wait_longest_hours": ("wait of those applications, longest, hours", "停机等待最长（小时）"),
    "outage_customers_waited": ("customers who waited for the system", "因停机等待的客户"),
    "outage_urged": ("tasks past their limit after the outage", "停机后超时任务"),
    "outage_day_ends_late": ("ends of day after opening", "开业前未完成的日终"),
}
_COUNTS |= {measure.name: measure.words for measure in MEASURES}
_COUNTS |= {
    f"ended_{event.name.lower()}": (f"closed: {event.said.words[0]}", f"结案：{event.said.words[1]}")
    for event in CLOSING
}
_SHARE = ("{0}, share", "{1}占比")
_QUANTILES: dict[str, Words] = {
    "median": LABELS["col.median"],
    "p90": ("90%", "90 分位"),
    "p95": ("95%", "95 分位"),
    "p99": ("99%", "99 分位"),
}
_AT_DESKS: dict[str, Words] = {
    "people_{desk}": LABELS["col.people"],
    "use_{desk}": LABELS["col.utilisation"],
    "worst_hour_{desk}": ("use in the worst hour", "最忙一小时利用率"),
    "full_hours_{desk}": ("hours full, at the branch with most of them", "满负荷小时（最多的分行）"),
    "full_share_{desk}": ("hours full there, of its hours", "该分行满负荷小时占比"),
    "wait_{desk}_mean_hours": ("mean wait, hours", "平均等待（小时）"),
    "queue_{desk}_longest": ("longest queue of one branch", "单个分行最长队列"),
    "queue_{desk}_end": LABELS["col.left"],
    "urged_{desk}": ("tasks past their limit", "超时任务"),
    "sla_{desk}": ("tasks within their limit, share", "限时办结率"),
    "drain_{desk}_hours": ("hours until the backlog was gone", "积压消化时间（小时）"),
}


def figure_words(name: str) -> Words:
    """What a figure is called; KeyError where it is none that `results.figures` tells."""
    if name in _COUNTS:
        return _COUNTS[name]
    if name.removesuffix("_share") in _COUNTS:
        whole = _COUNTS[name.removesuffix("_share")]
        return _SHARE[0].format(*whole), _SHARE[1].format(*whole)
    if found := re.fullmatch(r"wait_(\w+)_(median|p\d\d)_hours", name):
        (en, zh), (share, share_zh) = LANES[found[1]], _QUANTILES[found[2]]
        return f"{en}: {share}, hours", f"{zh}：{share_zh}（小时）"
    for form, label in (("open_", "col.still"), ("closed_", "col.otherwise")):
        if name.startswith(form) and (step := name.removeprefix(form)) in LANES:
            return f"{LANES[step][0]}: {LABELS[label][0]}", f"{LANES[step][1]}：{LABELS[label][1]}"
    return _at_a_desk(name)


def _at_a_desk(name: str) -> Words:
    for form, (en, zh) in _AT_DESKS.items():
        found = re.fullmatch(form.replace("{desk}", r"(\w+)"), name)
        if found and found[1] in DESK_LABELS:
            desk, desk_zh = DESK_LABELS[found[1]].words
            return f"{desk}: {en}", f"{desk_zh}：{zh}"
    raise KeyError(name)
