"""The arithmetic of collateral on whole columns: what secures a product, how much is lent against a value, and when it is valued
again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.calendar import add_months
from credit.codes import Collateral, Guarantee
from credit.money import PPM, mul_div_round
from credit.policies import PolicyError, ProductColumns, ProductPolicy, columns_of
from credit.policies.collateral import CollateralPolicy, needing
from credit.times import DAY_MS, NEVER, Bools, Ints

_VALUED = (Guarantee.MORTGAGE, Guarantee.PLEDGE)


class Security(NamedTuple):
    """What secures the loans of products, as columns indexed by product code; `loan_to_value_ppm` and `revaluation_months` are
    indexed by kind."""

    kind: Ints
    valued: Bools
    formal: Bools
    """True where formalities come before any payment."""
    loan_to_value_ppm: Ints
    revaluation_months: Ints

    def covers(self, kind: Ints, value_fen: Ints, amount_fen: Ints) -> Bools:
        """True where an amount is within what is lent against a value; nothing binds what has no value."""
        share = self.loan_to_value_ppm[kind]
        return np.asarray((share == 0) | (amount_fen <= mul_div_round(value_fen, share, PPM)))

    def value_again_at(self, kind: Ints, at: Ints) -> Ints:
        """When something valued at an instant is to be valued again; NEVER for what is not."""
        months = self.revaluation_months[kind]
        return np.asarray(np.where(months > 0, add_months(at // DAY_MS, months) * DAY_MS, NEVER))


def security_of(policy: CollateralPolicy, products: ProductPolicy) -> Security:
    """Compiles policy and catalogue once. PolicyError for a mortgage, a pledge or a guarantee with formalities that no kind of
    collateral stands behind."""
    columns: ProductColumns = columns_of(products)
    size, kinds = len(columns.known), max(Collateral) + 1
    found = Security(
        np.zeros(size, dtype=np.int64),
        np.isin(columns.guarantee, _VALUED),
        needing(policy, columns),
        np.zeros(kinds, dtype=np.int64),
        np.zeros(kinds, dtype=np.int64),
    )
    for terms in policy.kinds:
        code = Collateral[terms.key.upper()]
        found.loan_to_value_ppm[code], found.revaluation_months[code] = (
            terms.loan_to_value_ppm,
            terms.revaluation_months,
        )
    by_key = {one.key: Collateral[one.kind.upper()] for one in policy.products}
    for product in products.products:
        found.kind[product.code] = by_key.get(product.key, 0)
        if (found.valued | found.formal)[product.code] and product.key not in by_key:
            raise PolicyError(
                f"policies.collateral: products: {product.key} is secured by {product.guarantee}; its file needs [collateral] "
                f"with the kind: {', '.join(one.key for one in policy.kinds)}"
            )
    return found
