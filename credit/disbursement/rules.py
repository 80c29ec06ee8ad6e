"""The arithmetic of disbursement on whole columns: preconditions, tranches, drawdowns, the check of core banking's answer, and
the instant at which a payment leaves. A rule answers with a `Refusal` code, 0 = none."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.calendar import add_months, add_workdays, is_workday, next_workday, workday_from
from credit.codes import Guarantee, Material, Status
from credit.contracts.contract import Refusal as ContractRefusal
from credit.disbursement.contract import Refusal
from credit.disbursement.states import FacilityState, PaymentKind
from credit.identifiers import has_digits
from credit.masks import clipped, true_rows
from credit.money import PPM, format_yuan, mul_div_round
from credit.numbers import LOANS_MAX
from credit.policies import PolicyError
from credit.policies.payments import KINDS, PaymentPolicy
from credit.policies.products import ProductColumns, ProductPolicy
from credit.room import Rows
from credit.rows import among
from credit.texts import present, text_keys
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints

_PRODUCTS = 100
_PREFIX_DIGITS = 6
_SECURED = (Guarantee.MORTGAGE, Guarantee.PLEDGE)
_POWERS = 10 ** np.arange(19, dtype=np.int64)


class Preconditions:
    """DIS-02: all are required, and all are checked here."""

    def __init__(self, policy: PaymentPolicy, products: ProductColumns) -> None:
        self._policy, self._products = policy, products
        self._needed = np.zeros(max(Guarantee) + 1, dtype=np.int64)
        for guarantee, materials in policy.guarantee_materials.items():
            self._needed[Guarantee[guarantee.upper()]] = sum(int(Material[name.upper()]) for name in materials)

    def faults(self, rows: Rows, at: Ints) -> Ints:
        """The first precondition that does not hold at `at`. `rows`: contracts as in `ContractEffective`."""
        checks = (
            (rows["valid_until"] <= at, ApprovalRefusal.APPROVAL_EXPIRED),
            ((rows["signed_at"] <= 0) | (rows["signed_at"] > at), Refusal.CONTRACT_NOT_EFFECTIVE),
            (rows["amount_fen"] <= 0, ApprovalRefusal.LIMIT_EXCEEDED),
            (~self._accounts_sound(rows), Refusal.ACCOUNT_INVALID),
            (~self._guarantee_in_place(rows), ApprovalRefusal.GUARANTEE_MISSING),
            (rows["conditions"] != 0, Refusal.CONDITION_OPEN),
        )
        faults = np.zeros(len(rows), dtype=np.int64)
        for wrong, refusal in checks:
            faults[(faults == 0) & wrong] = refusal
        return faults

    def _accounts_sound(self, rows: Rows) -> Bools:
        """The account that gets the money has as many digits as accounts have; entrusted payment (受托支付) needs a payee who
        is not the borrower (DIS-14)."""
        entrusted = self._products.entrusted[rows["product"]]
        low, high = self._policy.account_digits
        sound = has_digits(rows["account"], low, high)
        payee = has_digits(rows["payee_account"], low, high) & (rows["payee_account"] != rows["account"])
        return np.asarray(sound & (~entrusted | payee))

    def _guarantee_in_place(self, rows: Rows) -> Bools:
        """The contract's guarantee is the product's, its documents are on hand or among the open conditions, and what secures
        the amount covers it."""
        kind = clipped(rows["guarantee"], 0, len(self._needed) - 1)
        needed = self._needed[kind]
        on_hand = (needed & ~(rows["documents"] | rows["conditions"])) == 0
        good: Bools = (kind == self._products.guarantee[rows["product"]]) & on_hand
        secured = true_rows(among(kind, _SECURED))
        if len(secured):
            share = mul_div_round(rows["collateral_fen"][secured], self._policy.collateral_share_ppm, PPM)
            good[secured] &= rows["amount_fen"][secured] <= share
        return good


def tranche_fen(amount: Ints, product: Ints, number: Ints, products: ProductColumns, step_fen: int) -> Ints:
    """Amount of tranche `number` ≥ 1 of a contract: its share rounded to whole steps, the last absorbs the remainder. The
    shares are laid end to end before rounding, so the tranches always sum to the amount (DIS-16)."""
    shares = products.tranche_share_ppm.cumsum(axis=1)
    count = products.tranche_count[product]

    def paid_after(tranches: Ints) -> Ints:
        share = np.where(tranches > 0, shares[product, np.maximum(tranches, 1) - 1], 0)
        whole = mul_div_round(amount, share, PPM * step_fen) * step_fen
        return np.where(tranches >= count, amount, np.minimum(whole, amount))

    return np.asarray(paid_after(number) - paid_after(number - 1))


def check_tranches(policy: PaymentPolicy, products: ProductColumns) -> None:
    """PolicyError where the least loan of a product would have a tranche of nothing: whole steps too large for its shares."""
    for product in true_rows(products.tranche_count > 1).tolist():
        count = int(products.tranche_count[product])
        least = np.full(count, products.amount_min[product])
        parts = tranche_fen(least, np.full(count, product), np.arange(1, count + 1), products, policy.tranche_step)
        if int(parts.min()) < 1:
            raise PolicyError(
                f"policies.payments: tranche_step: product {product} lends from {format_yuan(int(least[0]))} yuan in {count} "
                f"tranches, too little for steps of {format_yuan(policy.tranche_step)} yuan"
            )


def facility_end(at: Ints, product: Ints, products: ProductColumns, staged_days: int) -> Ints:
    """The instant at which a facility signed at `at` ends: a revolving limit at midnight after its months (PRD-04), a staged
    loan after so many days."""
    day = at // DAY_MS
    revolving = products.revolving[product]
    return np.where(revolving, add_months(day, products.limit_months[product]), day + staged_days) * DAY_MS


class Drawdowns:
    """What a drawdown says of its use (PRD-04): a purpose of the product's own list, and a payee where the product pays him."""

    def __init__(self, products: ProductPolicy, columns: ProductColumns, policy: PaymentPolicy) -> None:
        self._allowed = {one.code: text_keys(np.array(one.drawdown_purposes, dtype="U12")) for one in products.products}
        self._columns, self._digits = columns, policy.account_digits

    def faults(self, requests: Rows, facilities: Rows) -> Ints:
        """Why each drawdown of a revolving limit is refused for its use, 0 where it is not; `facilities` as below."""
        product, keys = facilities["product"], text_keys(requests["purpose"])
        allowed = np.zeros(len(requests), dtype=bool)
        for code in np.unique(product).tolist():
            mine = product == code
            allowed[mine] = np.isin(keys[mine], self._allowed[code])
        payee = has_digits(requests["payee_account"], *self._digits)
        paid = payee & (requests["payee_account"] != facilities["account"])
        faults = np.where(self._columns.entrusted[product] & ~paid, int(Refusal.DRAWDOWN_PAYEE), 0)
        faults = np.where(allowed, faults, int(Refusal.DRAWDOWN_PURPOSE))
        return np.where(present(requests["purpose"]), faults, int(ApplicationRefusal.PURPOSE_MISSING))


