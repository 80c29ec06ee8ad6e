"""Products (贷款产品) over HTTP: what the bank lends, on which terms."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from actors.gateway.bank import Bank, bank_of, label, labels
from actors.gateway.callers import Caller, Identity, caller_of
from actors.gateway.details import shown_field
from actors.gateway.models import Model, SegmentName, shown
from actors.gateway.problems import Problem
from actors.host import Look
from credit.codes import Grade, Material, Segment
from credit.identifiers import ages_at
from credit.policies.products import Materials, ProductPolicy
from credit.policies.products import Product as Catalogued
from credit.times import DAY_MS

router = APIRouter(prefix="/v1/products", tags=["products"])

Reader = Annotated[Caller, Depends(caller_of)]
Key = Annotated[str, Path(max_length=60, examples=["consumer_loan"])]


class Product(Model):
    """One product of the catalogue (PRD-01)."""

    model_config = shown(
        {
            "key": "consumer_loan",
            "names": ["consumer loan", "个人消费贷款"],
            "segments": ["individual"],
            "guarantee": "credit",
            "amount_min_fen": 100_000,
            "amount_max_fen": 20_000_000,
            "terms_months": [6, 12, 24, 36],
            "methods": ["equal_instalment", "equal_principal"],
            "daycount": "monthly",
            "rate_ppm": {"excellent": 43_500, "good": 60_000, "fair": 85_000, "weak": 110_000, "poor": 140_000},
            "materials": {"individual": {"required": ["id_front", "id_back"], "optional": [], "may_follow": []}},
            "contract": "electronic",
            "revolving": False,
            "limit_months": 0,
            "tranches_ppm": [1_000_000],
            "entrusted_payment": False,
        }
    )

    key: str
    names: list[str]
    segments: list[str]
    guarantee: str
    amount_min_fen: int
    amount_max_fen: int
    terms_months: list[int]
    methods: list[str]
    daycount: str
    rate_ppm: dict[str, int]
    """The yearly rate by credit grade, in millionths."""
    materials: dict[str, dict[str, list[str]]]
    """By segment, since each has a list of its own (CUS-01)."""
    contract: str
    revolving: bool
    limit_months: int
    tranches_ppm: list[int]
    entrusted_payment: bool


class Products(Model):
    """The catalogue, and how many branches lend by it: forms name one of them, from 1 on."""

    products: list[Product]
    branches: int = Field(examples=[4])


class Form(Model):
    """A product's form for somebody: `of`, what his range was reckoned by, null where nothing is known; then it is the product's.
    `offered`: whether there is anything that he may ask for."""

    model_config = shown(
        {
            "product": "card_instalment",
            "segment": "individual",
            "of": {"income_fen": 200_000, "age": 35},
            "offered": True,
            "amount_min_fen": 100_000,
            "amount_max_fen": 3_600_000,
            "terms_months": [3, 6, 12, 24],
            "methods": ["equal_instalment"],
            "materials": {"required": ["id_front", "id_back", "purpose_statement"], "optional": [], "may_follow": []},
            "fields": [
                {"key": "card_number", "words": ["Credit card", "信用卡卡号"], "kind": "account", "required": True}
            ],
        }
    )

    product: str
    segment: str
    of: dict[str, int | None]
    offered: bool
    amount_min_fen: int
    amount_max_fen: int
    terms_months: list[int]
    methods: list[str]
    materials: dict[str, list[str]]
    fields: list[dict[str, Any]]


@router.get("", summary="What the bank lends", response_model=Products)
async def catalogue(bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """All products, with terms, rates, methods and limits; and the number of the bank's branches."""
    del caller
    return {"products": [_shown(bank.products, one) for one in bank.products.products], "branches": bank.branches}


