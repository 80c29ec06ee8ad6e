"""The words people are made of: names, firms, regions, carriers, purposes. Faker's zh_CN providers supply names, firms and
regions; everything is drawn once, from Faker's own generator with a fixed seed, into arrays from which numpy picks in bulk.
Its rule: the vocabulary depends on nothing but the versions of this file and of Faker, never on a scenario or its seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from faker import Faker
from faker.providers.phone_number.zh_CN import Provider as Phones
from faker.providers.ssn.zh_CN import Provider as Residents

from credit.times import Ints
from sim.population.text import Codes, codes_of

FAKER_SEED = 2026
SURNAMES = 4_096
GIVEN = 1_024
FIRMS = 1_024
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
    """Words as code points, and numbers as integers; names occur as often as Faker draws them."""

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
    """The vocabulary, drawn once per process (about a third of a second)."""
    fake = Faker("zh_CN")
    fake.seed_instance(FAKER_SEED)
    firms = [fake.company_prefix() for _ in range(FIRMS)]
    codes = np.array(sorted(int(code) for code in Residents.area_codes if not code.endswith("00")), dtype=np.int64)
    return Vocabulary(
        surnames=codes_of([fake.last_name() for _ in range(SURNAMES)], 2),
        given_female=codes_of([fake.first_name_female() for _ in range(GIVEN)], 2),
        given_male=codes_of([fake.first_name_male() for _ in range(GIVEN)], 2),
        firm_prefixes=codes_of(sorted({word for word in firms if len(word) <= 6}), 6),
        firm_suffixes=codes_of(sorted({fake.company_suffix() for _ in range(200)}), 6),
        cities=codes_of(sorted({fake.city_name() for _ in range(400)}), 4),
        trades=codes_of(TRADES, 4),
        counties=[codes[codes // 100_000 == region] for region in range(1, REGIONS + 1)],
        mobile_prefixes=np.array(sorted(Phones.phonenumber_prefixes), dtype=np.int64),
    )
