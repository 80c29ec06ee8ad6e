"""Changes of the internal risk library by hand (风险客户库人工变更): one person proposes that a customer is entered for an
application, or that who was entered for it leaves, and says why; another one confirms, and only then it is so (EXT-08,
EXT-09)."""

from __future__ import annotations

import numpy as np

from credit.appeals.contract import EntryMade
from credit.codes import Verdict
from credit.customers.contract import Event, Refusal, RiskEntryRemoved
from credit.customers.lists import RiskLibrary
from credit.customers.register import Register
from credit.customers.risk_library import LibraryKeeper
from credit.mail import Outbox
from credit.masks import any_of
from credit.numbers import branch_of_case
from credit.room import Rows
from credit.rows import first_fault, passes
from credit.scoring.contract import Event as ScoringEvent
from credit.table import Table
from credit.times import Ints
from credit.worklists.states import Refusal as TaskRefusal

_WHAT = 2


class Proposals:
    """The changes that wait; `counter` says how many there have been."""

    def __init__(
        self,
        waiting: Table,
        counter: Table,
        library: RiskLibrary,
        keeper: LibraryKeeper,
        register: Register,
        reason_min: int,
    ) -> None:
        self.waiting, self._counter, self._reason_min = waiting, counter, reason_min
        self._library, self._keeper, self._register = library, keeper, register

    def propose(self, rows: Rows, out: Outbox) -> None:
        """One person's word. What is so already, and what waits already, is refused."""
        for part in passes(rows, "case"):
            self._propose(part, out)

    def _propose(self, rows: Rows, out: Outbox) -> None:
        case, removed = rows["case"], rows["removed"] != 0
        stands = self._library.stands(case, rows["at"])
        known = self._keeper.known(rows) & (branch_of_case(case) > 0)
        same = np.isin(case * _WHAT + removed, self.waiting["case"] * _WHAT + self.waiting["removed"])
        faults = first_fault(
            (~known, int(Refusal.CUSTOMER_UNKNOWN)),
            (np.char.str_len(np.char.strip(rows["reason"])) < self._reason_min, int(Refusal.REASON_MISSING)),
            (stands & ~removed, int(Refusal.ENTERED_ALREADY)),
            (~stands & removed, int(Refusal.NOT_ENTERED)),
            (same, int(Refusal.PROPOSED_ALREADY)),
        )
        self._refuse(rows[faults != 0], faults[faults != 0], rows["customer"][faults != 0], out)
        rows = rows[faults == 0]
        numbers = self._next(len(rows))
        self.waiting.append(rows, proposal=numbers)
        signed = np.where(rows["removed"] != 0, -numbers, numbers)
        out.log(Event.LIBRARY_PROPOSED, rows["at"], rows["case"], actor=rows["person"], value=signed)
        out.answer(rows, number=numbers)

    def decide(self, rows: Rows, out: Outbox) -> None:
        """The second person's word; the first one's takes it back."""
        for part in passes(rows, "proposal"):
            self._decide(part, out)

    def _decide(self, rows: Rows, out: Outbox) -> None:
        found, yes = self.waiting.find(rows["proposal"]), rows["confirmed"] != 0
        own = self.waiting.get("person", found) == rows["person"]
        faults = first_fault((found < 0, int(Refusal.PROPOSAL_UNKNOWN)), (own & yes, int(TaskRefusal.SAME_PERSON)))
        bad = faults != 0
        self._refuse(rows[bad], faults[bad], self.waiting.get("customer", found)[bad], out)
        rows, found, yes = rows[~bad], found[~bad], yes[~bad]
        changes = self.waiting.take(found)
        self.waiting.drop(found)
        changes["at"] = rows["at"]
        verdict = np.where(yes, int(Verdict.APPROVE), int(Verdict.DECLINE))
        said = {"actor": rows["person"], "reason": verdict, "value": rows["proposal"]}
        out.log(Event.LIBRARY_DECIDED, rows["at"], changes["case"], **said)
        out.answer(rows, number=rows["proposal"])
        enters, leaves = yes & (changes["removed"] == 0), yes & (changes["removed"] != 0)
        if any_of(enters):
            self._enter(changes[enters], rows["person"][enters], out)
        self._keeper.remove(RiskEntryRemoved.carry(changes[leaves]), out)

    def _enter(self, changes: Rows, second: Ints, out: Outbox) -> None:
        at, customer = changes["at"], changes["customer"]
        out.log(ScoringEvent.RISK_LIBRARY_ENTERED, at, changes["case"], actor=second, value=customer)
        party = self._register.customers["party"][self._register.customers.find(customer)]
        self._keeper.enter(EntryMade.carry(changes, party=party, second=second), out)

    def _next(self, count: int) -> Ints:
        """The numbers of so many proposals more."""
        if not len(self._counter):
            self._counter.append(length=1, branch=0, proposals=0)
        first = int(self._counter["proposals"][0]) + 1
        self._counter["proposals"][0] += count
        return np.arange(first, first + count)

    def _refuse(self, rows: Rows, reason: Ints, customer: Ints, out: Outbox) -> None:
        case = rows["case"] if "case" in (rows.dtype.names or ()) else 0
        out.log(Event.LIBRARY_REFUSED, rows["at"], case, actor=rows["person"], reason=reason, value=customer)
        out.answer(rows, reason=reason)
