"""The validated model of a drill (演练): a bank of several sites, people who come to it, what befalls it, what people decide
meanwhile, and what is expected of it. A drill that misses one of its expectations has failed."""

from __future__ import annotations

import math
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from credit.policies.base import PolicyModel
from scenarios.faults import Fault, Sources, told
from scenarios.loading import ScenarioError
from scenarios.partners import Partners
from scenarios.planned import STRIKE_PARTNERS
from scenarios.positions import Positions

SITES = ("primary", "same-city", "remote")
WITNESS, ANY = "witness", "any"
SERVICES = ("applications", "approval", "contracts", "disbursement", "repayment", "collections")
"""The services (业务) whose recovery is measured, in the order of their priority (DR-11): each has a call of its own that a
customer or somebody of the staff makes."""

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Place = Literal["primary", "same-city", "remote", "witness"]
Site = Literal["primary", "same-city", "remote"]


class DrillBank(PolicyModel):
    """The bank that is drilled: a new one, which lives as long as the drill."""

    scenario: str = "zhang_consumer_loan"
    """Its world."""
    portfolio: int = Field(default=0, ge=0, le=2_000_000)
    """[customers] So many go through the scenario first, and the bank begins with the book they leave."""
    sites: int = Field(default=3, ge=2, le=3)
    """[sites] 2: there is no remote one."""
    gateways: int = Field(default=1, ge=1, le=8)
    """[processes] At each site."""
    executor: Literal["ray", "local"] = "local"
    takeover_after_s: Seconds = 1.5
    """The leading site is silent for so long before one in step takes over (our default)."""
    remote_after_s: Seconds = 300.0
    """All near sites are silent for so long before the remote one takes over (DR-09: normally 5 minutes)."""
    remote_delay_ms: float = Field(default=2.0, ge=0, le=10_000)
    """[ms] One way to the remote site: light takes 1 ms for 200 km of fibre, and switches as much (our default)."""


class Load(PolicyModel):
    """Who comes meanwhile. Each asks until he is answered, at one site after another, as a client does that knows both."""

    seconds: float = Field(default=60.0, ge=5, le=86_400)
    """How long."""
    applications_s: float = Field(default=4.0, ge=0, le=1_000)
    """[a second] Applications, at a rate of their own (Poisson)."""
    probes_s: float = Field(default=2.0, gt=0, le=100)
    """[a second] Calls of each service, by which its recovery is measured."""
    patience_s: float = Field(default=60.0, ge=1, le=3_600)
    """A client gives up after so long."""
    day_ends_at_s: list[Seconds] = []
    """The business date moves on by a day at these moments: an end of day (日终) each."""
    try_s: float = Field(default=3.0, ge=0.2, le=60)
    """A client waits so long for one site before it asks another."""


_PROCESSES, _LINES = ("kill", "hang", "full_disk"), ("cut", "slow_line")
_BRANCH = "branch_outage"
_DELAYED = ("slow_line", "slow_disk", "slow_partner")
_MEANT_FOR = {
    "process": _PROCESSES, "to": _LINES, "one_way": _LINES, "delay_ms": _DELAYED, "mbit_s": ("slow_line",),
    "loss": ("slow_line",),
    "for_s": ("hang", "lose", "cut", "slow_line", "full_disk", "slow_disk", "wrong_clock", *STRIKE_PARTNERS, _BRANCH),
    "partner": STRIKE_PARTNERS, "branch": (_BRANCH,),
    "ahead_s": ("wrong_clock",),
}  # fmt: skip
"""What a field goes with; to anything else it means nothing."""
_OF_WITNESS, _OF_SITE = ("witness", "lines"), re.compile(r"conductor|gateway-\d+|backups|ray|stage")


