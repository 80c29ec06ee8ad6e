"""The words people are made of: names, firms, regions, carriers, purposes. They stand in ``vocabulary.json`` beside this module,
drawn once from Faker's zh_CN providers (MIT licence) and frozen there, so that a world depends on no library's version
(``python -m tests.frozen`` draws them anew); names occur as often as Faker drew them. Everything becomes arrays from which
numpy picks in bulk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from credit.times import Ints
from sim.population.text import Codes, codes_of

SURNAMES = 4_096
GIVEN = 1_024
REGIONS = 6
"""The first digit of a region number: north, north-east, east, south and centre, south-west, north-west."""

TRADES = (
    "食品店",
    "便利店",
    "餐馆",
    "五金店",
    "服装店",
    "建材店",
    "水果店",
    "理发店",
    "文具店",
    "药店",
    "茶庄",
    "花店",
    "汽修店",
    "打印店",
    "农资店",
    "面馆",
)
"""What micro businesses do; 李氏食品店 is 李 + 氏 + 食品店."""

PURPOSES: dict[str, tuple[str, ...]] = {
    "consumer": ("装修", "购买家具", "购买家电", "教育培训", "旅游", "医疗", "婚庆", "购买汽车"),
    "housing": ("购买住房", "购买二手房", "购买商品住房"),
    "operating": ("进货采购", "采购原材料", "购置设备", "店面装修", "支付货款", "支付工资"),
}
"""Specific purposes by the product's purpose class (APP-08)."""

FORBIDDEN_PURPOSE = "股权投资"
"""What working capital may not be used for (流动资金贷款管理办法)."""

VAGUE_PURPOSES: dict[str, str] = {"consumer": "日常消费", "housing": "日常消费", "operating": "经营周转"}

OCCUPATIONS = (
    "负责人",
    "专业技术人员",
    "办事人员",
    "社会生产服务人员",
    "农林牧渔人员",
    "生产制造人员",
    "军人",
    "其他从业人员",
)
"""The eight main classes of the occupational classification (GB/T 6565), codes 1 … 8."""


@dataclass(frozen=True)
class Vocabulary:
    """Words as code points, and numbers as integers; `source` says which version of which library they were drawn from."""

    source: str
    surnames: Codes  # (SURNAMES, 2)
    given_female: Codes  # (GIVEN, 2)
    given_male: Codes  # (GIVEN, 2)
    firm_prefixes: Codes  # (n, 6)
    firm_suffixes: Codes  # (n, 6)
    cities: Codes  # (n, 4)
    trades: Codes  # (n, 4)
    counties: list[Ints]
    """Six-digit numbers of counties and districts, one array for each of the six great regions."""
    mobile_prefixes: Ints


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary, read once per process."""
    frozen = json.loads(resources.files("sim.population").joinpath("vocabulary.json").read_text(encoding="utf-8"))
    codes = np.array(frozen["counties"], dtype=np.int64)
    return Vocabulary(
        source=frozen["source"],
        surnames=_as_often(frozen["surnames"], SURNAMES),
        given_female=_as_often(frozen["given_female"], GIVEN),
        given_male=_as_often(frozen["given_male"], GIVEN),
        firm_prefixes=codes_of(frozen["firm_prefixes"], 6),
        firm_suffixes=codes_of(frozen["firm_suffixes"], 6),
        cities=codes_of(frozen["cities"], 4),
        trades=codes_of(TRADES, 4),
        counties=[codes[codes // 100_000 == region] for region in range(1, REGIONS + 1)],
        mobile_prefixes=np.array(frozen["mobile_prefixes"], dtype=np.int64),
    )


def _as_often(words: dict[str, int], total: int) -> Codes:
    """Names as many times as they are counted, `total` in all."""
    assert sum(words.values()) == total, f"the frozen names add up to {sum(words.values())}, not {total}"
    return np.repeat(codes_of(list(words), 2), list(words.values()), axis=0)
