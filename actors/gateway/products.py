"""Products (贷款产品) over HTTP: what the bank lends, on which terms."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from actors.gateway.bank import Bank, bank_of, labels
from actors.gateway.callers import Caller, caller_of
from actors.gateway.models import Model, shown
from actors.gateway.problems import Problem
from credit.codes import Grade, Material
from credit.policies.products import Materials, ProductPolicy
from credit.policies.products import Product as Catalogued

router = APIRouter(prefix="/v1/products", tags=["products"])

Reader = Annotated[Caller, Depends(caller_of)]


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
    """The catalogue."""

    products: list[Product]


@router.get("", summary="What the bank lends", response_model=Products)
async def catalogue(bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """All products, with terms, rates, methods and limits."""
    del caller
    return {"products": [_shown(bank.products, product) for product in bank.products.products]}


@router.get("/{key}", summary="One product", response_model=Product)
async def product(
    key: Annotated[str, Path(max_length=60, examples=["consumer_loan"])],
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Reader,
) -> dict[str, Any]:
    """Terms, rates, methods and limits of a product."""
    del caller
    try:
        return _shown(bank.products, bank.products.by_key(key))
    except KeyError:
        known = ", ".join(one.key for one in bank.products.products)
        raise Problem(404, "Not found", f"there is no product {key!r}; products: {known}") from None


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
