"""The report's words for outages of the bank's own (系统中断、网点中断), in both languages."""

from __future__ import annotations

from credit.room import Words

OUTAGE_LABELS: dict[str, Words] = {
    "outages": ("Outage", "系统中断"),
    "outages.title": ("The bank was away", "系统中断与恢复"),
    "outage.system_outage": ("Outage of the bank’s system", "系统中断"),
    "outage.branch_outage": ("Outage of {what}", "网点中断（{what}）"),
    "note.outage": (
        (
            "While it lasts nothing from outside is taken in and nobody works at the desks it strikes; partners’ answers wait, "
            "deadlines run on. Applicants try again later or never, who has a case or a loan always does. Exact, no interval."
        ),
        (
            "中断期间不受理任何外部请求，受影响岗位停止办理；外部机构应答排队等候，时限照常计算。申请人稍后再来或不再来，存量客户均会再来。"
            "为本次运行的准确值，无置信区间。"
        ),
    ),
    "phase.start": ("outage begins", "中断发生"),
    "phase.detected": ("detected", "发现"),
    "phase.decided": ("decided to switch", "决定切换"),
    "phase.back": ("first services back", "首批服务恢复"),
    "phase.full": ("all services back", "全部服务恢复"),
    "col.phase": ("Timeline", "时间线"),
    "col.after": ("after", "历时"),
    "col.who": ("Who waited", "等待者"),
    "col.waited": ("waited", "受影响"),
    "col.came": ("got through", "已办理"),
    "col.never": ("never came again", "未再来"),
    "col.to_come": ("after the run", "运行期后"),
    "who.applications": ("applicants", "申请人"),
    "who.customers": ("customers with a case or a loan", "存量客户"),
    "outage.line": (
        "{partner} {partner:answer|answers} of partners waited, {bank} {bank:call|calls} of the bank’s left later.",
        "外部机构应答 {partner} 笔延后到达，行方对外请求 {bank} 笔延后发出。",
    ),
    "not_drained": ("not within a week", "一周内未消化"),
    "backlog": ("Backlog", "积压"),
    "note.backlog.week_before": (
        (
            "Tasks waiting above those of the same hour a week before and what had been added to those by the time the outage "
            "began, the most first; desks where nothing waited are left out. Drained: the first hour without any after the day’s "
            "worst, from the return of the first services."
        ),
        "等待任务数超出一周前同一时刻及中断前已增部分之和的部分，积压多的在前；没有等待任务的岗位未列出。消化完毕：当日最多之后首个不再超出的整点，自首批服务恢复起计。",
    ),
    "note.backlog.beginning": (
        (
            "Tasks waiting above those when the outage began, since the run does not reach back a week, the most first; desks "
            "where nothing waited are left out. Drained: the first hour without any after the day’s worst, from the return of "
            "the first services."
        ),
        "等待任务数超出中断发生时的部分（运行未覆盖一周前），积压多的在前；没有等待任务的岗位未列出。消化完毕：当日最多之后首个不再超出的整点，自首批服务恢复起计。",
    ),
    "col.before": ("waiting at its beginning", "中断发生时等待"),
    "col.ahead": ("of these more than a week before", "其中较一周前增加"),
    "col.at_return": ("at the return", "恢复时等待"),
    "col.backlog": ("worst backlog", "最大积压"),
    "col.drained": ("drained after", "消化用时"),
    "col.branch": ("Branch", "分行"),
    "head_office": ("head office", "总行"),
    "col.customers": ("customers", "存量客户"),
    "col.done": ("tasks done that day", "当日办结任务"),
    "col.done_other": ("other days’ mean", "其他工作日平均"),
    "limits": ("Limits", "时限"),
    "limits.days": ("on the day", "中断当日"),
    "limits.day_after": ("on the next working day", "下一工作日"),
    "limits.other_days": ("on the other {n:day|days} ({n})", "其他 {n} 天"),
    "col.tasks_put": ("tasks put to desks", "新增任务"),
    "col.of_tasks": ("of tasks", "占任务"),
    "outage.decisions": (
        "Automatic decisions: {n} under way when it began; 95% within {day} on that day, {other} on others.",
        "自动审批：中断发生时在途 {n} 笔；当日 95 分位 {day}，其他日 {other}。",
    ),
    "outage.day_end.none": ("No day’s end fell into it.", "日终未受影响。"),
    "outage.day_end.in_time": (
        "The end of {day} could be done from {done}, before desks opened at {opening}.",
        "{day} 日终可于 {done} 完成，早于 {opening} 开门。",
    ),
    "outage.day_end.late": (
        "The end of {day} could be done from {done} only, after desks opened at {opening}.",
        "{day} 日终至 {done} 方可完成，晚于 {opening} 开门。",
    ),
    "find.outage": (
        "{what} from {since} to {until}: {waited} {waited:application|applications} had to wait, {never} never came again.",
        "{what}：{since} 至 {until}，{waited} 笔申请受影响，{never} 笔未再来。",
    ),
    "find.drain": ("Slowest backlog after it: {desk}, drained after {time}.", "消化最慢的岗位：{desk}，用时 {time}。"),
    "find.not_drained": (
        "Slowest backlog after it: {desk}, not within a week.",
        "消化最慢的岗位：{desk}，一周内未消化。",
    ),
}
