"""Templates (合同模板): fixed clauses with placeholders, one list of clauses a product, filled only from approval data (CON-04).
A template with an unknown placeholder, or without an essential one, never gets as far as a customer."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import count

import numpy as np
import numpy.typing as npt

from credit.applications.purposes import PURPOSE_OTHER
from credit.contracts.agreed import Agreed
from credit.contracts.elements import ESSENTIAL, MAPPING, NAMES, until_day
from credit.policies.contracts import ContractPolicy, clause_text
from credit.policies.loading import PolicyError
from credit.policies.products import ProductPolicy
from credit.profile import Identity
from credit.room import Rows
from credit.times import Bools

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_WRITTEN = (*dict.fromkeys(element.column for element in MAPPING.values()), "consent", "expires_at")
_OWN = ("lender", "product_name", "clause")
_NUMERALS = "零一二三四五六七八九十"


class Templates:
    """The templates of a policy, checked; `needed` says which elements each product's template uses."""

    def __init__(
        self, policy: ContractPolicy, products: ProductPolicy, purposes: dict[int, str], agreed: Agreed
    ) -> None:
        """`purposes`: code → text, as the admission policy lists them. Raises PolicyError on a wrong template."""
        self._lender, self._purposes, self._agreed = policy.lender, purposes, agreed
        self._texts: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self.versions: dict[int, int] = {}
        self.needed: Bools = np.zeros((max(p.code for p in products.products) + 1, len(NAMES)), dtype=bool)
        by_key = {template.key: template for template in policy.templates}
        for product in products.products:
            if product.key not in by_key:
                raise PolicyError(f"policies.contracts: templates: no template for product {product.key}")
            template = by_key[product.key]
            text = _numbered([clause_text(name) for name in template.clauses])
            self.needed[product.code, _elements(product.key, text)] = True
            self._texts[product.code], self._names[product.code] = text, product.name_zh
            self.versions[product.code] = template.version

    def number(self, row: Rows | np.void) -> str:
        """The number of one contract: case, round, attempt and the template's version."""
        version = self.versions[int(row["product"])]
        return "-".join(str(row[name]) for name in ("case", "round", "attempt")) + f"-V{version}"

    def digest(self, row: Rows | np.void) -> str:
        """SHA-256 over all that makes a contract's text but its customer's name and ID number, for which his number stands:
        the template's clauses and every value that is written into them."""
        values = [f"{column}={int(row[column])}" for column in _WRITTEN]
        said = "\n".join([self.number(row), *values, self._texts[int(row["product"])]])
        return sha256(said.encode()).hexdigest()

    def digests(self, rows: Rows) -> npt.NDArray[np.str_]:
        """`digest` of each row."""
        return np.array([self.digest(row) for row in rows], dtype="U64")

    def render(self, row: Rows | np.void, identity: Identity, sign_before: int, own_words: str) -> str:
        """The text of one contract from its row and the register's word on the customer; `own_words`: the purpose as the
        customer wrote it, where it is none of the policy's. Raises KeyError for a product without a template."""
        product = int(row["product"])
        values = {name: element.write(row[element.column]) for name, element in MAPPING.items()}
        code = int(row["purpose"])
        values |= {
            "customer_name": identity.name,
            "id_number": identity.id_number,
            "purpose": own_words if code == PURPOSE_OTHER else self._purposes.get(code, ""),
            "contract_number": self.number(row),
            "sign_before": until_day(sign_before),
            "lender": self._lender,
            "product_name": self._names[product],
        }
        values |= self._agreed.clauses(row)
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self._texts[product])


def _numbered(clauses: list[str]) -> str:
    """The clauses as one text; those with a number get one, in order."""
    numbers = count(1)
    return "\n".join(re.sub(r"\{\{clause\}\}", lambda _: _NUMERALS[next(numbers)], clause) for clause in clauses)


def _elements(key: str, text: str) -> list[int]:
    used = dict.fromkeys(_PLACEHOLDER.findall(text))
    unknown = [name for name in used if name not in MAPPING and name not in _OWN]
    if unknown:
        raise PolicyError(
            f"policies.contracts: template {key}: no field is mapped to {{{{{unknown[0]}}}}}; known: {', '.join(NAMES)}"
        )
    lacking = [name for name in ESSENTIAL if name not in used]
    if lacking:
        raise PolicyError(
            f"policies.contracts: template {key}: {{{{{lacking[0]}}}}} is missing, every contract needs it"
        )
    return [place for place, name in enumerate(NAMES) if name in used]
