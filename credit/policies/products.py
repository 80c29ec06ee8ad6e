"""The product catalogue (PRD-01, PRD-03 to PRD-06, PRD-08): each product carries its own form, materials, process, amount
range, terms and rates as data. Rules read it as columns indexed by product code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from credit.codes import Coded, Grade, Guarantee, Material, Method, Segment
from credit.numbers import LOANS_MAX
from credit.policies.base import LIVE, WORDS, PolicyModel, RatePpm, SharePpm, Yuan, known_names
from credit.policies.forms import FIELDS_MAX, FormField
from credit.times import Bools, Ints

TERM_MONTHS_MAX = 360


class TermClass(Coded):
    """How long a loan runs, PRD-01; the policy says where each begins."""

    SHORT = 1  # 短期
    MEDIUM = 2  # 中期
    LONG = 3  # 长期


class Product(PolicyModel):
    """One product. Rates are yearly, one a credit grade; `terms_months` are the options the form offers."""

    code: int = Field(ge=1, le=99)
    """[code] Its number in records."""
    key: str
    """How files name it."""
    name: Annotated[str, WORDS]
    """In English."""
    name_zh: Annotated[str, WORDS]
    """In Chinese."""
    purpose_class: str = Field(pattern="^(consumer|operating|housing)$")
    """consumer (消费), operating (经营) or housing (住房), PRD-01."""
    guarantee: str
    """credit, mortgage, pledge, guarantor or document (PRD-01)."""
    segments: list[str] = Field(min_length=1)
    """Who may ask for it: individual, micro, enterprise."""
    amount_min: Yuan
    """Smallest amount."""
    amount_max: Yuan
    """Largest amount."""
    terms_months: list[Annotated[int, Field(ge=1, le=TERM_MONTHS_MAX)]] = Field(min_length=1)
    """Terms that the form offers."""
    methods: list[str] = Field(min_length=1)
    """Ways of repayment that the form offers."""
    daycount: str = Field(pattern="^(monthly|act_360|act_365|30_360)$")
    """How days of interest are counted."""
    rate_ppm_by_grade: list[RatePpm] = Field(min_length=5, max_length=5)
    """[millionths a year] Rate by credit grade, from excellent to poor."""
    required_materials: list[str]
    """Must come with the form."""
    optional_materials: list[str] = []
    """May come with it."""
    conditional_materials: list[str] = []
    """Required, but may follow after a conditional approval (APR-13)."""
    automatic_amount_max: Yuan
    """Largest amount the automatic lane may decide; 0 = always manual."""
    contract_mode: str = Field(pattern="^(electronic|paper)$")
    """How its contract is signed."""
    automatic_disbursement: bool
    """Whether money leaves without an operator."""
    entrusted_payment: bool
    """Whether the payee is paid instead of the customer (受托支付)."""
    revolving: bool = False
    """Whether it is a limit that is drawn again and again."""
    staged_shares_ppm: list[SharePpm] = Field(default=[1_000_000], min_length=1, max_length=LOANS_MAX)
    """Share of the amount in each tranche; more than one means staged disbursement (DIS-16)."""
    limit_months: int = Field(default=0, ge=0, le=120)
    """How long a revolving limit may be drawn; 0 for other products."""
    drawdown_purposes: list[Annotated[str, Field(min_length=2, max_length=12)]] = []
    """What a drawdown of a revolving limit may be for (PRD-04)."""
    fields: list[FormField] = Field(default=[], max_length=FIELDS_MAX)
    """What its form asks for beside what every form does (PRD-08)."""

    @model_validator(mode="after")
    def _consistent(self) -> Product:
        if self.revolving != bool(self.drawdown_purposes):
            raise ValueError(
                f"product {self.key}: drawdown_purposes: a revolving limit needs them, no other product does"
            )
        if len({one.key for one in self.fields}) != len(self.fields):
            raise ValueError(f"product {self.key}: fields: a key stands twice")
        if sum(self.staged_shares_ppm) != 1_000_000:
            raise ValueError(f"product {self.key}: staged_shares_ppm must sum to 1000000")
        for names, codes in ((self.segments, Segment), (self.methods, Method), ([self.guarantee], Guarantee)):
            known_names(f"product {self.key}", names, codes.__members__)
        for names in (self.required_materials, self.optional_materials, self.conditional_materials):
            known_names(f"product {self.key}", names, Material.__members__)
        return self


class SegmentMaterials(PolicyModel):
    """What customers of a segment bring for whatever product, beside what the product asks for (CUS-01)."""

    key: str
    """The segment: individual, micro or enterprise."""
    required_materials: list[str]
    """Must come with the form."""
    optional_materials: list[str] = []
    """May come with it."""

    @model_validator(mode="after")
    def _consistent(self) -> SegmentMaterials:
        known_names(f"segment_materials {self.key}", [self.key], Segment.__members__)
        for names in (self.required_materials, self.optional_materials):
            known_names(f"segment_materials {self.key}", names, Material.__members__)
        return self


class ProductPolicy(PolicyModel):
    """All products, and where short, medium and long terms begin (PRD-01)."""

    short_months_max: Annotated[int, LIVE] = Field(default=12, ge=1, le=TERM_MONTHS_MAX)
    """Up to here a term is short (短期)."""
    medium_months_max: Annotated[int, LIVE] = Field(default=60, ge=1, le=TERM_MONTHS_MAX)
    """Up to here it is of medium length (中期), beyond long (长期)."""
    consumer_months_max: int = Field(default=36, ge=1, le=TERM_MONTHS_MAX)
    """[months] Longest term that a product for consumption may offer (PRD-06)."""
    segment_materials: list[SegmentMaterials] = []
    """What each segment brings beside what the product asks for (CUS-01)."""
    products: list[Product] = Field(min_length=1)
    """The catalogue, one a product's file."""

    @model_validator(mode="after")
    def _unique(self) -> ProductPolicy:
        codes = [p.code for p in self.products]
        if len(set(codes)) != len(codes):
            raise ValueError("two products share a code")
        if self.short_months_max >= self.medium_months_max:
            raise ValueError("short_months_max: must be below medium_months_max")
        if len({one.key for one in self.segment_materials}) != len(self.segment_materials):
            raise ValueError("segment_materials: a segment stands twice")
        for product in self.products:
            longest = max(product.terms_months)
            if product.purpose_class == "consumer" and longest > self.consumer_months_max:
                raise ValueError(
                    f"product {product.key}: terms_months: {longest} is more than consumer_months_max "
                    f"({self.consumer_months_max})"
                )
        return self

    def term_class(self, months: npt.ArrayLike) -> Ints:
        """`TermClass` codes of terms in months, whole columns at a time (PRD-01)."""
        term = np.asarray(months, dtype=np.int64)
        return 1 + (term > self.short_months_max).astype(np.int64) + (term > self.medium_months_max)

    def materials(self, product: Product, segment: str) -> Materials:
        """What a customer of a segment brings for a product."""
        mine = next((one for one in self.segment_materials if one.key == segment), None)
        late = _bits(product.conditional_materials)
        required = _bits(product.required_materials) | _bits(mine.required_materials if mine else [])
        optional = _bits(product.optional_materials) | _bits(mine.optional_materials if mine else [])
        return Materials(required, late, optional & ~(required | late))

    def by_key(self, key: str) -> Product:
        """The product of a key; KeyError when there is none."""
        for product in self.products:
            if product.key == key:
                return product
        raise KeyError(key)


