"""Rules of approval on whole columns: what comes in and may be decided by machine, what a person's opinion must hold, what an
approval fixes. A rule answers with a reason, 0 = none."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import Refusal
from credit.codes import Alert, Lane, Node, Verdict
from credit.customers.contract import Refusal as CustomerRefusal
from credit.due_diligence.findings import Analysis
from credit.policies.products import ProductColumns
from credit.room import Rows
from credit.times import Bools, Ints
from credit.worklists.states import Refusal as TaskRefusal

ANALYSIS = ("opinion", "background", "finance")
"""What is written."""


def rejected_reason(cases: Rows) -> Ints:
    """Why scoring rejected, as it says itself (CUS-04, SCO-05, SCO-07); 0 where it did not."""
    return np.where(cases["lane"] == Lane.REJECT, cases["advice"], 0)


def advised_against(cases: Rows) -> Ints:
    """APP-01: what due diligence advises against is declined."""
    return np.where(cases["analysis"] == Analysis.AGAINST, int(Refusal.DUE_DILIGENCE), 0)


def material_faults(cases: Rows, key: int, products: ProductColumns) -> Ints:
    """APR-13: only a product's conditional materials may be missing, and key items never."""
    late = products.conditional[cases["product"]] & ~np.int64(key)
    return np.where((cases["missing"] & ~late) != 0, int(CustomerRefusal.DOCUMENT_MISSING), 0)


def terms_faults(cases: Rows, products: ProductColumns) -> Ints:
    """Terms a product offers; asked again of a customer's changed wish (APR-14, CON-16)."""
    product = cases["product"]
    amount = (cases["amount_fen"] < products.amount_min[product]) | (cases["amount_fen"] > products.amount_max[product])
    months = np.clip(cases["term_months"], 0, products.terms.shape[1] - 1)
    term = ~products.terms[product, months] | (months != cases["term_months"])
    return np.where(
        amount, int(ApplicationRefusal.AMOUNT_RANGE), np.where(term, int(ApplicationRefusal.TERM_OPTION), 0)
    )


def may_be_automatic(cases: Rows, products: ProductColumns) -> Bools:
    """APR-15: the lane that scoring chose, within what the product lets a machine decide; doubts and alerts need a person."""
    allowed = (cases["lane"] == Lane.AUTOMATIC) & (cases["amount_fen"] <= products.automatic_max[cases["product"]])
    return np.asarray(allowed & (cases["doubts"] == 0) & (cases["alert"] == Alert.NONE))


def words_faults(opinions: Rows, cases: Rows, length_min: int, analysed: Bools) -> Ints:
    """APR-01: an opinion is given in words; a review that passes a case on records background and finances where the product's
    policy (`analysed`, by product) asks for it."""
    written = {name: np.char.str_len(np.char.strip(opinions[name])) >= length_min for name in ANALYSIS}
    on = (opinions["verdict"] != Verdict.DECLINE) & (opinions["verdict"] != Verdict.RETURN)
    asked = on & (cases["node"] == Node.INITIAL) & analysed[cases["product"]]
    faults = np.where(asked & ~(written["background"] & written["finance"]), int(Refusal.ANALYSIS_MISSING), 0)
    return np.where(written["opinion"], faults, int(Refusal.OPINION_MISSING))


def opinion_faults(opinions: Rows, cases: Rows, products: ProductColumns, may_reduce: Bools, special_max: int) -> Ints:
    """What is wrong with an opinion as such; `cases` row by row the case it is about. A member of the committee votes yes or no
    (APR-02). Who sends a case back says which of its product's materials are missing (APP-19). `special_max`: the largest amount
    for special approval, fen."""
    product, minimum_fen = cases["product"], products.amount_min[cases["product"]]
    verdict, amount, asked = opinions["verdict"], opinions["amount_fen"], cases["amount_fen"]
    known = (verdict >= Verdict.APPROVE) & (verdict <= Verdict.SPECIAL)
    reduces = verdict == Verdict.REDUCE
    above = (amount > asked) & (reduces | (verdict == Verdict.APPROVE))
    wrong = ~known | (reduces & ((amount < minimum_fen) | (amount == asked) | ~may_reduce))
    wrong |= (verdict == Verdict.APPROVE) & (amount != 0) & (amount < asked)
    in_favour = (verdict == Verdict.APPROVE) | reduces
    wrong |= (cases["node"] == Node.COMMITTEE) & (verdict != Verdict.DECLINE) & ~in_favour
    special = verdict == Verdict.SPECIAL
    wrong |= special & (cases["node"] == Node.SUPERVISOR)
    named = opinions["materials"]
    unnamed = ((named != 0) != (verdict == Verdict.RETURN)) | (
        (named & ~products.asked(product, cases["segment"])) != 0
    )
    faults = np.where(wrong, int(TaskRefusal.DECISION_INVALID), 0)
    faults = np.where(unnamed & known, int(Refusal.SUPPLEMENT_UNNAMED), faults)
    faults = np.where(special & ~wrong & (asked > special_max), int(Refusal.SPECIAL_LIMIT), faults)
    return np.where(above, int(Refusal.LIMIT_EXCEEDED), faults)


def decided_amount(opinions: Rows, cases: Rows) -> Ints:
    """The amount after an opinion: lowered by REDUCE, else as it was."""
    return np.where(opinions["verdict"] == Verdict.REDUCE, opinions["amount_fen"], cases["amount_fen"])
