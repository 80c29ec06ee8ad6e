"""The section of a scenario that says what breaks, and when: a partner that does not answer, people who are away, the bank's own
system without service, branches that are cut off. One form for all of them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from credit.bank import PIPELINE, desks
from credit.policies.base import PolicyModel
from credit.times import DAY_MS, MINUTE_MS, day_number
from scenarios.partners import Partners
from scenarios.people import Moment

WHOLE_PPM = 1_000_000
OUTAGE_DAYS_MAX = 31
"""An outage of the bank's own lasts no longer."""
STRIKE_PARTNERS = ("partner_outage", "slow_partner")
"""Kinds that befall a partner."""
_PHASES = ("detection_minutes", "decision_minutes", "switch_minutes")
_OF_A_SYSTEM = (*_PHASES, "recovery_minutes")
Minutes = Annotated[int, Field(ge=0, le=100_000)]


class Fault(PolicyModel):
    """Something that breaks. While the bank's system is away nothing from outside is taken and nobody works at a desk; partners'
    answers wait, deadlines run on. A branch that is cut off keeps its online customers: its people and its counter are away."""

    kind: Literal["partner_outage", "slow_partner", "absence", "system_outage", "branch_outage"]
    """A partner's outage, a slow partner, absence at a desk, an outage of the bank's own system (系统中断), branches cut off
    (网点中断)."""
    target: str = ""
    """A partner, or a desk of the staff section; of an outage of the bank's own nothing."""
    branches: list[Annotated[int, Field(ge=1, le=900)]] = []
    """[number] The branches that are cut off."""
    start: Moment
    """When it begins; of an absence a midnight, of an outage of the bank's own a whole minute."""
    end: Moment
    """When it ends: of an absence a midnight; of a system outage when the first services are back, left out where phases
    say it."""
    share_ppm: int = Field(default=WHOLE_PPM, ge=1, le=WHOLE_PPM)
    """Of a desk's people, or of the calls to a partner."""
    slower_ms: int = Field(default=0, ge=0, le=DAY_MS)
    """[ms] Of a slow partner: so much longer each call takes; one that passes the partner's timeout counts as unanswered."""
    detection_minutes: Minutes = 0
    """Of a system outage: from its beginning until somebody knows (发现)."""
    decision_minutes: Minutes = 0
    """From then to the decision to switch (决策); with an automatic switch none (DR-09)."""
    switch_minutes: Minutes = 0
    """From then until the first services are back elsewhere (切换)."""
    recovery_minutes: dict[str, Minutes] = {}
    """By stage, how long after the first services it is back; at once where it is not named, the critical first (DR-11)."""

    @model_validator(mode="before")
    @classmethod
    def _ends_with_its_phases(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("kind") != "system_outage" or "end" in values:
            return values
        phases = [values[name] for name in _PHASES if isinstance(values.get(name), int)]
        start = values.get("start")
        if not any(phases) or not isinstance(start, dt.datetime):
            raise ValueError("end: needed, or the minutes of the phases until the first services are back")
        return values | {"end": start + dt.timedelta(minutes=min(sum(map(abs, phases)), 10**6))}

    @model_validator(mode="after")
    def _known(self) -> Fault:
        if self.end <= self.start:
            raise ValueError("end: must lie after start")
        if self.kind == "absence" or self.kind in STRIKE_PARTNERS:
            allowed = desks() if self.kind == "absence" else Partners.model_fields
            if self.target not in allowed:
                wrong = f"{self.target!r} is not one of" if self.target else "needs one of"
                raise ValueError(f"target: {wrong} {', '.join(allowed)}")
        elif self.target:
            raise ValueError(f"target: {self._named} strikes the bank itself; leave it out")
        if self.kind == "absence" and (self.start_ms % DAY_MS or self.end_ms % DAY_MS):
            raise ValueError("start: people are absent for whole days; let start and end be midnights")
        return self

    @model_validator(mode="after")
    def _of_its_kind(self) -> Fault:
        if (self.kind == "branch_outage") != bool(self.branches):
            raise ValueError(f"branches: {self._named} {'needs at least one' if not self.branches else 'has none'}")
        if (self.kind == "slow_partner") != bool(self.slower_ms):
            needs = (
                "needs the ms that each call takes longer"
                if not self.slower_ms
                else "takes none; only a slow_partner does"
            )
            raise ValueError(f"slower_ms: {self._named} {needs}")
        if len(set(self.branches)) != len(self.branches):
            raise ValueError("branches: each stands here once")
        for name in _OF_A_SYSTEM:
            if self.kind != "system_outage" and getattr(self, name):
                raise ValueError(f"{name}: {self._named} has no phases; only a system_outage has")
        if self.strikes_the_bank and self.share_ppm != WHOLE_PPM:
            raise ValueError(f"share_ppm: {self._named} is always whole; leave it out")
        if self.strikes_the_bank and (self.start_ms % MINUTE_MS or self.end_ms % MINUTE_MS):
            raise ValueError("start: let start and end be whole minutes")
        if self.strikes_the_bank and self.full_ms - self.start_ms > OUTAGE_DAYS_MAX * DAY_MS:
            raise ValueError(f"end: {self._named} lasts at most {OUTAGE_DAYS_MAX} days")
        return self

    @model_validator(mode="after")
    def _comes_back(self) -> Fault:
        phases = sum(getattr(self, name) for name in _PHASES)
        if phases and self.end_ms - self.start_ms != phases * MINUTE_MS:
            raise ValueError(f"end: the phases take {phases} minutes from start on; leave it out, or them")
        known = [room.name for room in PIPELINE]
        unknown = [name for name in self.recovery_minutes if name not in known]
        if unknown:
            raise ValueError(f"recovery_minutes: there is no stage {unknown[0]!r}; known: {', '.join(known)}")
        return self

    @property
    def _named(self) -> str:
        return f"a {self.kind.replace('_', ' ')}"

    @property
    def strikes_the_bank(self) -> bool:
        """Whether it is an outage of the bank's own: of its system, or of branches."""
        return self.kind in ("system_outage", "branch_outage")

    @property
    def what(self) -> str:
        """It, in words: `absence of finance`."""
        of = self.target or ", ".join(map(str, self.branches))
        return f"{self.kind.replace('_', ' ')} of {of}" if of else self.kind.replace("_", " ")

    @property
    def start_ms(self) -> int:
        return _ms(self.start)

    @property
    def end_ms(self) -> int:
        return _ms(self.end)

    @property
    def full_ms(self) -> int:
        """When every stage is back."""
        return self.end_ms + max(self.recovery_minutes.values(), default=0) * MINUTE_MS

    def back_ms(self, stage: str) -> int:
        """When a stage is back."""
        return self.end_ms + self.recovery_minutes.get(stage, 0) * MINUTE_MS

    def overlaps(self, other: Fault) -> bool:
        """Whether both take the same part of the bank away at once."""
        same = self.kind == other.kind and (not self.branches or bool(set(self.branches) & set(other.branches)))
        return same and self.start_ms < other.full_ms and other.start_ms < self.full_ms


def _ms(moment: dt.datetime) -> int:
    return day_number(moment.date()) * DAY_MS + (
        moment - dt.datetime.combine(moment.date(), dt.time())
    ) // dt.timedelta(milliseconds=1)
