"""Due diligence (尽职调查): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.approval.contract import ApplicationScored
from credit.codes import Handler, Named, Step
from credit.due_diligence.findings import Analysis
from credit.profile import SCORED
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "due_diligence", ("due diligence", "尽职调查"))


class Paper(Named):
    """What a customer manager uploads from a visit (APP-21)."""

    REPORT = 1, "investigation report", "调查报告"
    PHOTO = 2, "photo of the premises", "现场照片"


# mail in, and what is asked of the world -------------------------------------------------------------------------------
BusinessScored = room.accepts(1801, "BusinessScored", SCORED, sender="scoring collateral")
"""A scored application of a business that is to be looked into; with what was found it goes on to approval."""
room.sends(ApplicationScored)
FIGURES = (
    "revenue_fen cost_fen interest_fen tax_fen profit_fen assets_fen current_assets_fen stock_fen liabilities_fen "
    "current_liabilities_fen equity_fen operating_cash_fen"
)
"""Of a financial year: revenue (营业收入), costs (营业成本及费用) without interest and tax, interest (利息支出), income tax
(所得税), net profit (净利润); at its end assets (资产), of these current (流动资产), of these stock (存货), liabilities
(负债), of these current (流动负债), equity (所有者权益); and net cash from operations (经营活动现金流量净额)."""
STATEMENT = f"year employees {FIGURES}"
"""The year, how many people work there at its end, and the figures."""
FilePaper = room.obeys(1802, "FilePaper", "case person paper nth format size short_side_px=0 sharpness=0 digest:U64")
"""The customer manager who holds the visit uploads its report (`nth` 1) or a photo, numbered from 1; what comes again takes the
place of what came before. The rest as in `FileMaterial`."""
RecordStatement = room.obeys(1803, "RecordStatement", f"case person {STATEMENT}")
"""He records what the business's books say of its last year."""
RATIOS = "debt_ppm current_ppm cover_ppm service_ppm"
"""Debt ratio (资产负债率), current ratio (流动比率), interest cover (利息保障倍数), debt service cover (偿债备付率); in
millionths."""
DESK = desk_kinds(
    room,
    "DueDiligence",
    1810,
    entity="case",
    offers=f"party product segment amount_fen capacity_fen advice_fen concerns analysis {RATIOS} attempt",
    decides="verdict amount_fen concerns opinion:U200",
)
"""`amount_fen` of a visit: what is asked for; of an analysis: the most that may be proposed. A visit's `verdict` is the
advice of its report, `amount_fen` how much it advises; an analysis' is what is proposed. Both are written in words."""
room.table("cases", f"{SCORED} state tasks", key="case", puts="state tasks")
"""Applications that are being looked into."""
room.table("papers", "number case branch person paper nth format size digest:U64 filed_at", key="number")
room.table("statements", f"case branch person recorded_at {STATEMENT}", key="case")
room.table(
    "reports",
    "case branch customer product asked_fen "
    + blank(
        f"visitor visited_at advice advice_fen concerns {RATIOS} capacity_fen analyst analysed_at analysis proposed_fen"
    )
    + " report:U200=0 assessment:U200=0",
    key="case",
    puts=f"visitor visited_at advice advice_fen concerns {RATIOS} capacity_fen analyst analysed_at analysis proposed_fen "
    "report assessment",
)
"""What was found and by whom; it stays with the case. `advice`: the visitor's verdict · `report`, `assessment`: in their
words."""

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of due diligence."""

    VISIT_ASKED = event(
        1801, "site visit asked for", "发起实地走访", value="desk", step=Step.APPROVAL, handler=Handler.INVESTIGATOR
    )
    PAPER_FILED = event(1802, "paper of a visit filed", "上传走访资料", reason=Paper, value="its number")
    STATEMENT_RECORDED = event(1803, "financial data recorded", "登记经营与财务数据", value="year")
    SITE_VISITED = event(
        1804,
        "premises visited, report handed in",
        "完成实地走访并提交调查报告",
        value="concerns (bits)",
        step=Step.APPROVAL,
        handler=Handler.INVESTIGATOR,
    )
    STATEMENT_INCONSISTENT = event(
        1805,
        "figures do not agree",
        "财务报表勾稽不符",
        value="year",
        trouble=("statements that do not agree", "财务报表勾稽不符"),
    )
    VISIT_SENT_BACK = event(
        1806, "sent back for another visit", "退回重新走访", step=Step.APPROVAL, handler=Handler.INVESTIGATOR
    )
    BUSINESS_ANALYSED = event(
        1807,
        "finances and capacity analysed",
        "完成财务与偿债能力分析",
        reason=Analysis,
        value="what it can carry, fen",
        step=Step.APPROVAL,
        handler=Handler.APPROVER,
    )
    DUE_DILIGENCE_REFUSED = event(1808, "due diligence action refused", "尽职调查操作被拒", reason=Reason, refuses=True)
    TASK_URGED = event(
        1809, "due diligence urged", "尽职调查催办", value="desk", trouble=("due diligence urged", "尽职调查催办")
    )
    TASK_HANDLED = event(
        1810, "due diligence task handled", "尽职调查任务流转", reason=Handling, value="person it concerns, or verdict"
    )
    DEPUTY_APPOINTED = event(1811, "deputy for due diligence appointed", "指定尽职调查代理人", value="deputy")


class Gauge(GaugeCode):
    """What due diligence measures at a day's end."""

    INVESTIGATIONS = (
        35,
        "businesses being looked into",
        "在办尽职调查",
        True,
        "credit.due_diligence.states:InvestigationState",
    )


