"""The validated model of a scenario. One class a section of the TOML file; every number the world runs on is a field here
with a default, so `baseline` is nearly empty and every other scenario says only what differs. Chances are millionths
(ppm), money is yuan in the files and fen in memory, local wall time everywhere."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from credit.calendar import WORKDAY_FIRST_YEAR, WORKDAY_LAST_YEAR
from credit.policies.base import WORDS, PolicyModel, SharePpm
from credit.policies.loading import WORLD, merged, packaged_names, packaged_products, resolved
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, instant
from scenarios.partners import Partners
from scenarios.people import ArrivalShape, Demand, Factor, Files, PopulationShape
from scenarios.planned import Fault
from scenarios.script import ScriptedCustomer
from scenarios.staff import Staff

PARTIES_MAX = 1 << 25
"""So many people have different resident ID numbers."""

WINDOW_MS = {"day": DAY_MS, "hour": HOUR_MS, "15min": 15 * MINUTE_MS, "5min": 5 * MINUTE_MS, "minute": MINUTE_MS}


class Run(PolicyModel):
    """How long, how many, from when, and the grain of the windows."""

    customers: int = Field(default=20_000, ge=1, le=20_000_000)
    """[customers] How many come to the bank during the run, beside any book it starts from."""
    days: int = Field(default=180, ge=1, le=3_660)
    """How long the run is."""
    start: dt.date = dt.date(2026, 1, 1)
    """The first day of the run; every date in the file is measured by it."""
    seed: int = Field(default=20_260_101, ge=0, le=2**62)
    """[number] Seed of every draw: the same scenario and seed give the same digest."""
    window: Literal["day", "hour", "15min", "5min", "minute"] = "day"
    """The grain of the windows in which work moves between the rooms."""
    arrival_days: int | None = Field(default=None, ge=1, le=3_660)
    """Customers arrive during the first so many days only; all days when absent."""

    first_arrival: int = Field(default=1, ge=1, le=PARTIES_MAX)
    """[number] Number of the first customer to come; a run that continues another goes on counting."""

    @field_validator("start")
    @classmethod
    def _within_the_calendar(cls, start: dt.date, info: ValidationInfo) -> dt.date:
        """What is agreed in a run falls due after it, so a year beyond its end must be known too."""
        first, last = dt.date(WORKDAY_FIRST_YEAR, 1, 1), dt.date(WORKDAY_LAST_YEAR, 1, 1)
        end = start + dt.timedelta(days=info.data.get("days", 1)) if start <= last else start
        if start < first or end > last:
            raise ValueError(f"must lie between {first} and so many days before {last}; the run would end on {end}")
        return start

    @model_validator(mode="after")
    def _within_bounds(self) -> Run:
        if self.arrival_days is not None and self.arrival_days > self.days:
            raise ValueError(f"arrival_days: must be at most days ({self.days}), given {self.arrival_days}")
        if self.first_arrival + self.customers > PARTIES_MAX:
            raise ValueError(f"customers: a world has at most {PARTIES_MAX} people, these are more")
        return self

    @property
    def start_ms(self) -> int:
        return instant(self.start)

    @property
    def until_ms(self) -> int:
        return self.start_ms + self.days * DAY_MS

    @property
    def window_ms(self) -> int:
        return WINDOW_MS[self.window]


class Bank(PolicyModel):
    """The bank's shape: branches are the units of contention, each with its own staff."""

    branches: int = Field(default=8, ge=1, le=900)
    """[branches] How many there are; each has its own staff."""
    branch_weights_ppm: list[Factor] = []
    """Relative volume of each branch; equal when empty."""

    @model_validator(mode="after")
    def _somebody_is_served(self) -> Bank:
        weights = self.branch_weights_ppm
        if weights and len(weights) != self.branches:
            raise ValueError(f"branch_weights_ppm: needs one weight a branch: {self.branches}, given {len(weights)}")
        if weights and not any(weights):
            raise ValueError("branch_weights_ppm: at least one branch needs a weight above zero")
        return self


