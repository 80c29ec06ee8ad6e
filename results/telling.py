"""A story (`results.story`) as plain text for a terminal of 80 columns: English with the Chinese term beside it, one line a
step, papers indented below the step that they belong to. Nothing is counted here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import IntFlag
from typing import Any

from rich.cells import cell_len

from credit.codes import (
    CONSENTS_ZH,
    DOUBTS_ZH,
    FACTS_ZH,
    MATERIALS_ZH,
    Alert,
    Consent,
    Contact,
    Doubt,
    Fact,
    Grade,
    Lane,
    Material,
    Method,
    Named,
)
from credit.contracts.elements import METHODS_ZH
from credit.contracts.states import SignMode
from credit.due_diligence.findings import CONCERNS_ZH, Concern
from credit.money import format_yuan
from credit.numbers import branch_of_case
from credit.room import DESKS, REASONS, Words
from credit.times import date_of, text_of
from results import names
from results.steps import Told, code_of

WIDTH = 80
_PAPER = 6
_COLUMNS = (4, 11, 15, 13, 15, 15)


def _spelt(code: Any, chinese: Mapping[Any, str]) -> str:
    return _both((code.name.lower().replace("_", " "), chinese[code]))


def _named(kind: type[Named], number: int) -> str:
    return _both(kind(number).words)


def _money(fen: int) -> str:
    return f"¥{format_yuan(fen)}"


def _both(words: Words) -> str:
    return words[0] if words[0] == words[1] or not words[1] else f"{words[0]} {words[1]}"


def _flags(kind: type[IntFlag], chinese: Mapping[Any, str], bits: int) -> str:
    return ", ".join(_spelt(one, chinese) for one in kind if bits & one) or "none 无"


def _desk(number: int) -> str:
    return _both(DESKS[number].words) if number in DESKS else "the machine 系统"


def _staff(number: int) -> str:
    return f"staff 员工 {number}" if number else ""


_VALUES: dict[str, Callable[[int], str]] = {
    "party": str,
    "score": lambda n: f"{n} points 分",
    "desk": _desk,
    "node": _desk,
    "node, 0 the machine's review": _desk,
    "node added": _desk,
    "lane": lambda n: _named(Lane, n),
    "alert": lambda n: _named(Alert, n),
    "doubts (bits)": lambda n: _flags(Doubt, DOUBTS_ZH, n),
    "doubts, where fraud rules stopped it": lambda n: _flags(Doubt, DOUBTS_ZH, n) if n else "",
    "mode of signing": lambda n: _named(SignMode, n),
    "means": lambda n: _named(Contact, n),
    "day promised": lambda n: date_of(n).isoformat(),
    "end of validity, ms": lambda n: f"valid until 有效期至 {text_of(n)[:16]}",
    "instant of the confirmation, ms": lambda n: f"read and confirmed 读完确认 {text_of(n)}",
    "interest and fee, fen": lambda n: f"interest and fee 利息及违约金 {_money(n)}",
    "person it concerns, or verdict": _staff,
    "person": _staff,
    "absent person": _staff,
    "concerns (bits)": lambda n: _flags(Concern, CONCERNS_ZH, n),
    "what it can carry, fen": lambda n: f"can carry 偿债能力 {_money(n)}",
    "materials (bits)": lambda n: _flags(Material, MATERIALS_ZH, n),
}
"""How a value is said, by what its event counts with it; others are said as numbers. The party stands in the form."""
_FIGURES = {
    "revenue_fen": "revenue 营业收入",
    "cost_fen": "costs 成本费用",
    "interest_fen": "interest 利息支出",
    "tax_fen": "income tax 所得税",
    "profit_fen": "net profit 净利润",
    "assets_fen": "assets 资产",
    "current_assets_fen": "current assets 流动资产",
    "stock_fen": "stock 存货",
    "liabilities_fen": "liabilities 负债",
    "current_liabilities_fen": "current liab. 流动负债",
    "equity_fen": "equity 所有者权益",
    "operating_cash_fen": "operating cash 经营净现金",
}
"""The figures of a statement, in the order of its columns."""
_UNSAID = ("", "party", "customer", "product", "transaction", "account that got it", "request of the case")


def told(story: Told, catalogue: names.Catalogue) -> Iterator[str]:
    """The lines of a story, none wider than `WIDTH` cells."""
    steps = story["steps"]
    product = next((_product(step["form"], catalogue) for step in steps if "form" in step), "")
    branch = int(branch_of_case(story["case"]))
    yield from _wrapped(
        " · ".join(part for part in (f"case 申请 {story['case']}", product, f"branch 分行 {branch}") if part), 0
    )
    yield from _wrapped(f"run 运行 {story['run']}" if story["run"] else f"as of 截至 {text_of(story['now'])[:19]}", 0)
    if story["began_in"]:
        yield from _wrapped(f"It may have begun in {story['began_in']}, which is not there any more 前段运行已不在", 0)
    day = ""
    for step in steps:
        today, time = text_of(step["at"]).split()
        if today != day:
            yield from ("", today)
            day = today
        yield from _wrapped(f"  {time}  {_said(step)}", 16)
        yield from _papers(step, catalogue)
    yield from _end(story)


def _end(story: Told) -> Iterator[str]:
    ends = story["ends"]
    yield from ("", "At the end of the run 期末" if story["run"] else "As it stands 目前")
    if ends["event"]:
        yield from _wrapped(f"  stands at 所处环节: {_both(names.event(ends['room'], ends['event']))}", 4)
    for loan, fen in ends["principal_fen"].items():
        became = ends["became"].get(loan)
        fate = f"{_both(names.event('repayment', became))}; " if became else ""
        yield from _wrapped(f"  loan 借据 {loan}: {fate}principal on the books 贷款余额 {_money(fen)}", 4)


def _said(step: Told) -> str:
    if step["kind"] == "transaction":
        return f"posted 记账, transaction 交易 {step['transaction']}"
    if step["kind"] == "wait":
        until = f"until 至 {text_of(step['until'])[:19]}"
        return f"the bank was away, waited 系统或网点中断，等待 · {_both(names.waits(step['who']))} · {until}"
    said = code_of(step).said
    parts = [_both(said.words)]
    if step["actor"] != "system":
        word, _, number = step["actor"].partition(" ")
        parts.append(_staff(int(number)) if word == "staff" else _both(names.actor(step["actor"])))
    if step["loan"]:
        parts.append(f"loan 借据 {step['loan']}")
    if step["amount_fen"]:
        parts.append(_money(step["amount_fen"]))
    if step["reason"] and not step["reason"].isdigit():
        parts.append(_both(names.reason(step["reason"])))
    if said.counts not in _UNSAID and (step["value"] or said.counts in _VALUES):
        write = _VALUES.get(said.counts)
        parts.append(write(step["value"]) if write else f"{said.counts}: {step['value']}")
    return " · ".join(part for part in parts if part)


def _papers(step: Told, catalogue: names.Catalogue) -> Iterator[str]:
    if "form" in step:
        yield from _pairs("the form 申请表", _form(step["form"], catalogue))
    if "score" in step:
        yield from _pairs("why it scored so 评分依据", _score(step["score"]))
    if "opinion" in step:
        yield from _pairs("in words 书面意见", _opinion(step["opinion"]))
    if "statement" in step:
        yield from _pairs("the books 经营与财务数据", _statement(step["statement"]))
    if "contract" in step:
        yield from _wrapped(f"the contract 合同 {step['contract']['number']}", 2, " " * _PAPER)
        for line in step["contract"]["text"].splitlines():
            yield from _wrapped(line, 0, " " * (_PAPER + 2))
    if "schedule" in step:
        yield from _schedule(step["schedule"])
    for posting in step.get("postings", ()):
        side = "debit 借" if posting["amount_fen"] > 0 else "credit 贷"
        amount = format_yuan(abs(posting["amount_fen"]))
        yield " " * 16 + _padded(side, 10) + _padded(_both(names.account(posting["account"])), 36) + f"{amount:>16}"
        if posting.get("in_sum"):
            yield from _wrapped("summed over branch and product 按分行和产品汇总", 0, " " * 26)


def _product(form: Told, catalogue: names.Catalogue) -> str:
    return next((_both(words) for code, words in catalogue.values() if code == form["product"]), str(form["product"]))


def _form(form: Told, catalogue: names.Catalogue) -> Iterator[tuple[str, str]]:
    """What a form says; of a live bank's case what is kept of it."""
    said: dict[str, tuple[str, Callable[[Any], str]]] = {
        "name": ("name 姓名", str),
        "id_number": ("ID number 证件号", str),
        "credit_code": ("credit code 统一社会信用代码", str),
        "mobile": ("mobile 手机号", str),
        "address": ("address 地址", str),
        "product": ("product 产品", lambda _: _product(form, catalogue)),
        "amount_fen": ("amount 金额", _money),
        "term_months": ("term 期限", lambda months: f"{months} months 个月"),
        "method": ("method 还款方式", _method),
        "purpose": ("purpose 用途", str),
        "remark": ("remark 备注", str),
        "income_fen": ("monthly income 月收入", _money),
        "employment_months": ("employed 工作年限", lambda months: f"{months} months 个月"),
        "documents": ("documents 资料", lambda bits: _flags(Material, MATERIALS_ZH, bits)),
        "consent": ("consent 授权", lambda bits: _flags(Consent, CONSENTS_ZH, bits)),
    }
    for key, (words, write) in said.items():
        if key in form:
            yield words, write(form[key])