def drawdown_faults(requests: Rows, facilities: Rows, products: ProductColumns, of_use: Ints) -> Ints:
    """Why a drawdown is refused (PRD-04, PRD-09, DIS-16); `facilities`: row by row the facility it draws on; `of_use`: what is
    wrong with its use, see `Drawdowns`. It runs for a term that the product offers and at most for the facility's own, which is
    what was approved and signed for (每笔提款期限最长)."""
    used = facilities["drawn_fen"] - facilities["restored_fen"]
    months = np.clip(requests["term_months"], 0, products.terms.shape[1] - 1)
    offered = products.terms[facilities["product"], months] & (months == requests["term_months"])
    revolving = facilities["revolving"] != 0
    checks = (
        (requests["at"] >= facilities["valid_until"], ApprovalRefusal.APPROVAL_EXPIRED),
        (facilities["state"] == FacilityState.WAITING, Refusal.CONDITION_OPEN),
        (facilities["state"] != FacilityState.OPEN, ContractRefusal.CONTRACT_STATE),
        (facilities["restricted"] != 0, Refusal.LIMIT_RESTRICTED),
        (~revolving & (facilities["verified"] < facilities["loans"]), Refusal.USE_NOT_VERIFIED),
        ((facilities["ends_early_at"] > 0) & (requests["at"] >= facilities["ends_early_at"]), Refusal.USE_NOT_VERIFIED),
        (requests["amount_fen"] <= 0, ApplicationRefusal.AMOUNT_RANGE),
        (requests["amount_fen"] > facilities["amount_fen"] - used, ApprovalRefusal.LIMIT_EXCEEDED),
        (facilities["loans"] >= LOANS_MAX, ApprovalRefusal.LIMIT_EXCEEDED),
        (~offered, ApplicationRefusal.TERM_OPTION),
        (revolving & (requests["term_months"] > facilities["term_months"]), Refusal.DRAWDOWN_TERM),
        (~revolving, ContractRefusal.CONTRACT_STATE),
    )
    faults = np.zeros(len(requests), dtype=np.int64)
    for wrong, refusal in checks:
        faults[(faults == 0) & wrong] = refusal
    return np.where(faults != 0, faults, of_use)