@router.get("/{key}", summary="One product", response_model=Product)
async def product(key: Key, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """Terms, rates, methods and limits of a product."""
    del caller
    return _shown(bank.products, _found(bank, key))


@router.get("/{key}/form", summary="A product's form, for who asks", response_model=Form)
async def form(
    key: Key,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Reader,
    segment: Annotated[
        SegmentName | None, Query(description="Whose form; the product's first where none is given.")
    ] = None,
    income_fen: Annotated[int | None, Query(ge=0, lt=1 << 53, description="A month's.")] = None,
    age: Annotated[int | None, Query(ge=0, le=150, description="Years.")] = None,
) -> dict[str, Any]:
    """APP-07, PRD-08: amounts and terms within which he may ask, the materials of his segment, and the fields of the product's
    own form. A customer whose account is proven gets his own range, by what is on file of him; others say who it is for."""
    product = _found(bank, key)
    mine = await _on_file(request, bank, caller)
    of = mine.segment if mine and segment is None else segment or Segment[product.segments[0].upper()]
    said = {"income_fen": mine.income_fen if mine and income_fen is None else income_fen}
    said["age"] = mine.age if mine else age
    income, years = (np.array([value or 0]) for value in said.values())
    most, longest = bank.rooms.ranges.of(np.array([product.code]), np.array([int(of)]), income, years)
    largest = product.amount_max if said["income_fen"] is None else int(most[0])
    terms = [months for months in sorted(product.terms_months) if said["age"] is None or months <= int(longest[0])]
    offered = label(of) in product.segments and largest >= product.amount_min and bool(terms)
    return {
        "product": product.key,
        "segment": label(of),
        "of": said,
        "offered": offered,
        "amount_min_fen": product.amount_min,
        "amount_max_fen": largest,
        "terms_months": terms,
        "methods": product.methods,
        "materials": _materials(bank.products.materials(product, label(of))),
        "fields": [shown_field(field) for field in product.fields],
    }


class _OnFile(NamedTuple):
    """What the bank has on file of a customer."""

    segment: Segment
    age: int
    income_fen: int | None


async def _on_file(request: Request, bank: Bank, caller: Caller) -> _OnFile | None:
    """Of the customer who calls, once his account is proven."""
    if caller.kind != "customer":
        return None
    identity: Identity = request.app.state.identity
    account = identity.accounts.find(caller.subject)
    if account is None or not account.party:
        return None
    [rows] = await bank.looks(bank.cells("customers")[0], Look("customers", "customer", (account.party,)))
    if not len(rows):
        return None
    age = int(ages_at(rows["id_number"], np.array([await bank.now() // DAY_MS]))[0])
    return _OnFile(Segment(int(rows["segment"][0])), age, int(rows["income_fen"][0]) or None)


def _found(bank: Bank, key: str) -> Catalogued:
    try:
        return bank.products.by_key(key)
    except KeyError:
        known = ", ".join(one.key for one in bank.products.products)
        raise Problem(
            404,
            "Not found",
            f"there is no product {key!r}; products: {known}",
            detail_zh=f"无此产品，应为以下之一：{known}",
        ) from None


def _shown(products: ProductPolicy, product: Catalogued) -> dict[str, Any]:
    return {
        "key": product.key,
        "names": [product.name, product.name_zh],
        "segments": product.segments,
        "guarantee": product.guarantee,
        "amount_min_fen": product.amount_min,
        "amount_max_fen": product.amount_max,
        "terms_months": product.terms_months,
        "methods": product.methods,
        "daycount": product.daycount,
        "rate_ppm": {grade.name.lower(): rate for grade, rate in zip(Grade, product.rate_ppm_by_grade, strict=True)},
        "materials": {segment: _materials(products.materials(product, segment)) for segment in product.segments},
        "contract": product.contract_mode,
        "revolving": product.revolving,
        "limit_months": product.limit_months,
        "tranches_ppm": product.staged_shares_ppm,
        "entrusted_payment": product.entrusted_payment,
    }


def _materials(brings: Materials) -> dict[str, list[str]]:
    names = ("required", "may_follow", "optional")
    bits = (brings.required & ~brings.conditional, brings.conditional, brings.optional)
    return {name: labels(Material, one) for name, one in zip(names, bits, strict=True)}