class Desk(DeskCode):
    """The staffed desks of due diligence."""

    SITE_INVESTIGATOR = 45, "customer manager, site visits", "客户经理（实地走访）", False, 3, 60
    FINANCIAL_ANALYST = 46, "financial analysis", "财务分析岗", False, 2, 40


class Refusal(Reason):
    """Why due diligence refuses."""

    NOT_VISITING = (
        1801,
        "person: only who holds the visit's task files papers and figures",
        "仅任务办理人可上传走访资料",
        "person",
    )
    PAPER_UNKNOWN = (
        1802,
        "paper, nth: a report, or a photo from 1 to the most there may be",
        "走访资料类型或序号无效",
        "nth",
    )
    PAPER_FORMAT = 1803, "format: a photo is a JPG, a report a PDF or JPG", "走访资料格式不符", "format"
    PAPER_SIZE = 1804, "size: a file is empty or too large", "走访资料大小不符", "size"
    PAPER_UNCLEAR = 1805, "the image is not legible; take it again", "图像不清晰，请重新拍摄", "file"
    FIGURES_IMPOSSIBLE = (
        1806,
        "figures: each at most 10,000 million yuan, and none below 0 but profit, tax, equity and cash from operations",
        "财务数据超出范围：单项不超过一百亿元，除净利润、所得税、所有者权益和经营净现金外不得为负",
    )
    PHOTOS_MISSING = 1807, "photos: more photos of the premises are needed first", "现场照片不足", "verdict"
    REPORT_MISSING = 1808, "report: the investigation report is to be uploaded first", "未上传调查报告", "verdict"
    FIGURES_MISSING = 1809, "figures: the financial data are to be recorded first", "未登记财务数据", "verdict"
    CONCERNS_UNKNOWN = 1810, "concerns: one of the concerns there are, or none", "调查结论无效", "concerns"
    WORDS_MISSING = 1811, "opinion: write findings and advice down in words", "须填写调查结论与建议", "opinion"
    AMOUNT_ABOVE = (
        1812,
        "amount_fen: advise or propose no more than is asked for and can be carried, and with a no nothing",
        "建议金额不得超过申请金额或偿债能力，不建议授信时不得填写",
        "amount_fen",
    )
    YEAR_UNKNOWN = 1813, "year: the books' year, from 2000 to 2099", "年度须为 2000 至 2099", "year"
    EMPLOYEES_RANGE = 1814, "employees: from 0 to 1,000,000", "员工人数超出范围", "employees"
    ASSETS_MISSING = 1815, "assets_fen: a business has assets", "资产总额须大于零", "assets_fen"
    CURRENT_ASSETS_ABOVE = 1816, "current_assets_fen: no more than assets", "流动资产不得大于资产", "current_assets_fen"
    STOCK_ABOVE = 1817, "stock_fen: no more than current assets", "存货不得大于流动资产", "stock_fen"
    CURRENT_LIABILITIES_ABOVE = (
        1818,
        "current_liabilities_fen: no more than liabilities",
        "流动负债不得大于负债",
        "current_liabilities_fen",
    )


room.logs(Event, Gauge, Desk, reasons=(Refusal, TaskRefusal))
