"""A scenario's load test beside the scenario's run: the same instants, simulated and measured, and what makes the difference. The
words follow from the figures; what is not compared is said too."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from credit.policies import ProductPolicy, load
from credit.room import EVENTS, Words
from credit.track import deciding
from lendrill.errors import UserError
from results.intervals import wilson
from results.sql import tables_of
from scenarios.model import Scenario

_SIMULATED = """
WITH told AS (
  SELECT case_no, MIN(ts) FILTER (event IN ({decided})) AS decided, BOOL_OR(event = 'node_entered') AS referred
  FROM {events} WHERE case_no > 0 GROUP BY case_no),
came AS (
  SELECT *, (EPOCH_MS(submitted) - {begin}) // {step} AS second, product IN ({automatic}) AS automatic,
         EPOCH_MS(decided) - EPOCH_MS(submitted) AS took
  FROM {cases} LEFT JOIN told USING (case_no) WHERE EPOCH_MS(submitted) >= {begin} AND EPOCH_MS(submitted) < {end})
SELECT COUNT(*), COUNT(*) FILTER (automatic), COUNT(*) FILTER (automatic AND referred),
       (SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM came GROUP BY second)),
       COUNT(took) FILTER (automatic AND NOT referred),
       QUANTILE_CONT(took, [0.5, 0.95, 0.99]) FILTER (automatic AND NOT referred)
FROM came
"""
_PERCENTS = ("p50", "p95", "p99")
LEAST_DECISIONS = 100
"""Of fewer decisions on either side no difference is split: one slow answer would be the 99th percentile."""
_HEAVIER = 2.0
"""A tail is said to be heavier when its ratio to the median is so many times the simulated one."""
LABELS: dict[str, Words] = {
    "arrivals": ("applications that came", "到达申请数"),
    "busiest": ("in the busiest second of the test", "最忙一秒的到达数"),
    "referred": ("of the automatic lane's products referred to a desk", "自动通道产品转人工比例"),
    "p50": ("decision of the automatic lane, median, ms", "自动通道决策时间中位数（毫秒）"),
    "p95": ("… 95th percentile, ms", "……95 百分位（毫秒）"),
    "p99": ("… 99th percentile, ms", "……99 百分位（毫秒）"),
}


SAID: dict[str, Words] = {
    "kept_up": (
        "The generator began {missed:,} of {scheduled:,} visits late or never: the measured side had fewer at a time.",
        "发压端有 {missed:,} 次访问（共 {scheduled:,} 次）晚发起或未发起：实测侧的并发低于计划。",
    ),
    "others": (
        "{others:,} of the {arrivals:,} instants brought somebody who does not apply: `--mix` lets others come too.",
        "{arrivals:,} 个到达时刻中有 {others:,} 个来的不是申请人：`--mix` 还让其他访客到来。",
    ),
    "undecided": (
        (
            "{undecided:,} of {waited:,} who waited had no decision when their patience ended; the measured percentiles lack "
            "them and are too short."
        ),
        "等待的 {waited:,} 人中有 {undecided:,} 人在耐心耗尽前未得到结果；实测百分位不含他们，因而偏短。",
    ),
    "not_slower": (
        (
            "The live bank is not slower: median {there:,.0f} ms (n = {decided:,}), simulated {here:,.0f} ms (n = {others:,}). "
            "What makes that difference is left unexplained."
        ),
        (
            "真实运行并不更慢：中位数 {there:,.0f} 毫秒（n = {decided:,}），仿真 {here:,.0f} 毫秒（n = {others:,}）。"
            "其差别未作解释。"
        ),
    ),
    "door": (
        (
            "The live median (n = {decided:,}) is {longer:,.0f} ms longer than the simulated one (n = {others:,}), no more than "
            "what the door costs, which the simulation has not: {lag:,.0f} ms the generator and {service:,.0f} ms until the form "
            "is durable, medians of n = {applied:,}."
        ),
        (
            "真实中位数（n = {decided:,}）比仿真（n = {others:,}）长 {longer:,.0f} 毫秒，不超过仿真中没有的入口开销："
            "发压端 {lag:,.0f} 毫秒，申请落盘 {service:,.0f} 毫秒（中位数，n = {applied:,}）。"
        ),
    ),
    "unexplained": (
        (
            "The live median (n = {decided:,}) is {longer:,.0f} ms longer than the simulated one (n = {others:,}): {lag:,.0f} ms "
            "the generator and {service:,.0f} ms until the form is durable, medians of n = {applied:,}; {rest:,.0f} ms are left "
            "unexplained. A window took {window:,.0f} ms in the median."
        ),
        (
            "真实中位数（n = {decided:,}）比仿真（n = {others:,}）长 {longer:,.0f} 毫秒："
            "发压端 {lag:,.0f} 毫秒，申请落盘 {service:,.0f} 毫秒（中位数，n = {applied:,}）；"
            "其余 {rest:,.0f} 毫秒未作解释。一个窗口的中位数为 {window:,.0f} 毫秒。"
        ),
    ),
    "few": (
        (
            "Too few decisions to say what makes the difference: n = {decided:,} measured and n = {others:,} simulated, of which "
            "at least {least:,} each are needed."
        ),
        "决策太少，不解释差距：实测 n = {decided:,}，仿真 n = {others:,}，各需至少 {least:,} 个。",
    ),
    "heavier": (
        (
            "The live tail is heavier: p99 is {there:.1f} times the median (n = {decided:,}), simulated {here:.1f} times "
            "(n = {others:,}), as where people wait for one another."
        ),
        (
            "真实运行的尾部更重：p99 为中位数的 {there:.1f} 倍（n = {decided:,}），仿真为 {here:.1f} 倍（n = {others:,}），"
            "如请求相互等待时那样。"
        ),
    ),
    "no_heavier": (
        (
            "The tail is no heavier: p99 is {there:.1f} times the median (n = {decided:,}), simulated {here:.1f} times "
            "(n = {others:,}); no queue shows at this rate."
        ),
        (
            "尾部没有变重：p99 为中位数的 {there:.1f} 倍（n = {decided:,}），仿真为 {here:.1f} 倍（n = {others:,}）；"
            "该到达率下看不出排队。"
        ),
    ),
    "by_chance": (
        "The shares that were referred to a desk differ by no more than chance: their 95 % intervals overlap.",
        "转人工比例之差不超出偶然：两者的 95% 区间重叠。",
    ),
    "other_people": (
        (
            "The shares that were referred to a desk differ by more than chance: the load test's people are drawn apart from the "
            "scenario's."
        ),
        "转人工比例之差超出偶然：压力测试的客户与场景的人群分别抽取。",
    ),
    "desks": (
        (
            "Only arrivals are {fast:g} times as fast, people at desks are not: the {referred:,} cases referred here came in "
            "{minutes:,.1f} minutes, for which the scenario has {hours:,.1f} hours. Waiting at desks is not compared."
        ),
        (
            "只有到达加快了 {fast:g} 倍，岗位上的人没有：转人工的 {referred:,} 件在 {minutes:,.1f} 分钟内到达，"
            "场景中为 {hours:,.1f} 小时。"
            "因此不比较人工等待时间。"
        ),
    ),
}


@dataclass(frozen=True)
class Span:
    """The part of a scenario that comes: ms since 1970, and how many of its seconds pass in one of the test's."""

    begin: int
    end: int
    fast: float


