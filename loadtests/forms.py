"""Application forms as customers fill them in: people with right ID numbers, the bank's products within their limits. Form n of a
seed is the same in every process. What the bank sells stands here as data, since load tests import nothing of the bank; a test
holds it against the catalogue."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉文建国志红梅鑫宇婷欣雨浩然子轩"
REGIONS = (110105, 310115, 440106, 440305, 330106, 320102, 510107, 420106, 370102, 610113, 350203, 500103)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
CONSENTS = ["bureau", "personal_data", "auto_debit"]


@dataclass(frozen=True)
class Product:
    """What a form says of a product: how often it is asked for, and what may stand in it."""

    weight: int
    segment: str
    amounts_yuan: tuple[int, int]
    incomes_yuan: tuple[int, int]
    terms_months: tuple[int, ...]
    methods: tuple[str, ...]
    purposes: tuple[str, ...]
    documents: tuple[str, ...]
    scorecard: bool = False
    """Decided by the automatic lane, unless something is found."""


_INSTALMENTS = ("equal_instalment", "equal_principal", "interest_first")
PRODUCTS: dict[str, Product] = {
    "consumer_loan": Product(
        520, "individual", (5_000, 100_000), (6_000, 40_000), (6, 12, 18, 24, 36), _INSTALMENTS,
        ("装修", "购买家电", "购车", "教育培训", "旅游", "婚庆", "购买家具"),
        ("id_front", "id_back", "income_proof", "work_proof", "purpose_statement"), True,
    ),
    "card_instalment": Product(
        300, "individual", (1_000, 50_000), (5_000, 30_000), (3, 6, 12, 24), ("equal_instalment",),
        ("购买家电", "教育培训", "医疗", "旅游", "购买家具"), ("id_front", "id_back", "purpose_statement"), True,
    ),
    "mortgage": Product(
        80, "individual", (300_000, 3_000_000), (15_000, 60_000), (120, 180, 240),
        ("equal_instalment", "equal_principal"), ("购买住房", "购买二手房"),
        ("id_front", "id_back", "income_proof", "work_proof", "purpose_statement", "property_certificate"),
    ),
    "micro_business": Product(
        80, "micro", (50_000, 800_000), (20_000, 200_000), (6, 12, 24, 36), _INSTALMENTS,
        ("进货采购", "购置设备", "店铺装修", "支付租金"),
        ("id_front", "id_back", "business_licence", "purpose_statement", "tax_proof", "lease_contract"),
    ),
    "working_capital": Product(
        20, "enterprise", (500_000, 5_000_000), (300_000, 3_000_000), (3, 6, 12), ("interest_first", "equal_principal"),
        ("采购原材料", "支付货款", "扩建厂房"),
        ("id_front", "business_licence", "legal_person_id", "articles", "financial_statements", "operating_permit", "tax_proof",
         "purpose_statement"),
    ),
}  # fmt: skip
"""By key; weights as in the bank's own world."""

DETAILS = {
    "card_instalment": {"card_number": "6217000000000000009"},
    "mortgage": {"property_address": "中山路18号2幢301室", "property_price": "3000000", "property_kind": "二手房"},
    "micro_business": {"counterparty": "华东批发有限公司"},
    "working_capital": {"counterparty": "北方物资有限公司", "project": "2026年度原料采购合同"},
}
"""What the products' own forms ask for."""


def form(seed: int, number: int, branches: int, channel: str) -> dict[str, Any]:
    """Form `number` of a seed, for a bank with so many branches."""
    draw = random.Random(f"form {seed} {number}")
    key = draw.choices(list(PRODUCTS), [one.weight for one in PRODUCTS.values()])[0]
    product = PRODUCTS[key]
    income = draw.randint(*product.incomes_yuan) // 100 * 100
    low, high = product.amounts_yuan
    filled: dict[str, Any] = {
        "branch": draw.randint(1, branches),
        "channel": channel,
        "segment": product.segment,
        "product": key,
        "amount_fen": max(low, min(high, income * draw.randint(1, 8)) // 1_000 * 1_000) * 100,
        "term_months": draw.choice(product.terms_months),
        "method": draw.choice(product.methods),
        "purpose": draw.choice(product.purposes),
        "name": draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.randint(1, 2))),
        "id_number": id_number(draw),
        "mobile": f"13{draw.randrange(10**9):09}",
        "occupation": draw.randint(1, 8),
        "income_fen": income * 100,
        "employment_months": draw.randint(24, 240),
        "documents": list(product.documents),
        "consents": CONSENTS,
        "account": f"6217{draw.randrange(10**15):015}",
        "payee_account": f"6222{draw.randrange(10**15):015}",
    }
    filled["id_valid_until"] = f"{draw.randint(2031, 2045)}-06-30"
    filled["details"] = DETAILS.get(key, {})
    if product.segment != "individual":
        filled["credit_code"], filled["licence_valid_until"] = credit_code(draw), "long_term"
    if product.segment == "enterprise":
        filled["name"] = filled["name"][:2] + "实业有限公司"
    if key in ("mortgage", "micro_business"):
        filled["collateral_fen"] = filled["amount_fen"] * 2
    return filled


def id_number(draw: random.Random) -> str:
    """A resident ID number (GB 11643) of somebody between 25 and 55."""
    born = f"{draw.randint(1971, 2000)}{draw.randint(1, 12):02}{draw.randint(1, 28):02}"
    digits = f"{draw.choice(REGIONS)}{born}{draw.randint(0, 999):03}"
    return digits + _ID_CHECKS[sum(int(d) * w for d, w in zip(digits, _ID_WEIGHTS, strict=True)) % 11]


def credit_code(draw: random.Random) -> str:
    """A unified social credit code (GB 32100) whose organisation code (GB 11714) is right too."""
    body = "".join(draw.choices("0123456789", k=8))
    check = (11 - sum(int(d) * w for d, w in zip(body, _ORGANISATION_WEIGHTS, strict=True)) % 11) % 11
    code = f"91{draw.choice(REGIONS)}{body}{'0123456789X'[check]}"
    total = sum(_CREDIT_ALPHABET.index(one) * pow(3, place, 31) for place, one in enumerate(code))
    return code + _CREDIT_ALPHABET[(31 - total % 31) % 31]
