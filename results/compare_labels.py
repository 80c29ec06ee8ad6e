"""The fixed words of a comparison's page, English and Chinese; part of the labels of `results.labels`."""

from __future__ import annotations

from credit.room import Words

COMPARE_LABELS: dict[str, Words] = {
    "compare.title": ("Two runs side by side", "两次运行对照"),
    "compare.differences": ("In what they differ", "差异"),
    "compare.figures": ("Figures", "指标"),
    "compare.fates": ("The same applications", "同一申请的去向"),
    "compare.charts": ("Charts", "图表"),
    "compare.alike": (
        "The same name has the same colour on both sides, and both have the same axes. Shaded: faults that the scenario planned.",
        "两侧同名同色、坐标相同。阴影：情景中预设的故障。",
    ),
    "compare.change": ("difference", "差额"),
    "compare.same": ("The same scenario, seed and policies.", "情景、种子与政策均相同。"),
    "compare.note": (
        "Small: 95% confidence intervals; figures without one are exact for their run. Times in hours, shares between 0 and 1.",
        "小字为 95% 置信区间；没有区间的为该次运行的准确值。时间单位为小时，占比在 0 与 1 之间。",
    ),
    "compare.paired": (
        "{n} {n:application|applications} of the same people who ask for the same in both runs, as they stood on {until}.",
        "两次运行中同一人、同一申请共 {n} 笔，截至 {until}。",
    ),
    "compare.other_start": (
        "The runs begin on different days: what came of an application is of another age in each.",
        "两次运行起始日不同：同一申请的去向在两次运行中账龄不同。",
    ),
    "compare.unpaired.only in the first run": ("Only in the first run: {n}.", "仅在第一次运行：{n} 笔。"),
    "compare.unpaired.only in the second run": ("Only in the second run: {n}.", "仅在第二次运行：{n} 笔。"),
    "compare.unpaired.in the first run, after the second had ended": (
        "In the first run, after the second had ended: {n}.",
        "第二次运行结束后、第一次运行中的：{n} 笔。",
    ),
    "compare.unpaired.in the second run, after the first had ended": (
        "In the second run, after the first had ended: {n}.",
        "第一次运行结束后、第二次运行中的：{n} 笔。",
    ),
    "compare.nothing": ("Nothing is paired: no application is in both runs.", "无可配对：两次运行没有共同的申请。"),
    "compare.unpaired.other people": ("Other people: {n}.", "并非同一人：{n} 笔。"),
    "compare.unpaired.the same people, who ask for something else": (
        "The same people, who ask for something else: {n}.",
        "同一人、申请内容不同：{n} 笔。",
    ),
    "compare.chart.volumes": ("Volumes", "业务量"),
    "compare.chart.waits": ("Decision times", "审批时效"),
    "compare.chart.use": ("Use of the desks", "工时利用率"),
    "compare.chart.queues": ("Queue lengths", "队列长度"),
    "compare.chart.rates": ("Overdue and non-performing", "逾期率与不良率"),
    "compare.chart.vintages": ("Vintages", "账龄曲线"),
    "compare.chart.trouble": ("Trouble", "异常"),
    "fate.not approved": ("not approved", "未通过"),
    "fate.approved only": ("approved only", "仅通过审批"),
    "fate.paid out": ("paid out", "已放款"),
    "fate.was overdue": ("was overdue", "曾逾期"),
    "fate.non-performing": ("non-performing", "曾不良"),
}