class Befalls(PolicyModel):
    """Something that befalls a place, or the line between two."""

    at_s: Seconds
    what: Literal[
        "kill",
        "hang",
        "lose",
        "regain",
        "cut",
        "slow_line",
        "full_disk",
        "slow_disk",
        "wrong_clock",
        "partner_outage",
        "slow_partner",
        "branch_outage",
        "damage_book",
        "damage_snapshot",
    ]
    """kill: a process is gone (SIGKILL); hang: it stands still (SIGSTOP); lose: all of a place is gone until it is regained;
    cut: a line carries nothing (by turns, with `times`); slow_line: delay, bandwidth and loss; full_disk: the day book's files
    grow no further; slow_disk: each commit of it takes `delay_ms` longer; wrong_clock: the conductor's clock is `ahead_s` ahead;
    partner_outage, slow_partner: calls of a partner, whom the world plays, are not answered, or take `delay_ms` longer;
    branch_outage: nobody who applies at a branch reaches any site; they come over the counter, and ask until they are answered;
    damage_…: a byte of the day book or of the newest snapshot is another."""
    place: Place = "primary"
    process: str = "conductor"
    """Of `kill`, `hang` and `full_disk`: conductor, gateway-N, backups, ray, stage (any one); of the witness: witness, lines."""
    partner: str = ""
    """Of `partner_outage` and `slow_partner`: one of a scenario's section `[partners]`."""
    branch: int = Field(default=0, ge=0, le=900)
    """[number] Of `branch_outage`."""
    to: Place | None = None
    """The far end of a line."""
    one_way: bool = False
    """A line is cut from `place` to `to` only."""
    for_s: Seconds | None = None
    """It is over then; never, or when it is mended otherwise, where nothing is said."""
    times: int = Field(default=1, ge=1, le=1_000)
    """So often, `every_s` apart."""
    every_s: Seconds = 1.0
    delay_ms: float = Field(default=0.0, ge=0, le=60_000)
    mbit_s: float = Field(default=0.0, ge=0, le=100_000)
    loss: float = Field(default=0.0, ge=0, le=0.9)
    """Share of a slow line's segments that are lost, and sent again."""
    ahead_s: float = Field(default=0.0, ge=-10 * 366 * 86_400, le=10 * 366 * 86_400)
    """[s] A wrong clock shows so much more than it is; less, below zero."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Befalls:
        for field, whats in _MEANT_FOR.items():
            if field in self.model_fields_set and self.what not in whats:
                raise ValueError(f"{field}: means nothing to {self.what}; it goes with {', '.join(whats)}")
        if self.what in _LINES and self.to is None:
            raise ValueError(f"to: is needed by {self.what}")
        if self.to == self.place:
            raise ValueError(f"to: a line goes to another place, given {self.to} twice")
        if self.what == "slow_line" and not (self.delay_ms or self.mbit_s or self.loss):
            raise ValueError("delay_ms: a slow line needs a delay_ms, a mbit_s or a loss")
        if "every_s" in self.model_fields_set and self.times == 1:
            raise ValueError("every_s: means nothing to what befalls once; it goes with times")
        if self.what == "slow_disk" and not self.delay_ms:
            raise ValueError("delay_ms: is needed by slow_disk, the ms that each commit takes longer")
        if (self.what == _BRANCH or self.what in STRIKE_PARTNERS) and "place" in self.model_fields_set:
            raise ValueError(f"place: {self.what} befalls no site; leave it out")
        if self.what == _BRANCH and not self.branch:
            raise ValueError("branch: is needed by branch_outage, the number of a branch")
        if self.what in STRIKE_PARTNERS:
            self._has_partner()
        if self.what == "wrong_clock" and not self.ahead_s:
            raise ValueError("ahead_s: is needed by wrong_clock, the seconds that it is ahead, below zero behind")
        if self.place == WITNESS and self.what == "wrong_clock":
            raise ValueError("place: the witness's clock is compared with those of sites; give a site")
        if self.place == WITNESS and (self.what.startswith("damage") or self.what == "slow_disk"):
            raise ValueError(f"place: the witness has no day book to {self.what}")
        if self.what in _PROCESSES:
            self._has_process()
        return self

    def _has_partner(self) -> None:
        if self.partner not in Partners.model_fields:
            wrong = f"there is no {self.partner!r}" if self.partner else f"is needed by {self.what}"
            raise ValueError(f"partner: {wrong}; right is one of {', '.join(Partners.model_fields)}")
        if self.what == "slow_partner" and not self.delay_ms:
            raise ValueError("delay_ms: is needed by slow_partner, the ms that each call takes longer")
        if self.what == "slow_partner" and self.delay_ms != int(self.delay_ms):
            raise ValueError(f"delay_ms: calls of a partner take whole ms longer; {self.delay_ms:g} was given")

    @property
    def instants_s(self) -> list[float]:
        """When it befalls, as often as it does."""
        return [self.at_s + turn * self.every_s for turn in range(self.times)]

    @property
    def holds(self) -> frozenset[str]:
        """What its end puts right, by name: of the same of two faults the end of one would end the other."""
        if self.partner:
            return frozenset({self.partner})
        if self.what not in _MEANT_FOR["for_s"] or self.branch:
            return frozenset()
        if self.to is None:
            return frozenset({f"{self.what}-{self.place}-{self.process}"})
        return frozenset(f"{self.what}-{here}-{there}" for here, there in self.ways)

    @property
    def ways(self) -> list[tuple[Place, Place]]:
        """Of a line, from where to where it befalls it; of anything else none."""
        if self.to is None:
            return []
        return [(self.place, self.to), (self.to, self.place)][: 1 if self.one_way else 2]

    @property
    def at(self) -> str:
        """The place, the partner or the branch that it befalls; of a line, where it begins."""
        return self.partner or (f"branch-{self.branch}" if self.branch else self.place)

    @property
    def where(self) -> str:
        """The same; of a line both its ends."""
        if self.to is None:
            return self.at
        return f"{self.place} → {self.to}" if self.one_way else f"{self.place} ⇄ {self.to}"

    def _has_process(self) -> None:
        of_witness = self.process in _OF_WITNESS
        if of_witness != (self.place == WITNESS) or not (of_witness or _OF_SITE.fullmatch(self.process)):
            right = ", ".join(_OF_WITNESS) if self.place == WITNESS else "conductor, gateway-0, …, backups, ray, stage"
            raise ValueError(f"process: {self.place} has no {self.process!r}; right is one of {right}")
        if self.process == "stage" and self.what == "full_disk":
            raise ValueError("process: a stage writes no files; the conductor does")


class Decision(PolicyModel):
    """Something that people decide during the drill, two of them (DR-10)."""

    at_s: Seconds
    what: Literal["switch", "take_over"]
    """switch: the leader hands over to `site`; take_over: `site` leads whatever became of the others."""
    site: Site
    question_zh: str
    """What they are asked, as they read it."""
    question_en: str
    within_s: Seconds = 60.0
    """They must have decided by then."""


class Restore(PolicyModel):
    """What is done when the drill's bank is closed: as if all its homes were destroyed, it is restored from backups alone."""

    site: Site = "primary"
    """Whose backups."""
    back_up_at_s: Seconds
    """The last backup is made then: what was acknowledged before must be in it."""