def result_faults(results: Rows, payments: Rows) -> Ints:
    """DIS-07: core banking's answer agrees with the instruction in amount and account, or the loan is not disbursed."""
    agrees = (results["amount_fen"] == payments["amount_fen"]) & (results["account"] == payments["account"])
    faults = np.where(agrees, 0, int(Refusal.PAYMENT_MISMATCH))
    return np.where(results["status"] == Status.OK, faults, int(Refusal.PAYMENT_FAILED))


class PaymentTimes:
    """When a payment leaves the bank (DIS-13)."""

    def __init__(self, policy: PaymentPolicy) -> None:
        self._policy = policy
        self._kind = np.full(_PRODUCTS, int(PaymentKind.REAL_TIME), dtype=np.int64)
        self._workdays, self._minute = np.zeros((2, _PRODUCTS), dtype=np.int64)
        for route in policy.routes:
            self._kind[route.product] = KINDS.index(route.kind) + 1
            self._workdays[route.product], self._minute[route.product] = route.workdays, route.minute
        self._slots = np.array(policy.batch_minutes, dtype=np.int64) * MINUTE_MS
        self._own = np.array(policy.own_prefixes, dtype=np.int64)

    def kind(self, product: Ints) -> Ints:
        """`PaymentKind` of a product's payments."""
        return self._kind[product]

    def is_interbank(self, account: Ints) -> Bools:
        """True for accounts kept elsewhere (跨行): their first six digits are none of ours."""
        digits = _POWERS.searchsorted(account, side="right")
        return ~among(account // _POWERS.take(digits - _PREFIX_DIGITS, mode="clip"), self._own)

    def leaves_at(self, at: Ints, product: Ints, account: Ints, amount_fen: Ints, *, again: bool = False) -> Ints:
        """The instant at which a payment ordered at `at` leaves; one that is sent `again` waits for no batch and no date."""
        kind = self._kind[product] if not again else np.full(len(at), int(PaymentKind.REAL_TIME))
        leaves = at.copy()
        for one, find in ((PaymentKind.BATCH, self._next_batch), (PaymentKind.SCHEDULED, self._on_date)):
            rows = true_rows(kind == one)
            if len(rows):
                leaves[rows] = find(at[rows], product[rows])
        large = true_rows(amount_fen > self._policy.clearing_above)
        if len(large):
            large = large[self.is_interbank(account[large])]
            leaves[large] = self._in_clearing_hours(leaves[large])
        return leaves

    def _next_batch(self, at: Ints, product: Ints) -> Ints:  # noqa: ARG002
        day, within = np.divmod(at, DAY_MS)
        slot = self._slots.searchsorted(within)
        today = is_workday(day) & (slot < len(self._slots))
        slot = np.where(today, slot, 0)
        return np.asarray(np.where(today, day, next_workday(day)) * DAY_MS + self._slots[slot])

    def _on_date(self, at: Ints, product: Ints) -> Ints:
        count, minute = self._workdays[product], self._minute[product] * MINUTE_MS
        today = workday_from(at // DAY_MS)
        day = np.where(count > 0, add_workdays(at // DAY_MS, np.maximum(count, 1)), today)
        moment = day * DAY_MS + minute
        return np.asarray(np.where(moment >= at, moment, next_workday(day) * DAY_MS + minute))

    def _in_clearing_hours(self, at: Ints) -> Ints:
        opens, closes = self._policy.clearing_opens_minute * MINUTE_MS, self._policy.clearing_closes_minute * MINUTE_MS
        day, within = np.divmod(at, DAY_MS)
        later = ~is_workday(day) | (within >= closes)
        return np.asarray(np.where(later, next_workday(day) * DAY_MS + opens, np.maximum(at, day * DAY_MS + opens)))
