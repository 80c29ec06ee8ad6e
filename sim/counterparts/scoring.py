"""The world opposite the scoring desk: the credit bureau (人行征信), asked in real time or in the nightly batch (EXT-01), and the
other sources behind their ports (EXT-06): tax, registry, carrier, public security, courts, the press, and the bank's own account,
wealth and settlement systems. What is answered agrees with the latent truth; whether and when it is answered is the port's
affair."""

from __future__ import annotations

import numpy as np

from credit.codes import Segment, Source, Status
from credit.mail import Inbox
from credit.masks import any_of
from credit.policies.products import ProductPolicy
from credit.room import Kind, Rows
from credit.scoring.contract import (
    COMPANY_FACTS,
    PERSON_FACTS,
    BureauQuery,
    CompanyReport,
    PersonReport,
    VerificationQuery,
    VerificationReply,
)
from credit.subsystem import State, Window
from credit.times import DAY_MS, HOUR_MS, Bools, Ints
from scenarios.model import Scenario
from sim.counterparts.files import Files, hide
from sim.counterparts.ports import Port, Ports, port_statistics
from sim.held import Held
from sim.occasions import party_of
from sim.opposite import Opposite, World
from sim.randomness import Draw
from sim.truth import Truth

BATCH_HOUR = 2
BATCH_SPAN_MS = 2 * HOUR_MS
"""The nightly batch is answered between 02:00 and 04:00."""
SOURCES = {source: source.name.lower() for source in Source if source.name is not None}
_BITS = np.array([[source] for source in SOURCES], dtype=np.int64)
_FACTS = {PersonReport: PERSON_FACTS.split(), CompanyReport: COMPANY_FACTS.split()}


class ScoringCounterpart:
    """The bureau and the other sources; the same answers for every shard."""

    rounds = 1

    def __init__(
        self, scenario: Scenario, seed: int, truth: Truth | None = None, products: ProductPolicy | None = None
    ) -> None:
        truth = truth or Truth(seed, scenario, products)
        self._files = Files(scenario, seed, truth)
        self._bureau = Port(scenario, seed, "bureau")
        self._sources = Ports(scenario, seed, list(SOURCES.values()))
        self.ports: list[Port | Ports] = [self._bureau, self._sources]
        self._batch = Draw(seed, "bureau.batch")
        self._held = Held()

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Answers due in the window; later ones are kept."""
        del round_number
        queries = requests.take(BureauQuery)
        if len(queries):
            batch = queries["batch"] != 0
            for chosen, answers in ((~batch, self._real_time), (batch, self._nightly)):
                if any_of(chosen):
                    self._report(queries[chosen], *answers(queries[chosen]))
        verifications = requests.take(VerificationQuery)
        if len(verifications):
            self._held.put(VerificationReply, self._verified(verifications))
        return self._held.release(window)

    def due(self) -> int:
        return self._held.due()

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:  # noqa: ARG002
        return port_statistics(self.ports, window)

    def export_state(self) -> State:
        return self._held.export_state()

    def import_state(self, state: State) -> None:
        self._held.import_state(state)

    def _real_time(self, queries: Rows) -> tuple[Ints, Bools]:
        answer = self._bureau.call(queries["party"], queries["attempt"], queries["at"])
        return answer.at, answer.missing

    def _nightly(self, queries: Rows) -> tuple[Ints, Bools]:
        """Answered in the next batch, or found unavailable in it."""
        about, attempt, at = queries["party"], queries["attempt"], queries["at"]
        hour = BATCH_HOUR * HOUR_MS
        night = -(-(at - hour) // DAY_MS) * DAY_MS + hour
        reached = night + self._batch.below(BATCH_SPAN_MS, about, attempt)
        return reached, self._bureau.is_down(about, attempt, reached)

    def _report(self, queries: Rows, at: Ints, missing: Bools) -> None:
        """Persons and companies have reports of their own kind (EXT-01); of who has no answer all columns are 0."""
        told = self._files.credit(party_of(queries["party"]))
        told |= {"at": at, "status": np.where(missing, Status.UNAVAILABLE, Status.OK)}
        person = queries["segment"] == Segment.INDIVIDUAL
        for kind, chosen in ((PersonReport, person), (CompanyReport, ~person)):
            if any_of(chosen):
                known = chosen & ~missing
                facts = {name: np.where(known, told[name], 0)[chosen] for name in _FACTS[kind]}
                whole = {name: told[name][chosen] for name in ("at", "status")}
                self._held.put(kind, kind.carry(queries[chosen], **facts, **whole))

    def _verified(self, queries: Rows) -> Rows:
        """All asked sources are called at once; the reply leaves when the last of them has answered or timed out."""
        asked, made = queries["sources"], queries["at"]
        called = asked & _BITS != 0
        answer = self._sources.call(queries["party"], 0, made, called)
        at = np.where(called, answer.at, made).max(axis=0)
        unavailable = np.where(called & answer.missing, _BITS, 0).sum(axis=0)
        facts = hide(self._files.verification(party_of(queries["party"]), queries["segment"]), asked & ~unavailable)
        return VerificationReply.rows(len(queries), at=at, case=queries["case"], unavailable=unavailable, **facts)


def opposite(world: World) -> Opposite:
    """The bureau and the other sources."""
    return Opposite(ScoringCounterpart(world.scenario, world.seed))
