"""What is wrong with forms. A form has at most one of the defects below, at the rates the scenario declares; whether a
conditional document comes later is a matter of its own, for that is allowed (APR-13). A defect spoils one field
and leaves the rest of the form as it was."""

from __future__ import annotations

import numpy as np

from credit.applications.ranges import Ranges
from credit.codes import Coded, Consent, Material, Segment
from credit.identifiers import ages_at
from credit.masks import true_rows
from credit.policies import load
from credit.policies.admission import AdmissionPolicy
from credit.policies.forms import OWN
from credit.policies.products import ProductPolicy, columns_of
from credit.room import Rows
from credit.times import DAY_MS, Bools, Ints
from scenarios.model import Scenario
from sim.population.text import codes_of, texts_of
from sim.population.vocabulary import VAGUE_PURPOSES
from sim.randomness import PPM, Draw

MATERIAL_BITS = len(Material)
_EXPIRED_DAYS_MAX = 365


class Defect(Coded):
    """The order is that of `PopulationShape.defects_ppm`."""

    NONE = 0
    WRONG_CHECK_DIGIT = 1
    WRONG_ID_LENGTH = 2
    MALFORMED_MOBILE = 3
    MISSING_FIELD = 4
    AMOUNT_OUT_OF_RANGE = 5
    VAGUE_PURPOSE = 6
    MISSING_DOCUMENT = 7
    NO_BUREAU_CONSENT = 8
    EXPIRED_DOCUMENT = 9


class Defects:
    """Draws and makes the defects of one scenario's forms."""

    def __init__(self, scenario: Scenario, seed: int, products: ProductPolicy) -> None:
        self._edges = np.cumsum(scenario.population.defects_ppm())
        self._columns = columns_of(products)
        self._ranges = Ranges(load("admission", AdmissionPolicy, scenario.policies), products)
        self._asks = np.zeros(len(self._columns.known), dtype=bool)
        self._vague = np.zeros(len(self._columns.known), dtype="U12")
        for product in products.products:
            self._asks[product.code] = bool(product.fields) and product.fields[0].required
            self._vague[product.code] = VAGUE_PURPOSES[product.purpose_class]
        self._draws = {name: Draw(seed, f"defect.{name}") for name in ("kind", "digit", "field", "size", "document")}

    def of(self, reference: Ints) -> Ints:
        """The defect of each form, a `Defect`."""
        kind = self._edges.searchsorted(self._draws["kind"].ppm(reference), side="right")
        return np.where(kind < len(self._edges), kind + 1, Defect.NONE)

    def spoil(self, rows: Rows, reference: Ints) -> None:
        """Makes the defects in place; scripted forms are not passed here."""
        defect = self.of(reference)
        makers = {
            Defect.WRONG_CHECK_DIGIT: self._check_digit,
            Defect.WRONG_ID_LENGTH: self._length,
            Defect.MALFORMED_MOBILE: self._mobile,
            Defect.MISSING_FIELD: self._field,
            Defect.AMOUNT_OUT_OF_RANGE: self._amount,
            Defect.VAGUE_PURPOSE: self._purpose,
            Defect.MISSING_DOCUMENT: self._document,
            Defect.NO_BUREAU_CONSENT: self._consent,
            Defect.EXPIRED_DOCUMENT: self._expired,
        }
        for kind, make in makers.items():
            where = true_rows(defect == kind)
            if len(where):
                make(rows, where, reference[where])

    def _check_digit(self, rows: Rows, where: Ints, reference: Ints) -> None:
        codes = codes_of(rows["id_number"][where].tolist(), 18)
        serial_end = 16
        step = 1 + self._draws["digit"].below(9, reference)
        codes[:, serial_end] = 48 + (codes[:, serial_end].astype(np.int64) - 48 + step) % 10
        rows["id_number"][where] = texts_of(codes)

    def _length(self, rows: Rows, where: Ints, reference: Ints) -> None:
        keep = 15 + self._draws["digit"].below(3, reference)
        codes = codes_of(rows["id_number"][where].tolist(), 18)
        codes[np.arange(18) >= keep[:, None]] = 0
        rows["id_number"][where] = texts_of(codes)

    def _mobile(self, rows: Rows, where: Ints, reference: Ints) -> None:
        codes = codes_of(rows["mobile"][where].tolist(), 12)
        short = self._draws["digit"].below(2, reference) == 0
        codes[short, 10] = 0
        codes[~short, 1] = ord("2")
        rows["mobile"][where] = texts_of(codes)

    def _field(self, rows: Rows, where: Ints, reference: Ints) -> None:
        which = self._draws["field"].below(5, reference)
        own = (which == 4) & self._asks[rows["product"][where]]
        rows[OWN[0]][where[own]] = ""
        which[(which == 4) & ~own] = 0
        for number, field in enumerate(("name", "id_number", "mobile", "occupation")):
            rows[field][where[which == number]] = 0 if field == "occupation" else ""

    def _expired(self, rows: Rows, where: Ints, reference: Ints) -> None:
        company = rows["segment"][where] != Segment.INDIVIDUAL
        licence = company & (self._draws["field"].below(2, reference) == 0)
        last_day = rows["at"][where] // DAY_MS - 1 - self._draws["digit"].below(_EXPIRED_DAYS_MAX, reference)
        for name, which in (("licence_until", licence), ("id_until", ~licence)):
            rows[name][where[which]] = last_day[which]

    def _amount(self, rows: Rows, where: Ints, reference: Ints) -> None:
        """More than the applicant's own range, or less than the product's."""
        product, mine = rows["product"][where], rows[where]
        above = self._draws["size"].below(4, reference) > 0
        age = ages_at(mine["id_number"], mine["at"] // DAY_MS)
        most = self._ranges.of(product, mine["segment"], mine["income_fen"], age).most_fen
        too_much = most // 10 * (11 + self._draws["digit"].below(10, reference))
        rows["amount_fen"][where] = np.where(above, too_much, self._columns.amount_min[product] // 2)

    def _purpose(self, rows: Rows, where: Ints, reference: Ints) -> None:
        missing = self._draws["field"].below(10, reference) == 0
        rows["purpose_text"][where] = np.where(missing, "", self._vague[rows["product"][where]])

    def _document(self, rows: Rows, where: Ints, reference: Ints) -> None:
        required = self._columns.required[rows["product"][where], rows["segment"][where]]
        rows["documents"][where] &= ~_one_bit(required, self._draws["document"].ppm(reference))

    def _consent(self, rows: Rows, where: Ints, reference: Ints) -> None:
        del reference
        rows["consent"][where] &= ~int(Consent.BUREAU)


def _one_bit(bits: Ints, ppm: Ints) -> Ints:
    """One of the set bits of each row, chosen by `ppm`."""
    present: Bools = (bits[:, None] >> np.arange(MATERIAL_BITS)) & 1 == 1
    wanted = present.sum(axis=1) * ppm // PPM
    position = np.argmax(present.cumsum(axis=1) > wanted[:, None], axis=1)
    return np.asarray(np.left_shift(1, position), dtype=np.int64)