class Behaviour(PolicyModel):
    """What customers and staff do. Chances in millionths, times in the unit of their name."""

    electronic_sign_median_minutes: int = Field(default=90, ge=1, le=100_000)
    """From an electronic contract's offer to its signature, at the median."""
    paper_sign_median_hours: int = Field(default=6, ge=1, le=2_000)
    """In hours in which the counter is open."""
    sign_spread_ppm: Factor = 900_000
    """Sigma of the lognormal signing delay."""
    abandon_ppm: SharePpm = 50_000
    """Chance that who was offered a contract never signs one."""
    micro_rate_from_ppm: SharePpm = 40_000
    """Yearly rate from which on micro customers are put off; ours: about what banks lend to small firms for (CUS-02)."""
    micro_rate_leave_ppm: SharePpm = 30_000
    """Share of micro customers who leave an offer for each percentage point above it; ours (CUS-02)."""
    micro_wait_from_days: int = Field(default=3, ge=0, le=366)
    """Days from the application to the offer that micro customers bear with; ours (CUS-02)."""
    micro_wait_leave_ppm: SharePpm = 20_000
    """Share of them who have gone elsewhere by then for each further day; ours (CUS-02)."""
    renew_ppm: SharePpm = 400_000
    """Chance that who let a contract expire asks for a new one."""
    renew_after_days: int = Field(default=3, ge=1, le=24)
    """From the expiry to that request, at the longest."""
    change_request_ppm: SharePpm = 15_000
    """Chance that a customer asks for another amount or term before signing (CON-17); what `abandon_ppm` leaves at most."""
    late_sign_ppm: SharePpm = 200_000
    """Share of those who come too late and try to sign the expired contract before they ask for a new one."""
    late_renew_ppm: SharePpm = 800_000
    """Chance that who comes too late asks for a new contract; `renew_ppm` is that of who forgot about it."""
    paper_confirm_minutes: int = Field(default=20, ge=0, le=10_000)
    """From a paper signature to its entry by the clerk."""
    scan_median_minutes: int = Field(default=60, ge=1, le=10_000)
    """From a signature on paper to its scan, in hours in which the counter is open, at the median."""
    check_median_minutes: int = Field(default=30, ge=1, le=10_000)
    """From a paper contract's offer to its check by the counter, in hours in which that is open, at the median."""
    misprint_ppm: SharePpm = 2_000
    """Chance that a paper contract says another amount, term or rate than was approved."""
    certificate_lapsed_ppm: SharePpm = 3_000
    """Chance that a customer signs by a certificate that has expired, and then by a new one."""
    certificate_revoked_ppm: SharePpm = 1_000
    """Chance that his certificate is revoked before he signs, and he gets a new one."""
    scan_forgotten_ppm: SharePpm = 50_000
    """Chance that a scan is forgotten until it is chased."""
    approver_decline_ppm: list[SharePpm] = Field(
        default=[10_000, 25_000, 60_000, 140_000, 260_000], min_length=5, max_length=5
    )
    """Chance that one person at one node declines, by grade from excellent to poor."""
    approver_alert_ppm: SharePpm = 50_000
    """What each level of alert adds to the chance that a person declines."""
    approver_doubt_ppm: SharePpm = 60_000
    """What each doubt adds to the chance that a person declines."""
    approver_insight_ppm: SharePpm = 300_000
    """Chance that a person sees through a fraudster whom the machine let pass."""
    approver_reduce_ppm: SharePpm = 90_000
    """Chance that a person approves less than was asked for."""
    approver_escalate_ppm: SharePpm = 10_000
    """Chance that a doubtful case is passed up by a person's own wish."""
    approver_special_ppm: SharePpm = 200_000
    """Chance that who would decline a customer of good standing puts him before the supervisor instead (特批, APR-06)."""
    approver_return_ppm: SharePpm = 150_000
    """Chance that a person who meets a case with materials still to come sends it back for them, the first time (APP-19)."""
    fraud_found_ppm: SharePpm = 800_000
    """Chance that the fraud desk finds out a fraudster whose case comes before it (APP-17)."""
    fraud_mistaken_ppm: SharePpm = 5_000
    """Chance that it takes an honest customer whose case comes before it for one; ours (EXT-09)."""
    appeal_honest_ppm: SharePpm = 700_000
    """Chance that who was entered in the risk library by mistake appeals, and again when that comes to nothing; ours (EXT-09)."""
    appeal_guilty_ppm: SharePpm = 50_000
    """The same chance of who was entered rightly; ours (EXT-09)."""
    appeal_days_median: int = Field(default=4, ge=1, le=366)
    """From the refusal, or from the answer, to an appeal, at the median; ours (EXT-09)."""
    appeal_right_ppm: SharePpm = 900_000
    """Chance that a reviewer of an appeal finds out the truth; ours (EXT-09)."""
    supplement_days_median: int = Field(default=2, ge=1, le=366)
    """Until a customer brings what his case was sent back for, at the median (APP-19)."""
    supplement_never_ppm: SharePpm = 60_000
    """Chance that he never does."""
    condition_days_median: int = Field(default=4, ge=1, le=366)
    """Until a customer brings what a conditional approval waits for, at the median (APR-13)."""
    condition_never_ppm: SharePpm = 60_000
    """Chance that he never does."""
    use_evidence_days_median: int = Field(default=12, ge=1, le=366)
    """From a payment to the evidence of its use, at the median."""
    use_not_genuine_ppm: SharePpm = 30_000
    """Chance that the evidence shows another use than was agreed."""
    drawdowns_per_year: int = Field(default=4, ge=1, le=50)
    """[drawdowns a year] How often a revolving limit is drawn upon."""
    drawdown_share_ppm: SharePpm = 350_000
    """Share of the limit that a drawdown takes."""
    drawdown_misused_ppm: SharePpm = 30_000
    """Drawdowns asked for what the product does not lend for, which the bank refuses; ours (PRD-04)."""
    miss_base_ppm: SharePpm = 14_000
    """Chance that an average customer misses an instalment, in a normal economy."""
    miss_spread: int = Field(default=6, ge=1, le=100)
    """[times] How many times likelier the weakest fifth misses than the average customer."""
    cure_daily_ppm: SharePpm = 74_000
    """Chance a day that an overdue customer pays by himself in the first week; falls with DPD."""
    manual_late_ppm: SharePpm = 60_000
    """Chance that who pays by hand pays late though he could."""
    early_full_per_year_ppm: SharePpm = 40_000
    """Chance a year that a loan is repaid early as a whole."""
    early_partial_per_year_ppm: SharePpm = 30_000
    """Chance a year that a part of it is."""
    notice_response_ppm: SharePpm = 60_000
    """Chance that a customer pays upon a message or an automated call."""
    promise_ppm: SharePpm = 420_000
    """Chance that a contact ends with a promise to pay (承诺还款)."""
    unable_ppm: SharePpm = 200_000
    """Chance that the customer says he cannot pay."""
    lost_ppm: SharePpm = 120_000
    """Chance that the customer cannot be reached."""
    promise_kept_ppm: SharePpm = 300_000
    """Chance that a promise to pay is kept, of an averagely willing customer; the less willing keep less."""
    promise_days_min: int = Field(default=5, ge=5, le=15)
    """The earliest day promised, from the contact on."""
    promise_days_max: int = Field(default=10, ge=5, le=15)
    """The latest day promised, from the contact on."""
    visit_time_ppm: Factor = 3_000_000
    """Time that a visit takes, relative to a call of the same team."""
    legal_time_ppm: Factor = 2_000_000
    """Time that a legal step takes, relative to a call of the same team."""
    write_off_decline_ppm: SharePpm = 30_000
    """Chance that one of the three bodies turns a write-off down."""
    reviewer_reject_ppm: SharePpm = 5_000
    """Chance that a reviewer of disbursement sends a payment back."""
    collateral_unfit_ppm: SharePpm = 10_000
    """Things offered as collateral that the valuer takes for no security: sealed, or not the applicant's."""
    collateral_unregistered_ppm: SharePpm = 10_000
    """Guarantees that can't be registered once the contract is signed."""
    collateral_incomplete_ppm: SharePpm = 30_000
    """Chance that the custodian of collateral sends documents back."""
    finances_worse_ppm: SharePpm = 40_000
    """Chance that an inspection after the loan finds finances worse; eight times as much where a loan is overdue."""
    shell_business_ppm: SharePpm = 500_000
    """Chance that a business which means to defraud has no premises, or none where anybody works, so that a visit shows it."""
    records_poor_ppm: SharePpm = 60_000
    """Chance that a business visited keeps poor books."""
    statements_forged_ppm: SharePpm = 400_000
    """Chance that the statements of who deceives the bank do not agree with themselves."""
    payment_wrong_ppm: SharePpm = 200
    """Payments that core banking reports with another amount or account than ordered."""
    debit_partial_ppm: SharePpm = 100_000
    """Debits missed whose account still holds a part of what is due."""
    failed_debit_again_ppm: SharePpm = 350_000
    """Chance that a customer whose debit failed has the money there when the bank's desk calls him (REP-08) …"""
    failed_debit_account_ppm: SharePpm = 100_000
    """… and that he names another account of his; of averagely willing customers both."""
    outage_again_ppm: SharePpm = 900_000
    """Chance that who would have applied while the bank was away comes again; the others never do."""
    outage_again_minutes_median: int = Field(default=60, ge=1, le=100_000)
    """From the return of the service to that second attempt, at the median."""
    outage_return_minutes: int = Field(default=60, ge=1, le=10_000)
    """Who has a case or a loan already comes again within so long, all in the order in which they came first."""

    restructuring_request_ppm: SharePpm = 30_000
    """Chance that a customer newly overdue asks for other terms himself (REP-13)."""
    restructuring_unproven_ppm: SharePpm = 100_000
    """Chance that he shows no proof of his hardship."""
    restructuring_hopeless_ppm: SharePpm = 120_000
    """Chance that the restructuring team finds that no terms help (NPL-11)."""
    restructuring_decline_ppm: SharePpm = 80_000
    """Chance that one who approves turns new terms down."""
    restructuring_signed_ppm: SharePpm = 880_000
    """Chance that a customer signs the new terms."""
    restructured_strained_ppm: SharePpm = 120_000
    """Chance that a monthly inspection finds a borrower strained (EX-18)."""
    restructured_worse_ppm: SharePpm = 30_000
    """Chance that it finds him worse."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Behaviour:
        """A contact ends in one way."""
        ways = ("promise_ppm", "unable_ppm", "lost_ppm")
        whole = sum(getattr(self, name) for name in ways)
        if whole > 1_000_000:
            name = next(one for one in ways if one in self.model_fields_set)
            others = " and ".join(one for one in ways if one != name)
            raise ValueError(f"{name}: with {others} at most 1000000, not {whole}")
        return self


class EconomyPoint(PolicyModel):
    """The economy from a date on; between two points it moves in a straight line."""

    day: dt.date
    """From when on."""
    unemployment_ppm: SharePpm = 50_000
    """Rate of unemployment."""
    house_price_ppm: Factor = 1_000_000
    """House prices relative to the start."""


class Sensitivity(PolicyModel):
    """How strongly the economy moves missed instalments, by the purpose class of a product. Each figure is the change of
    the chance of a miss, as a share of it, per percentage point of unemployment above normal, or per tenth that house
    prices lie below the start; symmetric, and never below `floor_ppm` of the normal chance."""

    normal_unemployment_ppm: SharePpm = 50_000
    """The rate of unemployment at which chances are as they are."""
    consumer_per_point_ppm: Factor = 150_000
    """Consumer loans, per percentage point of unemployment."""
    operating_per_point_ppm: Factor = 180_000
    """Operating loans, per percentage point of unemployment."""
    housing_per_point_ppm: Factor = 80_000
    """Housing loans, per percentage point of unemployment."""
    consumer_per_price_tenth_ppm: Factor = 20_000
    """Consumer loans, per tenth that house prices fell."""
    operating_per_price_tenth_ppm: Factor = 60_000
    """Operating loans, per tenth that house prices fell."""
    housing_per_price_tenth_ppm: Factor = 250_000
    """Housing loans, per tenth that house prices fell."""
    floor_ppm: Factor = 200_000
    """The least share of the normal chance that is left in the best of times."""


def _catalogue(policies: Any) -> list[str]:
    """The keys of the products that a bank under these policies offers; of policies that are no tables, the packaged ones, as
    something else says what is wrong with them."""
    given = policies if isinstance(policies, dict) and isinstance(policies.get("products", {}), dict) else {}
    rows = resolved("products", given)["products"]
    sound = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    return [str(row.get("key")) for row in (rows if sound else packaged_products())]


class Scenario(PolicyModel):
    """A whole scenario file."""

    name: Annotated[str, WORDS] = Field(pattern="^[a-z][a-z0-9_]*$")
    """How it is called; small letters, digits and _."""
    title: Annotated[str, WORDS] = Field(min_length=1)
    """Its headline, in English."""
    title_zh: Annotated[str | None, WORDS] = Field(default=None, min_length=1)
    """Its headline, in Chinese."""
    purpose: Annotated[str, WORDS] = Field(min_length=1)
    """What the scenario is for."""
    purpose_zh: Annotated[str | None, WORDS] = Field(default=None, min_length=1)
    """The same in Chinese."""
    look_at: Annotated[list[Annotated[str, Field(min_length=1)]], WORDS]
    """What to look at in its report."""
    look_at_zh: Annotated[list[Annotated[str, Field(min_length=1)]], WORDS] = []
    """The same in Chinese, point for point; reports fall back to English where a file has none."""
    run: Run = Run()
    """How long, how many, from when."""
    bank: Bank = Bank()
    """The bank's shape."""
    products: list[str] = []
    """Files of further products, beside the scenario's: what the bank does with one, and in [world] what people make of it."""
    demand: dict[str, Demand] = {}
    """By product; what a file leaves out is as the product's own file says."""
    arrivals: ArrivalShape = ArrivalShape()
    """When customers come."""
    population: PopulationShape = PopulationShape()
    """Who they are."""
    files: Files = Files()
    """What partners hold on them."""
    behaviour: Behaviour = Behaviour()
    """What customers and staff do."""
    staff: Staff = Staff()
    """Who works at the bank."""
    partners: Partners = Partners()
    """The partners behind their ports."""
    economy: list[EconomyPoint] = []
    """Points through which the economy moves."""
    sensitivity: Sensitivity = Sensitivity()
    """How the economy moves missed instalments."""
    faults: list[Fault] = []
    """What breaks, and when."""
    policies: dict[str, dict[str, Any]] = {}
    """Changes of the bank's policies, by policy: any field of the second part of this reference."""
    script: list[ScriptedCustomer] = []
    """Customers whose form and behaviour are written down."""

    @model_validator(mode="before")
    @classmethod
    def _asked_for(cls, values: Any) -> Any:
        given = values.get("demand", {}) if isinstance(values, dict) else None
        if not isinstance(given, dict):
            return values
        offered = _catalogue(values.get("policies"))
        unknown = [key for key in given if key not in offered]
        if unknown:
            raise ValueError(f"demand: there is no product {unknown[0]!r}; known: {', '.join(offered)}")
        worlds = {str(product["key"]): product[WORLD] for product in packaged_products()}
        return values | {"demand": merged(worlds, given)}

    @model_validator(mode="after")
    def _somebody_asks(self) -> Scenario:
        unasked = [key for key in _catalogue(self.policies) if key not in self.demand]
        if unasked:
            needed = ", ".join(Demand.model_fields)
            raise ValueError(f"demand: nothing says who asks for {unasked[0]!r}; give [demand.{unasked[0]}] {needed}")
        if not any(one.weight for one in self.demand.values()):
            raise ValueError("demand: at least one product needs a weight above zero")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        if self.look_at_zh and len(self.look_at_zh) != len(self.look_at):
            raise ValueError("look_at_zh: needs as many points as look_at")
        days = [point.day for point in self.economy]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("economy: the points must stand in the order of their days, one a day")
        parties = [s.party for s in self.script]
        if sorted(parties) != list(range(1, len(parties) + 1)):
            raise ValueError("script: parties must be numbered 1, 2, 3 …")
        if len(self.script) > self.run.customers:
            raise ValueError("run: customers must be at least the number of scripted customers")
        unknown = [name for name in self.policies if name not in packaged_names()]
        if unknown:
            raise ValueError(f"policies: there is no policy {unknown[0]!r}; known: {', '.join(packaged_names())}")
        return self

    @model_validator(mode="after")
    def _votes(self) -> Scenario:
        """A committee that never has its quorum decides nothing (APR-02)."""
        members, quorum = self.staff.committee.head_office, resolved("approval", self.policies).get("committee_quorum")
        if not self.staff.scale and isinstance(quorum, int) and members < quorum:
            raise ValueError(f"staff.committee.head_office: at least {quorum}, the committee's quorum; given {members}")
        return self

    @model_validator(mode="after")
    def _comes(self) -> Scenario:
        run = self.run
        last = run.start + dt.timedelta(days=(run.arrival_days or run.days) - 1)
        for place, one in enumerate(self.arrivals.campaigns):
            whole = one.from_day <= run.start and one.to_day >= last and one.to_hour - one.from_hour == 24
            if whole and not one.factor_ppm and run.customers > len(self.script):
                raise ValueError(
                    f"arrivals.campaigns.{place}.factor_ppm: 0 on every day on which customers come: nobody can come"
                )
        return self

    @model_validator(mode="after")
    def _is_away_once(self) -> Scenario:
        for place, fault in enumerate(self.faults):
            beyond = [branch for branch in fault.branches if branch > self.bank.branches]
            if beyond:
                raise ValueError(
                    f"faults.{place}.branches: there is no branch {beyond[0]}; the bank has 1 to {self.bank.branches}"
                )
            for before, other in enumerate(self.faults[:place]):
                if fault.strikes_the_bank and fault.overlaps(other):
                    raise ValueError(
                        f"faults.{place}.start: overlaps faults.{before}, the {other.what} of the same time"
                    )
        return self

    @model_validator(mode="after")
    def _happens(self) -> Scenario:
        """What the scenario is about falls into its run; a run that goes on from another may lie after it all."""
        run = self.run
        first, last = run.start, run.start + dt.timedelta(days=run.days - 1)
        if run.first_arrival > 1:
            return self
        for one in self.script:
            if not first <= one.at.date() <= last:
                raise ValueError(f"script: party {one.party} comes on {one.at.date()}, the run is {first} to {last}")
            for place, paid in enumerate(one.pays):
                if not one.at < paid.at or paid.at.date() > last:
                    between = f"after he applies on {one.at.date()} and by {last}"
                    raise ValueError(
                        f"script: party {one.party}: pays.{place}.at is {paid.at.date()}, needed is {between}"
                    )
        spans = [(fault.start.date(), fault.end.date(), f"the {fault.what}") for fault in self.faults]
        spans += [(one.from_day, one.to_day, f"the campaign {one.name!r}") for one in self.arrivals.campaigns]
        if spans and not any(begin <= last and end >= first for begin, end, _ in spans):
            begin, end, what = spans[0]
            raise ValueError(
                f"nothing of what the scenario is about falls into its run, {first} to {last}: {what} is {begin} to {end}"
            )
        return self