class Expected(PolicyModel):
    """What must come out."""

    leader: Site | Literal["any"] = "primary"
    """Who leads when the drill ends; any where that is a matter of luck, but one must."""
    rto_s: dict[
        Literal["all", "applications", "approval", "contracts", "disbursement", "repayment", "collections"], Seconds
    ] = {}
    """[s] Each service is back so long after each fault, at any site; `all` is for those that are not named."""
    lost_requests: int = Field(default=0, ge=0)
    """[requests] Acknowledged, and not in the bank afterwards (RPO)."""
    given_up: int = Field(default=0, ge=0)
    """[requests] Clients who were not answered within their patience."""
    takeovers: int | None = Field(default=None, ge=0)
    """How often another site came to lead; any number where nothing is said."""
    day_ended: bool = True
    """The end of day (日终) of the drill's business date is done when it ends, and the books balance."""
    in_step: int | None = Field(default=None, ge=1, le=3)
    """[sites] So many hold everything when the drill ends."""


_OF_REMOTE = frozenset({"remote_after_s", "remote_delay_ms"})


class Drill(PolicyModel):
    """A drill, from its file."""

    name_zh: str
    name_en: str
    about_zh: str
    """What is drilled and why, in a sentence or two."""
    about_en: str
    bank: DrillBank = DrillBank()
    load: Load = Load()
    befalls: list[Befalls] = []
    decisions: list[Decision] = []
    restore: Restore | None = None
    expected: Expected = Expected()

    @model_validator(mode="after")
    def _fits(self) -> Drill:
        sites = SITES[: self.bank.sites]
        for place, one in enumerate(self.befalls):
            for name in (one.place, one.to):
                if name is not None and name not in (*sites, WITNESS):
                    raise ValueError(f"befalls.{place}: there is no {name} in a bank of {len(sites)} sites")
            if (last_s := one.instants_s[-1]) >= self.load.seconds:
                raise ValueError(
                    f"befalls.{place}.at_s: {last_s:g} is not before the load's end ({self.load.seconds:g} s)"
                )
            self._runs(f"befalls.{place}.process", one)
        if self.restore is not None and self.restore.site not in sites:
            raise ValueError(f"restore.site: there is no {self.restore.site} in a bank of {len(sites)} sites")
        if self.restore is not None and self.restore.back_up_at_s > self.load.seconds:
            raise ValueError(f"restore.back_up_at_s: {self.restore.back_up_at_s:g} is after the load's end")
        for place, decision in enumerate(self.decisions):
            if decision.site not in sites:
                raise ValueError(f"decisions.{place}.site: there is no {decision.site} in a bank of {len(sites)} sites")
            if decision.at_s > self.load.seconds:
                raise ValueError(f"decisions.{place}.at_s: {decision.at_s:g} is after the load's end")
        for at_s in self.load.day_ends_at_s:
            if at_s > self.load.seconds:
                raise ValueError(f"load.day_ends_at_s: {at_s:g} is after the load's end ({self.load.seconds:g} s)")
        if len(sites) < len(SITES) and (given := _OF_REMOTE & self.bank.model_fields_set):
            raise ValueError(f"bank.{min(given)}: a bank of {len(sites)} sites has no remote one")
        self._one_at_a_time()
        if not self.load.applications_s and any(one.branch for one in self.befalls):
            raise ValueError("befalls: nobody applies (load.applications_s = 0), so a branch_outage befalls nobody")
        self._can_be_measured()
        if self.expected.leader not in (*sites, ANY):
            raise ValueError(f"expected.leader: there is no {self.expected.leader} in a bank of {len(sites)} sites")
        if self.expected.in_step is not None and self.expected.in_step > len(sites):
            raise ValueError(f"expected.in_step: {self.expected.in_step} of {len(sites)} sites can't be")
        return self

    def prove_branches(self, branches: int) -> None:
        """ValueError where it speaks of a branch that a bank with so many does not have."""
        for place, one in enumerate(self.befalls):
            if one.branch > branches:
                raise ValueError(f"befalls.{place}.branch: {one.branch} of {branches} branches, counted from 1")

    def _runs(self, field: str, one: Befalls) -> None:
        """ValueError where the process that it befalls is none of this bank's."""
        if one.process in ("ray", "stage") and self.bank.executor != "ray":
            raise ValueError(f'{field}: {one.process} is a process with bank.executor = "ray" only')
        _, _, number = one.process.partition("gateway-")
        if number and int(number) >= self.bank.gateways:
            raise ValueError(f"{field}: {one.process} of {self.bank.gateways} gateways, counted from 0")

    def _one_at_a_time(self) -> None:
        """ValueError where the end of one thing would end another that is to go on, or begins later."""
        spans = sorted((at_s, place) for place, one in enumerate(self.befalls) for at_s in one.instants_s)
        held_until_s: dict[str, float] = {}
        for at_s, place in spans:
            one = self.befalls[place]
            until_s = at_s + one.for_s if one.for_s is not None else self._regained_s(one, at_s)
            for name in one.holds:
                if held_until_s.get(name, 0.0) > at_s:
                    raise ValueError(
                        f"befalls.{place}.at_s: at {at_s:g} s something befalls {one.where} already ({name})"
                    )
                held_until_s[name] = until_s

    def _regained_s(self, one: Befalls, at_s: float) -> float:
        """When what has no end of its own is over: a place that is lost when it is regained, anything else never."""
        back = (of.at_s for of in self.befalls if of.what == "regain" and of.place == one.place and one.what == "lose")
        return min((moment for moment in back if moment > at_s), default=math.inf)

    def _can_be_measured(self) -> None:
        expected, rto = self.expected, self.expected.rto_s
        if rto and not (self.befalls or self.decisions):
            raise ValueError("expected.rto_s: nothing befalls the bank, so no recovery can be measured")
        if not self.load.applications_s and ({"all", "applications"} & set(rto)):
            raise ValueError(
                "expected.rto_s: nobody applies (load.applications_s = 0), so applications can't be measured"
            )
        if not self.load.applications_s and "lost_requests" in expected.model_fields_set:
            raise ValueError("expected.lost_requests: nobody applies (load.applications_s = 0), so nothing can be lost")
        if "all" in rto and set(SERVICES) <= set(rto):
            raise ValueError("expected.rto_s.all: means nothing where each service is named")


def drill_names() -> list[str]:
    """Names of the drills that come with Lendrill, in alphabetical order."""
    folder = resources.files("scenarios").joinpath("drills")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_drill(name_or_path: str) -> Drill:
    """The drill of a packaged name or of a path to a TOML file. ScenarioError says what is wrong, a line a fault."""
    if name_or_path in drill_names():
        text, file = (
            resources.files("scenarios").joinpath("drills", f"{name_or_path}.toml").read_text("utf-8"),
            name_or_path,
        )
    elif name_or_path.endswith(".toml"):
        try:
            text, file = Path(name_or_path).read_text(encoding="utf-8-sig"), name_or_path
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ScenarioError(f"{name_or_path}: can't read the drill's file ({reason})") from None
    else:
        raise ScenarioError(
            f"no drill {name_or_path!r}. Known: {', '.join(drill_names())}; or give the path of a .toml file"
        )
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{file}: not valid TOML: {error}") from None
    try:
        return Drill.model_validate(content)
    except ValidationError as error:
        faults = [Fault.of(one, tuple(one["loc"]), Drill) for one in error.errors()]
        raise ScenarioError(*told(faults, Sources(file, Positions(text), {}))) from None
