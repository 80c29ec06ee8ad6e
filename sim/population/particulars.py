"""What people write beside the usual fields: until when their ID card and licence are valid (APP-16), and the fields of the
product's own form (PRD-08), whatever the product's file asks for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.identifiers import ages_at
from credit.masks import true_rows
from credit.policies.admission import AdmissionPolicy
from credit.policies.forms import OWN, FormField
from credit.policies.products import ProductPolicy
from credit.room import Rows
from credit.times import DAY_MS, LONG_TERM, Bools, Ints
from sim.curves import below_each
from sim.population.script import ACCOUNT_BASE
from sim.randomness import PPM, Draws

_TEN_YEARS, _TWENTY_YEARS = 3_652, 7_305
_TWENTY_YEARS_FROM_AGE = 26
"""居民身份证法 art. 5: a card is valid for ten years before this age, for twenty from it on."""
_OPTIONAL_PPM = 550_000
_LICENCE_WITH_END_PPM = 300_000
"""Share of licences with an end (营业期限); ours."""
_OF_AMOUNT_LEAST, _OF_AMOUNT_SPAN = 1_200_000, 1_000_000
_YUAN = 100


class Particulars:
    """Draws them for one world."""

    def __init__(self, admission: AdmissionPolicy, products: ProductPolicy, seed: int) -> None:
        self._fields = {product.code: product.fields for product in products.products}
        self._long_term_min = admission.long_term_id_age_min
        names = ("card", "licence", "licence_end", "optional", "value")
        self._draws = Draws(seed, "particular", names)

    def fill(self, rows: Rows, party: Ints, visit: Ints, company: Bools) -> None:
        """Writes them into forms whose product, amount, ID number and instant are there."""
        day = rows["at"] // DAY_MS
        age = ages_at(rows["id_number"], day)
        years = np.where(age < _TWENTY_YEARS_FROM_AGE, _TEN_YEARS, _TWENTY_YEARS)
        ends = self._next_end(day, years, "card", party)
        rows["id_until"] = np.where(age >= self._long_term_min, LONG_TERM, ends)
        limited = self._draws["licence_end"].happens(_LICENCE_WITH_END_PPM, party)
        licence = np.where(limited, self._next_end(day, np.full(len(day), _TWENTY_YEARS), "licence", party), LONG_TERM)
        rows["licence_until"] = np.where(company, licence, 0)
        for code, fields in self._fields.items():
            mine = true_rows(rows["product"] == code)
            for place, field in enumerate(fields):
                optional = self._draws["optional"].happens(_OPTIONAL_PPM, party[mine], visit[mine])
                where = mine if field.required else mine[optional]
                rows[OWN[place]][where] = self._values(field, place, rows[where], party[where], visit[where])

    def _next_end(self, day: Ints, length: Ints, what: str, party: Ints) -> Ints:
        """Who has a document has it renewed when it ends: the end after a day, the same for every form until then."""
        first = below_each(self._draws[what], length, party)
        return np.asarray(day + 1 + (first - day) % length)

    def _values(self, field: FormField, place: int, rows: Rows, party: Ints, visit: Ints) -> npt.NDArray[np.str_]:
        draw = self._draws["value"]
        if field.kind == "text":
            return np.full(len(rows), field.example)
        if field.kind == "choice":
            return np.array(field.options)[draw.below(len(field.options), party, visit * len(OWN) + place)]
        if field.kind == "account":
            return (ACCOUNT_BASE + PPM * PPM * (place + 1) + party).astype(np.str_)
        if field.kind == "amount":
            more = _OF_AMOUNT_LEAST + draw.below(_OF_AMOUNT_SPAN, party, visit * len(OWN) + place)
            number = rows["amount_fen"] // _YUAN * (more // 1_000) // 1_000
        else:
            number = field.least + draw.below(field.most - field.least + 1, party, visit * len(OWN) + place)
        return np.clip(number, field.least, field.most).astype(np.str_)