def _method(code: int) -> str:
    return _spelt(Method(code), METHODS_ZH) if code in METHODS_ZH else str(code)


def _opinion(opinion: Told) -> Iterator[tuple[str, str]]:
    yield "opinion 意见", opinion["opinion"]
    yield "background 背景分析", opinion.get("background", "")
    yield "finances 财务分析", opinion.get("finance", "")


def _statement(statement: Told) -> Iterator[tuple[str, str]]:
    yield "year 年度", str(statement["year"])
    yield "people 员工人数", str(statement["employees"])
    for name, words in _FIGURES.items():
        yield words, _money(statement[name])


def _score(score: Told) -> Iterator[tuple[str, str]]:
    yield "score 评分", str(score["score"])
    yield "grade 等级", _named(Grade, score["grade"])
    yield "chance of default 违约概率", f"{score['pd_ppm'] / 10_000:.2f}%"
    yield "lane 通道", _named(Lane, score["lane"])
    yield "alert 预警", _named(Alert, score["alert"])
    yield "doubts 疑点", _flags(Doubt, DOUBTS_ZH, score["doubts"])
    advice = score["advice"]
    yield "machine's advice 系统建议", " ".join(REASONS[advice].words) if advice else "approve 同意"
    yield "points by dimension 各维度得分", _points(score)
    yield "costs most 主要扣分项", _flags(Fact, FACTS_ZH, score["shortfalls"])
    yield "verified income 核实收入", _money(score["verified_income_fen"])
    yield "monthly debt 月负债", _money(score["monthly_debt_fen"])


