"""The words of ``sim/population/vocabulary.json``, drawn from Faker's zh_CN providers as they were drawn for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import faker
from faker import Faker
from faker.providers.phone_number.zh_CN import Provider as Phones
from faker.providers.ssn.zh_CN import Provider as Residents

from sim.population import vocabulary

FILE = Path(vocabulary.__file__).with_suffix(".json")
SEED = 2026
FIRMS, SUFFIXES, CITIES = 1_024, 200, 400
_LONGEST = 6


def drawn() -> dict[str, Any]:
    """What the file holds, from the version of Faker that is installed. Names come with how often they were drawn, the most
    frequent first."""
    fake = Faker("zh_CN")
    fake.seed_instance(SEED)
    firms = [fake.company_prefix() for _ in range(FIRMS)]
    return {
        "source": f"Faker {faker.VERSION}, zh_CN, seed {SEED}",
        "surnames": _counted([fake.last_name() for _ in range(vocabulary.SURNAMES)]),
        "given_female": _counted([fake.first_name_female() for _ in range(vocabulary.GIVEN)]),
        "given_male": _counted([fake.first_name_male() for _ in range(vocabulary.GIVEN)]),
        "firm_prefixes": sorted({word for word in firms if len(word) <= _LONGEST}),
        "firm_suffixes": sorted({fake.company_suffix() for _ in range(SUFFIXES)}),
        "cities": sorted({fake.city_name() for _ in range(CITIES)}),
        "counties": sorted(int(code) for code in Residents.area_codes if not code.endswith("00")),
        "mobile_prefixes": sorted(Phones.phonenumber_prefixes),
    }


def _counted(words: list[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))
