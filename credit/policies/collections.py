"""Collection policy (催收策略): two sets of strategies by days past due (COL-02, COL-03), which of them applies to whom
(COL-04), and when a loan may be written off (NPL-08). Stages follow one another without gap or overlap, and every
overdue loan finds exactly one row."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from credit.codes import Grade, Segment
from credit.policies.base import WORDS, Minute, PolicyModel, Yuan

SetKey = Literal["a", "b"]
ActionName = Literal["sms", "voice", "call", "visit", "legal"]
StageDesk = Literal["collector_early", "collector_middle", "collector_long"]
STAGES = 3
_DESKS = ("collector_early", "collector_middle", "collector_long")


class Action(PolicyModel):
    """One means and its rhythm."""

    action: ActionName
    """The means."""
    every_days: int = Field(ge=0, le=365)
    """Days between two uses; 0 = once."""
    after_days: int = Field(default=0, ge=0, le=365)
    """Days a case must have been in its stage before."""


class CollectionStage(PolicyModel):
    """One stage of a set: from which DPD on, and whose cases they are (COL-05)."""

    key: str
    """How rows name it."""
    name_zh: Annotated[str, WORDS]
    """Its name in Chinese."""
    dpd_from: int = Field(ge=1, le=3_650)
    """[days past due] The first day of the stage."""
    desk: StageDesk
    """Whose cases they are."""


class StrategyRow(PolicyModel):
    """What is done in a stage for cases of an amount and of grades; the first row that fits decides (COL-01)."""

    key: str
    """How a scenario names the row."""
    stage: str
    """Key of the stage it is for."""
    overdue_from: Yuan = 0
    """Least overdue amount."""
    grades: list[str] = []
    """Credit grades the row is for; all when empty."""
    priority: int = Field(default=2, ge=0, le=9)
    """[rank] Of its tasks at the desk; 0 is the most urgent."""
    actions: list[Action] = Field(min_length=1)
    """What is done."""

    @model_validator(mode="after")
    def _known(self) -> StrategyRow:
        for grade in self.grades:
            if grade.upper() not in Grade.__members__:
                raise ValueError(f"grade {grade!r} is not one of {', '.join(g.name.lower() for g in Grade)}")
        names = [action.action for action in self.actions]
        if len(names) != len(dict.fromkeys(names)):
            raise ValueError(f"row {self.key}: an action stands in it twice")
        return self

    @property
    def conditional(self) -> bool:
        """True when the row does not fit every case of its stage."""
        return self.overdue_from > 0 or bool(self.grades)


class StrategySet(PolicyModel):
    """One policy set: three stages and their rows."""

    key: SetKey
    """The set."""
    name: Annotated[str, WORDS]
    """Its name in English."""
    name_zh: Annotated[str, WORDS]
    """Its name in Chinese."""
    stages: list[CollectionStage] = Field(min_length=STAGES, max_length=STAGES)
    """Its stages."""
    rows: list[StrategyRow] = Field(min_length=STAGES)
    """Its rows."""

    @model_validator(mode="after")
    def _complete(self) -> StrategySet:
        begins = [stage.dpd_from for stage in self.stages]
        if begins[0] != 1 or begins != sorted(set(begins)):
            raise ValueError(f"stages must begin at DPD 1 and rise; given {begins}")
        if tuple(stage.desk for stage in self.stages) != _DESKS:
            raise ValueError(f"the stages belong to {', '.join(_DESKS)}, in this order")
        keys = [stage.key for stage in self.stages]
        for row in self.rows:
            if row.stage not in keys:
                raise ValueError(f"row {row.key}: stage {row.stage!r} is not one of {', '.join(keys)}")
        for key in keys:
            mine = [row for row in self.rows if row.stage == key]
            if not mine or mine[-1].conditional or any(not row.conditional for row in mine[:-1]):
                raise ValueError(f"stage {key}: its last row, and only that, must fit every case")
            if key != keys[-1] and any(a.action == "legal" for row in mine for a in row.actions):
                raise ValueError(f"stage {key}: legal action is possible in the last stage only")
        return self


class Assignment(PolicyModel):
    """Which set applies to a product and customer type; an empty field means all of them (COL-04)."""

    product: str = ""
    """Key of a product; empty = all."""
    segment: str = ""
    """individual, micro or enterprise; empty = all."""
    set: SetKey
    """The set that applies."""

    @model_validator(mode="after")
    def _known(self) -> Assignment:
        if self.segment and self.segment.upper() not in Segment.__members__:
            raise ValueError(f"segment {self.segment!r} is not one of {', '.join(s.name.lower() for s in Segment)}")
        if not self.product and not self.segment:
            raise ValueError("an assignment names a product, a segment or both; for all cases set default_set")
        return self


class WriteOffRules(PolicyModel):
    """When all means are exhausted (NPL-08)."""

    dpd_over: int = Field(ge=90, le=3_650)
    """[days past due] More than this are needed."""
    contacts_min: int = Field(ge=0, le=1_000)
    """[contacts] Contacts by people that a case must have seen."""
    retry_days: int = Field(ge=1, le=3_650)
    """Days after a refused write-off before it is proposed again."""


class ReferralRules(PolicyModel):
    """Who is brought before the restructuring team by collections (COL-08, REP-13, EX-17)."""

    unable: bool
    """Whether a collector's finding that somebody is unable to pay is enough."""
    months_overdue: int = Field(ge=1, le=12)
    """[months] Overdue in a row, after which cases of the segments below go there by themselves."""
    segments: list[str]
    """Customer types: individual, micro, enterprise."""
    retry_days: int = Field(ge=1, le=3_650)
    """Days after a referral before the same case is referred again."""

    @model_validator(mode="after")
    def _known(self) -> ReferralRules:
        for segment in self.segments:
            if segment.upper() not in Segment.__members__:
                raise ValueError(f"segment {segment!r} is not one of {', '.join(s.name.lower() for s in Segment)}")
        return self

    @property
    def segment_codes(self) -> list[int]:
        """The customer types as codes."""
        return [int(Segment[segment.upper()]) for segment in self.segments]


class CollectionPolicy(PolicyModel):
    """What holds for every case, whatever its set."""

    work_hour: int = Field(ge=0, le=23)
    """Hour at which the day's notices go out and the day's tasks reach the desks."""
    default_set: SetKey
    """The set where no assignment says another (COL-02)."""
    assignments: list[Assignment] = []
    """Sets by product and segment (COL-04)."""
    promise_days_max: int = Field(ge=1, le=90)
    """The latest day that a promise may name, from the contact on."""
    hardship_pause_days: int = Field(ge=1, le=90)
    """How long contacts rest after a case of genuine hardship was referred (COL-08)."""
    slower_after_write_off: int = Field(ge=1, le=52)
    """[times] How many times as long the rhythm of a written-off case is (NPL-09)."""
    task_workdays: int = Field(ge=1, le=60)
    """A task, of a collector or of a write-off, is due at the close of the so-manieth workday after it came, and urged then."""
    closing_minute: Minute
    """Close of business."""
    likely_from: int = Field(ge=0, le=100)
    """[points] From this score of the collection card on a case is served first (SCO-04)."""
    unlikely_below: int = Field(ge=0, le=100)
    """[points] Below this score it is served last."""
    write_off: WriteOffRules
    """When a loan may be written off."""
    referral: ReferralRules
    """Who goes to the restructuring team."""

    @model_validator(mode="after")
    def _ordered(self) -> CollectionPolicy:
        if self.unlikely_below > self.likely_from:
            raise ValueError("unlikely_below is above likely_from")
        return self