@dataclass(frozen=True)
class Side:
    """What one side says: applications, the most in a second of the test, of those of the automatic lane how many there were and
    how many were referred, and the decision times of the others in ms, by percentile, of so many who were decided."""

    arrivals: int
    busiest: int
    automatic: int
    referred: int
    decision_ms: dict[str, float]
    decided: int

    def bases(self) -> dict[str, int | None]:
        """Of how many each figure is, by the names of `LABELS`; none where it is a count itself."""
        return {"arrivals": None, "busiest": None, "referred": self.automatic} | dict.fromkeys(_PERCENTS, self.decided)

    def figures(self) -> dict[str, float | None]:
        """By the names of `LABELS`."""
        share = self.referred / self.automatic if self.automatic else None
        return {"arrivals": self.arrivals, "busiest": self.busiest, "referred": share} | {
            name: self.decision_ms.get(name) for name in _PERCENTS
        }


def simulated_run(name: str, seed: int, given: Path | None, folder: Path) -> Path:
    """The folder of the scenario's run with this seed: the one that was given, or a run made now, in a process of its own and
    before anybody comes. UserError where it is another scenario's or seed's, or can't be made."""
    if given is None:
        words = ["run", name, "--seed", str(seed), "--executor", "local", "--out", str(folder), "--quiet"]
        made = subprocess.run([sys.executable, "-m", "lendrill", *words], capture_output=True, text=True, check=False)
        if made.returncode:
            raise UserError(
                f"{name}: can't be simulated: {(made.stderr.strip().splitlines() or ['it said nothing'])[-1]}"
            )
        return folder
    try:
        summary = json.loads((given / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"--simulated {given}: no run", "give the folder that `lendrill run` left") from None
    if (summary.get("scenario"), summary.get("seed")) != (name, seed):
        raise UserError(
            f"--simulated {given}: a run of {summary.get('scenario')} with seed {summary.get('seed')}",
            f"give one of {name} with seed {seed}, or leave it out",
        )
    return given


def simulated(folder: Path, scenario: Scenario, span: Span) -> Side:
    """What the run says of those who came in a span."""
    products = load("products", ProductPolicy, scenario.policies).products
    automatic = ", ".join(f"'{one.key}'" for one in products if one.automatic_amount_max > 0) or "''"
    step = max(1, round(1_000 * span.fast))
    decided = ", ".join(f"'{EVENTS[code].name.lower()}'" for code in sorted(deciding()))
    query = _SIMULATED.format(
        decided=decided, begin=span.begin, end=span.end, step=step, automatic=automatic, **tables_of(folder)
    )
    with duckdb.connect() as connection:
        [(arrivals, of, referred, busiest, decided_n, took)] = connection.execute(query).fetchall()
    times = dict(zip(_PERCENTS, map(float, took), strict=True)) if took else {}
    return Side(arrivals, busiest or 0, of, referred, times, decided_n)


def measured(load: dict[str, Any], seconds: list[dict[str, Any]]) -> Side:
    """What the load test says."""
    of = load["applications"]
    times = {name: ms for name, ms in of.get("decision_ms", {}).items() if name in _PERCENTS}
    return Side(
        of["scheduled"], max((row["scheduled"] for row in seconds), default=0), of["waited"], of["referred"], times,
        of["decided"],
    )  # fmt: skip


def compared(ours: Side, theirs: Side, span: Span, load: dict[str, Any], bank: dict[str, float]) -> dict[str, Any]:
    """As `summary.json` has it: each figure on both sides with how many it is of, and the gap in words."""
    left, right = ours.figures(), theirs.figures()
    rows = [
        {"name": name, "words": LABELS[name], "simulated": left[name], "measured": right[name],
         "n": [ours.bases()[name], theirs.bases()[name]]}
        for name in LABELS
    ]  # fmt: skip
    return {"figures": rows, "gap": gap(ours, theirs, span, load, bank)}


def gap(ours: Side, theirs: Side, span: Span, load: dict[str, Any], bank: dict[str, float]) -> list[Words]:
    """What makes the difference between a simulated (ours) and a measured side, in English and Chinese; of fewer than
    `LEAST_DECISIONS` on either side nothing is said to make it."""
    of = load["applications"]
    missed, undecided = of["late"] + of["dropped"], of["waited"] - of["referred"] - of["decided"]
    said = []
    if missed:
        said.append(_said("kept_up", missed=missed, scheduled=of["scheduled"]))
    if others := ours.arrivals - theirs.arrivals:
        said.append(_said("others", others=others, arrivals=ours.arrivals))
    if undecided > 0:
        said.append(_said("undecided", undecided=undecided, waited=of["waited"]))
    if min(ours.decided, theirs.decided) < LEAST_DECISIONS:
        said.append(_said("few", least=LEAST_DECISIONS, decided=theirs.decided, others=ours.decided))
    else:
        said += [_median(ours, theirs, of, bank), _tail(ours, theirs)]
    here, there = (wilson(side.referred, side.automatic) for side in (ours, theirs))
    if here and there:
        said.append(_said("by_chance" if here[0] <= there[1] and there[0] <= here[1] else "other_people"))
    hours = (span.end - span.begin) / 3_600_000
    return [
        *said,
        _said("desks", fast=span.fast, referred=theirs.referred, minutes=hours * 60 / span.fast, hours=hours),
    ]


def _median(ours: Side, theirs: Side, of: dict[str, Any], bank: dict[str, float]) -> Words:
    here, there = (side.decision_ms["p50"] for side in (ours, theirs))
    lag, service = (of.get(f"{name}_ms", {}).get("p50", 0.0) for name in ("lag", "service"))
    longer, rest = there - here, there - here - lag - service
    name = "not_slower" if longer <= 0 else "door" if rest <= 0 else "unexplained"
    return _said(
        name, here=here, there=there, longer=longer, lag=lag, service=service, rest=rest, applied=of["accepted"],
        window=bank.get("window_ms.p50", 0.0), decided=theirs.decided, others=ours.decided,
    )  # fmt: skip


def _tail(ours: Side, theirs: Side) -> Words:
    here, there = (side.decision_ms["p99"] / max(side.decision_ms["p50"], 1.0) for side in (ours, theirs))
    name = "heavier" if there > _HEAVIER * here else "no_heavier"
    return _said(name, here=here, there=there, decided=theirs.decided, others=ours.decided)


def _said(name: str, **values: float) -> Words:
    english, chinese = (text.format(**values) for text in SAID[name])
    return english, chinese