def _points(score: Told) -> str:
    dimensions = {
        "identity 身份": "identity",
        "capacity 偿债": "capacity",
        "history 信用": "history",
        "behaviour 行为": "behaviour",
    }
    return ", ".join(f"{words} {score[f'{name}_points'] / 100:.2f}" for words, name in dimensions.items())


def _schedule(lines: list[Told]) -> Iterator[str]:
    yield from _wrapped("the plan of the contract 还款计划", 2, " " * _PAPER)
    names_en = ("no.", "due", "principal", "interest", "payment", "balance")
    names_zh = ("期", "到期", "本金", "利息", "应还", "余额")
    amounts = ("principal_fen", "interest_fen", "payment_fen", "balance_fen")
    rows = [(str(line["number"]), line["due_day"], *(format_yuan(line[name]) for name in amounts)) for line in lines]
    for cells in (names_en, names_zh, *rows):
        yield "    " + "".join(_padded(cell, width, right=True) for cell, width in zip(cells, _COLUMNS, strict=True))


def _pairs(title: str, pairs: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield from _wrapped(title, 2, " " * _PAPER)
    for name, value in pairs:
        if value:
            yield from _wrapped(_padded(name, 26) + value, 26, " " * (_PAPER + 2))


def _padded(text: str, width: int, right: bool = False) -> str:
    fill = " " * max(width - cell_len(text), 1)
    return fill + text if right else text + fill


def _wrapped(text: str, hanging: int, margin: str = "") -> Iterator[str]:
    """A text in lines that fit, the second and later ones indented by `hanging`."""
    left = text
    while True:
        line, left = _fitting(left, WIDTH - cell_len(margin))
        yield (margin + line).rstrip()
        if not left:
            return
        margin, hanging = margin + " " * hanging, 0


def _fitting(text: str, width: int) -> tuple[str, str]:
    """What of a text fits into so many cells, and the rest. It breaks at a blank or beside a Chinese character (two cells)."""
    cells = place = 0
    for n, sign in enumerate(text):
        cells += cell_len(sign)
        if cells > width:
            cut = place or n
            return text[:cut], text[cut:].lstrip(" ")
        if sign == " " or cell_len(sign) > 1:
            place = n + 1
    return text, ""