class Materials(NamedTuple):
    """Material bits: 必传, 可后补, 选传."""

    required: int
    conditional: int
    optional: int


def _bits(names: list[str]) -> int:
    bits = 0
    for name in names:
        bits |= int(Material[name.upper()])
    return bits


@dataclass(frozen=True)
class ProductColumns:
    """The catalogue as columns indexed by product code; index 0 and unused codes have known = False."""

    known: Bools
    amount_min: Ints
    amount_max: Ints
    segments: Bools  # (code, segment)
    terms: Bools  # (code, months)
    methods: Bools  # (code, method)
    rate_ppm: Ints  # (code, grade)
    required: Ints  # (code, segment), material bits
    conditional: Ints  # material bits
    optional: Ints  # (code, segment), material bits
    guarantee: Ints
    automatic_max: Ints
    electronic: Bools
    automatic_disbursement: Bools
    entrusted: Bools
    revolving: Bools
    limit_months: Ints
    daycount: Ints
    tranche_count: Ints
    tranche_share_ppm: Ints  # (code, tranche 0…)

    def asked(self, product: Ints, segment: Ints) -> Ints:
        """The material bits that the bank speaks of to a segment, for each product."""
        both = (product, segment)
        return np.asarray(self.required[both] | self.conditional[product] | self.optional[both])


DAYCOUNT_CODES = {"monthly": 0, "act_360": 1, "act_365": 2, "30_360": 3}


def columns_of(policy: ProductPolicy) -> ProductColumns:
    """Compiles the catalogue once, for whole-column rules."""
    size = max(p.code for p in policy.products) + 1
    tranches = max(len(p.staged_shares_ppm) for p in policy.products)

    def flags(*shape: int) -> Bools:
        return np.zeros((size, *shape), dtype=bool)

    def ints(*shape: int) -> Ints:
        return np.zeros((size, *shape), dtype=np.int64)

    columns = ProductColumns(
        known=flags(),
        amount_min=ints(),
        amount_max=ints(),
        segments=flags(4),
        terms=flags(TERM_MONTHS_MAX + 1),
        methods=flags(5),
        rate_ppm=ints(6),
        required=ints(4),
        conditional=ints(),
        optional=ints(4),
        guarantee=ints(),
        automatic_max=ints(),
        electronic=flags(),
        automatic_disbursement=flags(),
        entrusted=flags(),
        revolving=flags(),
        limit_months=ints(),
        daycount=ints(),
        tranche_count=ints(),
        tranche_share_ppm=ints(tranches),
    )
    for product in policy.products:
        _fill(columns, product)
        for segment in Segment:
            brings = policy.materials(product, segment.name.lower())
            columns.required[product.code, segment], columns.optional[product.code, segment] = brings[0], brings[2]
    return columns


def _fill(columns: ProductColumns, product: Product) -> None:
    c = product.code
    columns.known[c] = True
    columns.amount_min[c], columns.amount_max[c] = product.amount_min, product.amount_max
    columns.segments[c, [Segment[s.upper()] for s in product.segments]] = True
    columns.terms[c, product.terms_months] = True
    columns.methods[c, [Method[m.upper()] for m in product.methods]] = True
    columns.rate_ppm[c, Grade.EXCELLENT :] = product.rate_ppm_by_grade
    columns.conditional[c] = _bits(product.conditional_materials)
    columns.guarantee[c] = Guarantee[product.guarantee.upper()]
    columns.automatic_max[c] = product.automatic_amount_max
    columns.electronic[c] = product.contract_mode == "electronic"
    columns.automatic_disbursement[c] = product.automatic_disbursement
    columns.entrusted[c] = product.entrusted_payment
    columns.revolving[c], columns.limit_months[c] = product.revolving, product.limit_months
    columns.daycount[c] = DAYCOUNT_CODES[product.daycount]
    columns.tranche_count[c] = len(product.staged_shares_ppm)
    columns.tranche_share_ppm[c, : len(product.staged_shares_ppm)] = product.staged_shares_ppm
