"""Scripted customers: the worked examples, whose every fact is written in the scenario instead of drawn. Parties 1 … S are
scripted, drawn parties follow. What the script says is laid over what would have been drawn, column by column, so
that nobody downstream needs to know the difference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from credit.applications.contract import FormText, SubmitApplication
from credit.codes import Channel, Consent, Material, Method, Segment
from credit.errors import CreditError
from credit.masks import any_of
from credit.policies.forms import OWN, VALUE_CHARACTERS
from credit.policies.products import ProductPolicy
from credit.room import Rows
from credit.texts import Field, cut
from credit.times import LONG_TERM, Bools, Ints, day_number, instant
from scenarios.model import Scenario
from scenarios.script import ScriptedCustomer
from sim.occasions import party_of, reference_of

ACCOUNT_BASE = 6_217_000_000_000_000_000
PAYEE_BASE = 6_222_000_000_000_000_000
OTHER_ACCOUNT_BASE = 6_230_000_000_000_000_000


class Script:
    """The scripted customers of a scenario as columns indexed by party; row 0 is empty."""

    def __init__(self, scenario: Scenario, products: ProductPolicy) -> None:
        self.customers: list[ScriptedCustomer] = sorted(scenario.script, key=lambda one: one.party)
        self.forms = _forms(self.customers, products, scenario.bank.branches)
        self.texts = np.concatenate([FormText.empty(), *(part for one in self.customers for part in _texts(one))])
        """What is too long for a column of the form, see `FormText`."""

    def __len__(self) -> int:
        return len(self.customers)

    def put_off(self, when: Callable[[Ints, Ints], Ints]) -> None:
        """Has each form, and what comes beside it, handed in at another time: `when` of the instants, and of the branches
        at whose counter they are, 0 at none."""
        forms, texts = self.forms, self.texts
        at_branch = np.isin(forms["channel"], (Channel.COUNTER, Channel.CUSTOMER_MANAGER))
        counter = np.where(at_branch, forms["branch"], 0)
        texts["at"] = when(texts["at"].copy(), counter[party_of(texts["party"])])
        forms["at"] = when(forms["at"].copy(), counter)

    def column(self, fact: Callable[[ScriptedCustomer], int]) -> Ints:
        """One fact of every scripted customer, indexed by party."""
        return np.array([0, *(int(fact(one)) for one in self.customers)], dtype=np.int64)

    def laid_over(self, drawn: Ints, party: Ints, scripted: Ints) -> Ints:
        """`drawn` with the scripted value (see `column`) where the party is scripted."""
        if not self.customers or not any_of(mine := self.is_scripted(party)):
            return drawn
        return np.where(mine, scripted[np.where(mine, party, 0)], drawn)

    def is_scripted(self, party: Ints) -> Bools:
        """Of which parties the script tells."""
        return (party >= 1) & (party <= len(self.customers))


def _forms(customers: list[ScriptedCustomer], products: ProductPolicy, branches: int) -> Rows:
    rows = SubmitApplication.empty(len(customers) + 1)
    for one in customers:
        _fill(rows[one.party], one, products, branches)
    return rows


def _fill(row: np.void, one: ScriptedCustomer, products: ProductPolicy, branches: int) -> None:
    if one.branch > branches:
        raise _wrong(one, "branch", str(one.branch), f"1 to {branches}")
    facts: dict[str, npt.ArrayLike] = {
        "at": moment_of(one.at),
        "party": _reference(one),
        "branch": one.branch,
        "channel": _code(Channel, one, "channel"),
        "segment": _code(Segment, one, "segment"),
        "product": _product(one, products),
        "amount_fen": one.amount,
        "term_months": one.term_months,
        "method": _code(Method, one, "method"),
        "purpose_text": _fitting("purpose_text", one.purpose),
        "id_type": 1,
        "credit_code": one.credit_code,
        "id_until": _last_day(one, "id_valid_until"),
        "licence_until": _last_day(one, "licence_valid_until") if one.credit_code else 0,
        "mobile": one.mobile,
        "occupation": one.occupation,
        "income_fen": one.income,
        "employment_months": one.employment_months,
        "documents": _bits(Material, one, "documents"),
        "consent": _bits(Consent, one, "consents"),
        "collateral_fen": one.collateral,
        "account": ACCOUNT_BASE + one.party,
        "payee_account": PAYEE_BASE + one.party,
        "name": _fitting("name", one.name),
        "id_number": one.id_number,
    }
    for name, value in (facts | _details(one, products)).items():
        row[name] = value


def _last_day(one: ScriptedCustomer, field: str) -> int:
    text = getattr(one, field)
    try:
        return LONG_TERM if text == "long_term" else day_number(dt.date.fromisoformat(text))
    except ValueError:
        raise _wrong(one, field, text, "a date, or long_term") from None


def _details(one: ScriptedCustomer, products: ProductPolicy) -> dict[str, npt.ArrayLike]:
    """The fields of the product's own form, in its order."""
    keys = [field.key for field in products.by_key(one.product).fields]
    for key, value in one.details.items():
        if key not in keys or len(value) > VALUE_CHARACTERS:
            right = f"{', '.join(keys) or 'no field'}, each of at most {VALUE_CHARACTERS} characters"
            raise _wrong(one, "details", key, right)
    return {OWN[keys.index(key)]: value for key, value in one.details.items()}


def _fitting(column: str, text: str) -> str:
    """A text that its column holds; empty where it comes beside the form."""
    return text if len(text) <= SubmitApplication.dtype[column].itemsize // 4 else ""


def _reference(one: ScriptedCustomer) -> int:
    """The one visit that a script tells of."""
    return int(reference_of(np.array(one.party), 1))


def _texts(one: ScriptedCustomer) -> list[Rows]:
    beside = {Field.REMARK: one.remark, Field.ADDRESS: one.address}
    for field, column, text in ((Field.NAME, "name", one.name), (Field.PURPOSE, "purpose_text", one.purpose)):
        beside[field] = "" if _fitting(column, text) else text
    columns = {"at": moment_of(one.at), "party": _reference(one), "branch": one.branch}
    return [cut(FormText, field, text, **columns) for field, text in beside.items() if text]


def moment_of(at: dt.datetime) -> int:
    """The bank's instant of a moment that a script names."""
    return instant(at.date(), at.hour, at.minute, at.second) + at.microsecond // 1_000


def _product(one: ScriptedCustomer, products: ProductPolicy) -> int:
    try:
        return products.by_key(one.product).code
    except KeyError:
        options = ", ".join(product.key for product in products.products)
        raise _wrong(one, "product", one.product, options) from None


def _code(codes: type[Channel] | type[Segment] | type[Method], one: ScriptedCustomer, field: str) -> int:
    name = getattr(one, field)
    if name.upper() not in codes.__members__:
        raise _wrong(one, field, name, _names(codes))
    return int(codes[name.upper()])


def _bits(codes: type[Material] | type[Consent], one: ScriptedCustomer, field: str) -> int:
    total = 0
    for name in getattr(one, field):
        if name.upper() not in codes.__members__:
            raise _wrong(one, field, name, _names(codes))
        total |= int(codes[name.upper()])
    return total


def _names(codes: type[Channel] | type[Segment] | type[Method] | type[Material] | type[Consent]) -> str:
    return ", ".join(name.lower() for name in codes.__members__)


class ScriptError(CreditError):
    """A scripted customer that can't be played."""


def _wrong(one: ScriptedCustomer, field: str, value: str, options: str) -> ScriptError:
    return ScriptError(f"script: party {one.party}: {field} {value!r} is not one of {options}")
