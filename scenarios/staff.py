"""The section of a scenario that says who works at the bank: people, hours and the time a case takes, desk by desk."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError, model_validator

from credit.bank import desks
from credit.policies.base import PolicyModel
from credit.room import DeskCode
from scenarios.people import Factor

Count = Annotated[int, Field(ge=0, le=1_000_000)]


def over_defaults(values: Any, defaults: dict[str, Any]) -> Any:
    """Part of a desk or partner given in a file is laid over that desk's or partner's own defaults, not the general ones."""
    if not isinstance(values, dict):
        return values
    return {
        name: defaults[name].model_dump() | value
        if isinstance(value, dict) and isinstance(defaults.get(name), PolicyModel)
        else value
        for name, value in values.items()
    }


class DeskStaff(PolicyModel):
    """One desk's people and work: how many, when, and how long a case takes."""

    per_branch: Count = 0
    """[people] At each branch; for desks of the branches."""
    head_office: Count = 0
    """[people] At head office; for desks of head office."""
    service_minutes_median: int = Field(default=20, ge=1, le=10_000)
    """Time that a case takes at the desk, at the median."""
    service_spread_ppm: Factor = 500_000
    """Sigma of the lognormal time of a case."""
    shift_start_minute: int = Field(default=510, ge=0, le=1439)
    """When work begins."""
    shift_end_minute: int = Field(default=1050, ge=1, le=1440)
    """When work ends."""
    break_start_minute: int = Field(default=720, ge=0, le=1439)
    """When the break begins; a break outside the shift is none."""
    break_end_minute: int = Field(default=780, ge=1, le=1440)
    """When the break ends."""
    every_day: bool = False
    """Works on holidays and weekends too."""

    @model_validator(mode="after")
    def _shift(self) -> DeskStaff:
        if not self.shift_start_minute < self.shift_end_minute:
            raise ValueError("shift_start_minute: must lie before shift_end_minute")
        rest, back = self.break_start_minute, self.break_end_minute
        if rest > back:
            raise ValueError("break_start_minute: must not lie after break_end_minute")
        inside = self.shift_start_minute < rest and back < self.shift_end_minute
        if rest < back and not inside and rest < self.shift_end_minute and back > self.shift_start_minute:
            raise ValueError("break_start_minute: a break lies within the shift or outside it, not across its edge")
        return self


def _collector(minutes: int) -> DeskStaff:
    """Collectors of a branch call and visit from 15:30 to 17:30 and sit at other desks before: a branch of this size has not
    enough overdue loans for a whole day of anybody's."""
    return DeskStaff(per_branch=2, service_minutes_median=minutes, shift_start_minute=930, shift_end_minute=1050)


class Staff(PolicyModel):
    """People a branch and at head office, by desk; a desk that has no field here has what its room declares. They are
    as many as the file says; with `scale` on, counts are multiplied by customers per day over `scale_per_day`. Minutes are
    those of everything a case needs at a desk, calls, checks and files included; at the usual volume they keep desks busy
    for a half to two thirds of their hours."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, DeskStaff] = Field(init=False)

    scale: bool = False
    """Multiplies every count by customers per day over `scale_per_day`, at least two a desk."""
    scale_per_day: int = Field(default=112, ge=1, le=1_000_000)
    """[customers a day] The volume for which the counts hold; read with `scale` alone."""
    leave_days_per_year: int = Field(default=10, ge=0, le=60)
    """Leave of each person."""
    initial_approver: DeskStaff = DeskStaff(per_branch=2, service_minutes_median=100)
    """Initial approval (初审)."""
    re_reviewer: DeskStaff = DeskStaff(per_branch=2, service_minutes_median=100)
    """Re-review (复审)."""
    risk_specialist: DeskStaff = DeskStaff(head_office=2, service_minutes_median=150)
    """Risk specialist (风险专岗)."""
    final_approver: DeskStaff = DeskStaff(head_office=3, service_minutes_median=70)
    """Final approval (终审)."""
    committee: DeskStaff = DeskStaff(head_office=5, service_minutes_median=120)
    """Credit committee (信贷委员会)."""
    approval_supervisor: DeskStaff = DeskStaff(head_office=2, service_minutes_median=60)
    """Approval supervisor (审批主管): special approval."""
    disbursement_operator: DeskStaff = DeskStaff(per_branch=2, service_minutes_median=90)
    """Operators of disbursement (放款经办)."""
    disbursement_reviewer: DeskStaff = DeskStaff(per_branch=2, service_minutes_median=85)
    """Reviewers of disbursement (放款复核)."""
    use_verifier: DeskStaff = DeskStaff(per_branch=2, service_minutes_median=180)
    """Who verifies how money was used (用途核实)."""
    collector_early: DeskStaff = _collector(30)
    """Collectors of the early stage (早期催收)."""
    collector_middle: DeskStaff = _collector(60)
    """Collectors of the middle stage (中期催收)."""
    collector_long: DeskStaff = _collector(75)
    """Collectors of the long stage (长期催收)."""
    branch_risk_director: DeskStaff = DeskStaff(per_branch=2, service_minutes_median=20)
    """Risk director of a branch (分行风险总监): write-offs."""
    head_office_risk: DeskStaff = DeskStaff(head_office=2, service_minutes_median=20)
    """Head office's risk management (总行风险管理部): write-offs."""
    finance: DeskStaff = DeskStaff(head_office=2, service_minutes_median=15)
    """Finance (财务部): write-offs."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: Any) -> Any:
        unknown = [name for name in values if name not in cls.known()] if isinstance(values, dict) else []
        if unknown:
            raise ValidationError.from_exception_data(
                "Staff", [{"type": "extra_forbidden", "loc": (name,), "input": values[name]} for name in unknown]
            )
        return over_defaults(values, {name: cls._default(name) for name in cls.known()})

    @model_validator(mode="after")
    def _somebody_sits_there(self) -> Staff:
        for label, desk in desks().items():
            of = self.desks()[desk]
            here, there = ("head_office", "per_branch") if desk.at_head_office else ("per_branch", "head_office")
            if getattr(of, there):
                raise ValueError(f"{label}.{there}: this desk's people are counted by {here}")
            if not getattr(of, here):
                raise ValueError(f"{label}.{here}: a desk where nobody sits decides nothing; at least 1")
        return self

    @classmethod
    def known(cls) -> list[str]:
        """The fields of this section: its own, and the desks of the bank's rooms."""
        return list(dict.fromkeys((*cls.model_fields, *desks())))

    @classmethod
    def _default(cls, name: str) -> Any:
        return cls.model_fields[name].default if name in cls.model_fields else _as_declared(desks()[name])

    def desks(self) -> dict[int, DeskStaff]:
        """Staff of every desk of the bank by the desk's number, in that order."""
        return {int(desk): getattr(self, label, None) or _as_declared(desk) for label, desk in desks().items()}


def _as_declared(desk: DeskCode) -> DeskStaff:
    """The staff of a desk that no scenario speaks of."""
    at_branch, at_head_office = (0, desk.people) if desk.at_head_office else (desk.people, 0)
    return DeskStaff(per_branch=at_branch, head_office=at_head_office, service_minutes_median=desk.minutes)
