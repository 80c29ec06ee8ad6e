"""What a contract says of penalty interest, early repayment and debits, as it is agreed (CON-04): by the bank's terms of
repayment for its product or case, the rate approved and what the customer has consented to. These are the terms by which
repayment reckons later, so text and book can't part."""

from __future__ import annotations

import numpy as np

from credit.codes import Consent
from credit.money import PPM, mul_div_round
from credit.policies.repayment import RepaymentPolicy
from credit.room import Rows


def decimal(value: int, unit: int) -> str:
    """A number in its unit, without zeros at its end: ``decimal(43_500, 10_000) == "4.35"``."""
    return f"{value // unit}.{value % unit:0{len(str(unit)) - 1}d}".rstrip("0").rstrip(".")


def percent(ppm: int) -> str:
    """A share or a yearly rate in per cent: ``percent(43_500) == "4.35"``."""
    return decimal(ppm, 10_000)


class Agreed:
    """The clauses of one bank's contracts that follow from its terms of repayment."""

    def __init__(self, policy: RepaymentPolicy) -> None:
        self._policy = policy

    def clauses(self, row: Rows | np.void) -> dict[str, str]:
        """The texts of a contract's placeholders that are written here."""
        return {"penalty": self._penalty(row), "early_fee": self._early_fee(row), "debit": self._debit(row)}

    def _penalty(self, row: Rows | np.void) -> str:
        """罚息: so many times the contract's rate, as `credit.repayment.rules.penalty_step` takes it."""
        factor = self._policy.penalty_factor_ppm
        yearly = int(mul_div_round(int(row["rate_ppm"]), factor, PPM))
        return f"按本合同利率的{decimal(factor, PPM)}倍（年利率{percent(yearly)}%）计收罚息"

    def _early_fee(self, row: Rows | np.void) -> str:
        """违约金 of early repayment, by product."""
        found = [one for one in self._policy.early_fees if one.product == int(row["product"]) and one.fee_ppm]
        if not found:
            return "甲方不收取违约金"
        [fee] = found
        free = f"；已还满{fee.free_after_months}期的，不收取" if fee.free_after_months else ""
        return f"按提前归还本金的{percent(fee.fee_ppm)}%支付违约金{free}"

    def _debit(self, row: Rows | np.void) -> str:
        """Whether the bank debits, which account and when; REP-06, REP-07."""
        day, account = self._debit_day(int(row["case"]), int(row["product"])), int(row["account"])
        due = f"每月{day}日" if day else "放款日逐月对应之日"
        if not int(row["consent"]) & int(Consent.AUTO_DEBIT):
            return f"乙方未授权自动扣款，应当于每期还款日（{due}）自行足额偿还应付本息，还款账户为{account}。"
        hour, minute = divmod(self._policy.debit_minute, 60)
        return (
            f"乙方授权甲方于每期还款日（{due}）{hour:02d}时{minute:02d}分起自扣款账户{account}划收应付本息；"
            "账户余额不足的，乙方应当以其他方式足额偿还。"
        )

    def _debit_day(self, case: int, product: int) -> int:
        """The terms of the case, else of the product; 0: the day of disbursement."""
        terms = self._policy.debit_terms
        own = [one.debit_day for one in terms if one.case == case]
        return next(iter([*own, *(one.debit_day for one in terms if one.product == product)]), 0)
