"""The report's fixed words, English and Chinese. Every label of the page stands here once, in both languages; numbers come
in by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from credit.room import Words
from results.compare_labels import COMPARE_LABELS
from results.outage_labels import OUTAGE_LABELS

LABELS: dict[str, Words] = {
    # navigation and headings
    "glance": ("At a glance", "要点"),
    "funnel": ("Funnel", "漏斗"),
    "funnel.title": ("Funnel and volumes", "业务漏斗与业务量"),
    "times": ("Times", "时效"),
    "times.title": ("Waiting and decision times", "等待与审批时效"),
    "quality": ("Quality", "质量"),
    "quality.title": ("Quality of the bank's work", "服务质量"),
    "staff": ("Staff", "人员"),
    "staff.title": ("Staff and desks", "岗位与人员负荷"),
    "queues": ("Queues", "队列"),
    "queues.title": ("Queue lengths over time", "队列长度"),
    "open": ("Open work at the end", "期末在办"),
    "portfolio": ("Portfolio", "资产质量"),
    "portfolio.title": ("Portfolio by days past due", "逾期结构"),
    "vintages": ("Vintages", "账龄"),
    "vintages.title": ("Vintage curves", "账龄曲线"),
    "money": ("Money", "资金"),
    "money.title": ("Money flows", "资金流"),
    "trouble": ("Trouble", "异常"),
    "trouble.title": ("What broke, and when", "异常与故障"),
    "refusals": ("Refusals", "拒绝原因"),
    "refusals.title": ("Refusals by reason", "拒绝原因"),
    "story": ("Cases", "个案"),
    "story.title": ("The cases, step by step", "个案轨迹"),
    "world": ("World", "拟真度"),
    "world.title": ("How near the world is to what was declared", "拟真度"),
    "method": ("Method", "口径"),
    "method.title": ("Method", "统计口径"),
    # header
    "span": ("{days} {days:day|days}, {since} to {until}", "{since} 至 {until}，共 {days} 天"),
    "customers": ("{n} {n:customer|customers}", "{n} 位客户"),
    "seed": ("seed {n}", "随机种子 {n}"),
    "shards": ("{n} {n:shard|shards}", "{n} 个分片"),
    "executor": ("executor {name}", "执行器 {name}"),
    "look_at": ("Look at", "看点"),
    "partial": ("Partial run.", "运行未完成。"),
    "partial.text": (
        "It was interrupted after {done} of {all} windows; everything below covers only the time until {until}.",
        "运行在第 {done} 个窗口后中断（共 {all} 个）；以下数据只到 {until}。",
    ),
    "noscript": ("The charts need JavaScript; the tables do not.", "图表需要启用 JavaScript；表格不需要。"),
    "mark.partial": ("partial run", "未完成"),
    "nothing": ("no data", "无数据"),
    "ci": ("95% CI {span}", "95% 置信区间 {span}"),
    # cards
    "card.applications": ("applications", "申请笔数"),
    "card.approved": ("approved, of all applications", "审批通过率（占申请）"),
    "card.disbursed": ("cases paid out", "已放款件数"),
    "card.outstanding": ("outstanding principal, yuan", "贷款余额（元）"),
    "card.active": ("active loans", "在贷笔数"),
    "card.overdue": ("overdue rate, of principal", "逾期率（占余额）"),
    "card.npl": ("NPL rate, of principal", "不良率（占余额）"),
    "card.balance": ("trial balance of {n} {n:posting|postings}, fen", "试算平衡差额（分），{n} 笔分录"),
    # columns
    "col.step": ("Step", "环节"),
    "col.count": ("count", "次数"),
    "term.case": ("In this run: {n} {n:application|applications}.", "本次运行：{n} 笔申请。"),
    "term.loan": ("In this run: {n} {n:loan|loans}.", "本次运行：{n} 笔借据。"),
    "col.measure": ("measure", "指标"),
    "col.of_all": ("of", "总数"),
    "col.share_of": ("share", "占比"),
    "col.means": ("what is counted", "口径"),
    "col.product": ("Product", "产品"),
    "col.active": ("active loans", "在贷笔数"),
    "col.outstanding": ("outstanding, yuan", "余额（元）"),
    "col.cases": ("cases", "件数"),
    "col.median": ("median", "中位数"),
    "col.longest": ("longest", "最长"),
    "col.desk": ("Desk", "岗位"),
    "col.people": ("people", "人数"),
    "col.worst_used": ("worst hour", "最忙一小时"),
    "col.full": ("hours full", "满负荷小时"),
    "col.still": ("still open", "未结"),
    "col.otherwise": ("closed without it", "未办成即结案"),
    "col.became": ("What became of the applications", "申请去向"),
    "end.closed": ("closed with nothing paid out", "未放款结案"),
    "end.open": ("still open at the end", "期末在途"),
    "each_branch": ("{n} a branch", "每分行 {n}"),
    "at_head_office": ("head office", "总行"),
    "col.planned": ("Planned", "情景设定"),
    "col.from": ("from", "自"),
    "col.to": ("until", "至"),
    "col.share": ("share", "比例"),
    "col.happened": ("in this run", "本次运行"),
    "happened.whole": ("happened", "已发生"),
    "happened.part": ("in part", "部分发生"),
    "happened.idle": ("happened, no task there", "已发生，岗位无任务"),
    "happened.none": ("not in this run", "不在时段内"),
    "use": ("Use of the desks over time", "工时利用率走势"),
    "note.use.day": ("By day, all branches together; days off left out.", "按日，全部分行合计；休息日不计。"),
    "note.use.week": ("By week, all branches together.", "按周，全部分行合计。"),
    "note.use.hour": (
        "By hour, all branches together; hours off shift are left out.",
        "按小时，全部分行合计；非当班时间不计。",
    ),
    "inherited": (
        (
            "Beside them, of the book this run began with: {approved} approved, {declined} declined, {signed} signed, "
            "{disbursed} paid out."
        ),
        "另有期初存量业务：审批通过 {approved}，拒绝 {declined}，签约 {signed}，放款 {disbursed}。",
    ),
    "no_ci": (
        "Every customer of this run is written down in the scenario: nothing is estimated, so nothing has a confidence interval.",
        "本次运行的客户均由情景写定，不作估计，故无置信区间。",
    ),
    "col.utilisation": ("utilisation", "工时利用率"),
    "col.busiest": ("busiest person", "最忙一人"),
    "col.tasks": ("tasks begun", "已开始任务"),
    "col.wait": ("mean wait", "平均等待"),
    "col.wait_max": ("longest wait", "最长等待"),
    "col.urged": ("urged", "催办"),
    "col.peak": ("longest queue", "最长队列"),
    "of_hours": ("of {n}, {where}", "共 {n}，{where}"),
    "col.left": ("waiting at the end", "期末等待"),
    "col.open": ("Work", "在办业务"),
    "col.account": ("Account", "科目"),
    "col.number": ("number", "科目号"),
    "col.debits": ("debits, yuan", "借方（元）"),
    "col.credits": ("credits, yuan", "贷方（元）"),
    "col.balance": ("net, yuan", "净额（元）"),
    "partners": ("Partners", "外部机构"),
    "col.partner": ("Partner", "外部机构"),
    "col.calls": ("calls", "调用次数"),
    "col.unanswered": ("unanswered", "无应答"),
    "col.unanswered_share": ("of calls", "占调用"),
    "col.latency": ("mean latency", "平均时延"),
    "col.latency_max": ("longest", "最长时延"),
    "col.event": ("Event", "事件"),
    "col.reason": ("reason", "原因"),
    "col.field": ("field", "字段"),
    "col.margin": ("Margin", "维度"),
    "col.class": ("class", "分组"),
    "col.declared": ("declared", "设定"),
    "col.drawn": ("drawn", "抽样"),
    "col.ci": ("95% CI", "95% 置信区间"),
    "col.month": ("Paid out in", "放款月份"),
    "col.loans": ("loans", "笔数"),
    "col.age": ("age reached, instalments", "已达账龄（期）"),
    "col.ever": ("ever overdue", "曾逾期占比"),
    "col.trouble": ("What", "异常"),
    "col.first": ("first", "首次"),
    "col.last": ("last", "末次"),
    "col.worst.day": ("worst day", "最多的一天"),
    "col.worst.hour": ("worst hour", "最多的一小时"),
    "col.most.day": ("its count", "当日次数"),
    "col.most.hour": ("its count", "当时次数"),
    "col.difference": ("difference, points", "差异（百分点）"),
    "col.at": ("When", "时间"),
    "col.actor": ("actor", "经办"),
    "col.amount": ("amount, yuan", "金额（元）"),
    "col.loan": ("loan", "借据"),
    # funnel steps
    "step.submitted": ("submitted", "申请"),
    "step.screened": ("past screening", "通过初筛"),
    "step.approved": ("approved", "审批通过"),
    "step.signed": ("signed", "签约"),
    "step.disbursed": ("paid out", "放款"),
    # notes
    "note.funnel": (
        (
            "Counts of this run, with each step’s share of all applications and its 95% confidence interval (CI). “Past "
            "screening” leaves out what was closed before approval: forms refused, prospects declined at admission, hits of "
            "lists and fraud rules, materials not brought in time, bureau queries refused. Cases still on their way at the end "
            "are counted as far as they came. Below: each application once, as paid out, by the event that closed it, or as "
            "still open."
        ),
        (
            "本次运行的实际笔数，右侧为占申请的比例及其 95% 置信区间。“通过初筛”已扣除审批之前即结案的："
            "退回的申请表、准入婉拒、名单和反欺诈拦截、逾期未交资料、征信查询被拒。期末仍在途的，计到已到达的环节。下表每笔申请只计一次：放款、结案事件或在途。"
        ),
    ),
    "note.volumes.day": ("Counts a day.", "每日笔数。"),
    "note.volumes.month": ("Counts a month: too few cases for lines by the day.", "每月笔数；件数太少，不按日画线。"),
    "note.volumes.mean": ("Mean of seven days; the thin line: applications of each day.", "七日平均；细线为每日申请。"),
    "note.volumes.hour": ("Counts an hour.", "每小时笔数。"),
    "note.quality": (
        (
            "Counted from the run's events; a share stands where something of its kind happened. An interval (95%) has only what "
            "each application has of its own."
        ),
        "由本次运行的事件统计；没有发生同类业务的，不计比例。只有各申请彼此独立的指标才给出 95% 区间。",
    ),
    "note.times": (
        (
            "In wall time: nights and holidays count. A decision is timed from the acceptance of the application; “automatic” "
            "never met a desk. Cases still open at the end count as having waited until then "
            "(Kaplan–Meier), those that were closed without it until that; a percentile that too few have reached is not "
            "told. An application is decided when it is approved or closed, also for materials not brought. No confidence "
            "interval: cases that wait in one queue are not independent."
        ),
        (
            "按自然时间计，含夜间和节假日。审批时效从受理起算；“自动审批”未经人工岗位。期末未结的按已等待时间计入（Kaplan–Meier "
            "乘积限估计），未办成即结案的计至结案时；达到的件数太少的分位数不列。审批通过或结案（含逾期未补资料）即为有结论。无置信区间：同一队列中的申请互不独立。"
        ),
    ),
    "note.waits": (
        "Decision time by the instant of acceptance: solid the median, dotted the 95th percentile; log scale.",
        "按受理时间统计的审批时效：实线为中位数，点线为 95 分位；对数坐标。",
    ),
    "note.staff": (
        (
            "Working time spent on cases, over time on shift. Above about 85% (the mark) queues grow quickly. “Worst hour”: of "
            "all people of the desk together. “Hours full”: at the branch that had the largest share of them, hours in which its "
            "people were busy for 95% of their time or more, of the hours in which any was on shift. Longest queue: most tasks "
            "that waited at one branch at any instant (bodies of head office that decide on write-offs and new terms take each "
            "branch's tasks in a queue of its own); what waits at the end is of all branches. Urged: tasks whose limit passed "
            "before they were decided, waiting or in hand. Exact, without an interval."
        ),
        (
            "办理业务的工时占在岗工时。超过约 85%（刻度线）后队列会迅速变长。“最忙一小时”按该岗位全部人员合计；"
            "“满负荷小时”取占比最高的分行：该分行人员工时利用率达 95% 以上的小时数，占其当班小时。"
            "最长队列为单个分行任一时刻的最多等待任务数（总行核销、重组审批岗按分行分别排队）；期末等待为全部分行合计。"
            "催办：办结前已超时限的任务，含等待中和办理中的。"
            "为本次运行的准确值，无置信区间。"
        ),
    ),
    "note.queues.day": (
        (
            "Tasks waiting at each day’s end, all branches together, the longest queues first; desks that never had a "
            "queue are left out. Press a name to show or hide its line."
        ),
        "每日日终等待的任务数，全部分行合计，队列最长的在前；从无排队的岗位未列出。点击图例可显示或隐藏。",
    ),
    "note.queues.hour": (
        (
            "Tasks waiting at each hour’s end, all branches together, the longest queues first; desks that never had a "
            "queue are left out. Press a name to show or hide its line."
        ),
        "每小时末等待的任务数，全部分行合计，队列最长的在前；从无排队的岗位未列出。点击图例可显示或隐藏。",
    ),
    "note.open": (
        "What each room still had in hand at the last day’s end, all branches and products together.",
        "最后一日日终各环节尚未办结的业务，全部分行和产品合计。",
    ),
    "note.portfolio": (
        (
            "At each day’s end, by outstanding principal. Overdue: one day past due or more. Non-performing: marked so by the "
            "bank. Loans written off have left the balance sheet. Exact for this book, without a confidence interval."
        ),
        "按日终贷款余额统计。逾期：逾期 1 天及以上；不良：已认定为不良。已核销贷款不在表内。为该贷款组合的准确值，无置信区间。",
    ),
    "note.vintages": (
        (
            "Of the loans paid out in a month of this run, the share that was ever overdue by the time so many instalments had "
            "fallen due (months on book); only ages that every loan of the month has reached. The 95% confidence interval "
            "stands in the table, and at the pointer for each age."
        ),
        (
            "本次运行某月放款中，到各账龄（已到期期数）为止曾经逾期的笔数占比；只画该月全部贷款均已达到的账龄。"
            "95% 置信区间见下表，各账龄的见指针提示。"
        ),
    ),
    "note.flows": (
        (
            "From the ledger, by {grain}: received above, paid out below the line. Write-offs move no money and are not in "
            "it. The first and last {grain} may not be whole."
        ),
        "取自总账，按{grain}汇总：线上为收回，线下为放款；核销不涉及资金收付，不在其中。首尾可能不足一{grain}。",
    ),
    "note.balances": ("Debit positive. Movements of this run only.", "借方为正。仅含本次运行的发生额。"),
    "note.continued": ("This run continues {name}.", "本次运行接续 {name}。"),
    "note.trouble": ("Shaded: faults that the scenario planned.", "阴影：情景中预设的故障。"),
    "note.partners": (
        (
            "Calls to partners, and how many brought no answer; what is asked of the bureau in the nightly batch is no call. No "
            "confidence interval: failures come together. The chart shows those with the worst moments; press a name to show or "
            "hide its line."
        ),
        "对外部机构的调用及无应答次数；夜间批量查询征信不计为调用。无置信区间：故障往往集中发生。图中先显示时段最差的机构，点击图例可显示或隐藏。",
    ),
    "note.refusals": (
        (
            "One row an event and reason, the most frequent first. A case that the score rejects is counted again where approval "
            "closes it."
        ),
        "按事件和原因统计，次数多的在前。评分拒绝的申请在审批结案时会再计一次。",
    ),
    "note.more": ("{n} more {n:row is|rows are} in summary.json.", "其余 {n} 行见 summary.json。"),
    "note.story": ("Every event of the run’s cases, in the order of time.", "本次运行全部个案的事件，按时间排列。"),
    "note.world": (
        "Declared margins against the population drawn with this run’s seed ({n} people).",
        "情景设定的分布与按本次种子抽样人群（{n} 人）的对照。",
    ),
    # empty states
    "none.volumes": ("Nobody applied.", "没有申请。"),
    "none.waits": ("Nothing was decided.", "没有审批结论。"),
    "none.tasks": ("No task came to any desk.", "没有任务派到岗位。"),
    "note.idle": ("Staffed, but nothing ever came to them: {desks}.", "有人在岗、但没有任务的岗位：{desks}。"),
    "none.staff": ("No desk was staffed in this run.", "本次运行没有人工岗位。"),
    "none.queues": ("Nothing was ever left waiting.", "没有积压。"),
    "none.buckets": ("No loan was on the books at any day’s end.", "各日日终均无在贷余额。"),
    "none.vintages": ("No month’s loans are old enough yet.", "尚无整月贷款的首期全部到期。"),
    "none.money": ("No money moved.", "没有资金收付。"),
    "none.trouble": ("Nothing broke.", "没有异常。"),
    "none.refusals": ("Nobody was refused.", "没有拒绝。"),
    "none.world": ("Not measured for this run.", "本次运行未评估。"),
    # faults
    "fault.partner_outage": ("{what} does not answer", "{what}无应答"),
    "fault.slow_partner": ("slow: {what}", "{what}应答变慢"),
    "fault.system_outage": ("the bank’s system is away", "系统中断"),
    "fault.branch_outage": ("cut off: {what}", "网点中断：{what}"),
    "fault.absence": ("{what}: staff away", "{what}：人员缺勤"),
    # method
    "method.one": (
        (
            "One run, one seed: the figures are exact counts of what happened in it. Shares of cases, loans and people carry "
            "Wilson’s 95% confidence interval, which takes them as independent draws. Times, queues, utilisation, amounts and "
            "rates by principal carry none; run several seeds for that."
        ),
        (
            "一次运行、一个种子：数字是这次运行的实际计数。按笔数、按人数的占比附 Wilson 95% 置信区间（视各笔为独立抽样）。"
            "时效、队列、利用率、金额和按余额计算的比率没有置信区间；需要时请用多个种子运行。"
        ),
    ),
    "method.invariants": (
        (
            "Invariants were checked {checked} {checked:time|times}, with {violations} {violations:violation|violations}: every "
            "transaction sums to zero, the trial balance is zero, and each loan agrees with its schedule and with the ledger."
        ),
        "不变量检查 {checked} 次，违反 {violations} 次：每笔交易借贷相等，试算平衡为零，每笔贷款与还款计划及总账一致。",
    ),
    "method.speed": (
        (
            "{wall} s from the first window to the last event on disk: {rate} customers a second, {days} loan-days; start-up "
            "{start} s apart."
        ),
        "从第一个窗口到最后一条事件落盘 {wall} 秒：每秒 {rate} 位客户，{days} 贷款日；启动 {start} 秒另计。",
    ),
    "method.files": (
        "The files beside this report open in DuckDB, pandas and polars:",
        "同目录文件可用 DuckDB、pandas、polars 打开：",
    ),
    "method.digest": (
        "Digest {digest}: the same scenario and seed give the same digest for any number of shards and either executor.",
        "摘要 {digest}：同一情景与种子，无论分片数和执行器，摘要相同。",
    ),
    # findings
    "find.desk": (
        "Busiest desk: {desk}, {share} of its working time spent on cases.",
        "最忙岗位：{desk}，工时利用率 {share}。",
    ),
    "find.queue": (
        "Longest queue: {desk}, {where}: {n} {n:task|tasks} at once, on {day}; {left} still waiting there at the end.",
        "最长队列：{desk}（{where}），{day} 同时 {n} 件；期末该处仍有 {left} 件等待。",
    ),
    "find.manual": (
        "Decisions at the desks: median {p50}, 95% {p95}{still}.",
        "人工审批：中位数 {p50}，95 分位 {p95}{still}。",
    ),
    "find.automatic": (
        "Automatic decisions: median {p50}, 95% {p95}{still}.",
        "自动审批：中位数 {p50}，95 分位 {p95}{still}。",
    ),
    "find.open": (", {n} still open counted", "，含 {n} 件未结"),
    "find.bottleneck": (
        (
            "Bottleneck: {desk}{also}. Full: its people there were busy for 95% of their time or more; named from {limit} of the "
            "hours on (ours). {waiting} of all waiting for a person was at this desk, all branches together."
        ),
        (
            "瓶颈：{desk}{also}。满负荷指该处人员工时利用率达 95% 以上；占当班小时 {limit} 起列为瓶颈（本报告自定）。"
            "该岗位全部分行合计占全部人工等待的 {waiting}。"
        ),
    ),
    "find.bottleneck.also": ("; then {desks}", "；其次 {desks}"),
    "find.full": (
        "{desk}, {where}, full in {hours} of {open} {open:hour|hours} ({share})",
        "{desk}（{where}），{open} 个当班小时中 {hours} 个满负荷（{share}）",
    ),
    "find.waiting": (
        (
            "No bottleneck: at no branch was a desk full in {limit} of its hours. Most waiting for a person: {desk}, {share} of "
            "it all."
        ),
        "无瓶颈：各分行均无岗位的满负荷小时达当班的 {limit}。等待最多的岗位：{desk}，占全部人工等待的 {share}。",
    ),
    "find.missed.none": ("Planned, but not in this run: {what}.", "情景有设定、但不在本次运行时段内：{what}。"),
    "find.missed.idle": ("No task was at the desk meanwhile: {what}.", "期间该岗位没有任务：{what}。"),
    "find.missed.part": ("Only in part in this run: {what}.", "仅部分落在本次运行时段内：{what}。"),
    "find.urged": (
        "{n} {n:task passed its time limit and was|tasks passed their time limit and were} urged.",
        "{n} 件超过时限并被催办。",
    ),
    "find.partner": (
        "{partner}: {n} of {calls} {calls:call|calls} unanswered ({share}).",
        "{partner}：{calls} 次调用中 {n} 次无应答（{share}）。",
    ),
    "find.refusal": ("Most frequent refusal: {event}, {reason} ({n}).", "最多的拒绝：{event}，{reason}（{n} 次）。"),
    "find.written_off": ("{n} {n:loan was|loans were} written off, {amount} yuan.", "核销 {n} 笔，{amount} 元。"),
}

LABELS |= OUTAGE_LABELS | COMPARE_LABELS

GRAINS: dict[str, Words] = {
    "hour": ("hour", "小时"),
    "day": ("day", "日"),
    "week": ("week", "周"),
    "month": ("month", "月"),
}


def both(words: Words) -> Markup:
    """A text in both languages, of which the page shows one."""
    if words[0] == words[1]:
        return Markup(escape(words[0]))
    return Markup('<span class="en">{}</span><span class="zh" lang="zh-CN">{}</span>').format(*words)


def words_of(key: str, **values: Any) -> Words:
    """A label with its numbers filled in. A value may itself be `Words`."""
    return filled(LABELS[key], values)


@dataclass(frozen=True)
class _Value:
    """What is filled in; ``{n:task|tasks}`` says the word that goes with the number."""

    value: Any

    def __format__(self, spec: str) -> str:
        one, divided, more = spec.partition("|")
        return (one if str(self.value) == "1" else more) if divided else format(self.value, spec)


def filled(words: Words, values: Mapping[str, Any]) -> Words:
    """A text of both languages with its values filled in."""
    english, chinese = (
        text.format(
            **{name: _Value(value[place] if isinstance(value, tuple) else value) for name, value in values.items()}
        )
        for place, text in enumerate(words)
    )
    return english, chinese


def label(key: str, **values: Any) -> Markup:
    """A label of the page, in both languages."""
    return both(words_of(key, **values))
