"""The world of the fault search: three sites, the lines between them, a witness, customers who ask until they are answered; and
one tick after another in which each of them does something. Nothing here reads a clock or waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from actors.book.store import Damaged, StoreError
from actors.pipeline import CellLost
from actors.sequencer import Done, Sequencer
from actors.sites.receiver import Away, Receiver
from actors.sites.replicated import ReplicatedStore
from actors.sites.witness import Configuration, Terms, Witness
from credit.errors import InvariantViolation
from credit.times import NEVER
from sim.search.backups import TICKS_MS, Backups
from sim.search.befall import befall
from sim.search.customers import Customers
from sim.search.disk import Disk, DiskStore, Full
from sim.search.plan import NEAR, PROOF, SITES, SPARE, WITNESS, Fault, Kind
from sim.search.sites import Bank, Cells, Crashed, Line, Site, Wrong

TICK_MS = 1_000
TERMS = Terms(silent_ms=2 * TICK_MS, remote_ms=10 * TICK_MS)
SNAPSHOT_TICKS = 13
LOOK_TICKS = 2
"""A site reads its whole book so soon after its process began."""
FOLLOW_TICKS = 3
"""How often a site works what it was sent: until then it is behind, as it may be."""
IDENTITY = "a bank that is searched for faults"
AT_ONCE = 3
"""Windows in one call: so few that a site that was away needs several."""
_NESTED_MAX = 3


class World:
    """See the module's text."""

    def __init__(
        self, bank: Bank, faults: Sequence[Fault], customers: Customers, cells: Mapping[str, Cells], tick_ms: int
    ) -> None:
        """`tick_ms`: what a tick is on the bank's own clock."""
        self.bank, self.faults, self.customers, self.tick_ms = bank, list(faults), customers, tick_ms
        self.tick = 0
        self.sites = {name: Site(name, cells[name]) for name in SITES}
        self._spare: list[Cells] = [cells[SPARE]]
        self.twins: list[Site] = []
        """Processes that were taken for gone and go on."""
        kept: list[Configuration] = []
        self.witness = Witness(lambda: self.tick * TICK_MS, kept.append, terms=TERMS)
        self.witness_away_until = 0
        self.cut: dict[tuple[str, str], int] = {}
        self.lose_answers: dict[tuple[str, str], int] = {}
        self.race: dict[str, int] = {}
        self._nested = 0
        self._heard: dict[str, int] = {}
        self.chains: dict[int, str] = {}
        """The bank's chain by window, as answered for."""
        self.windows = 0
        self.takeovers: list[str] = []
        self.backups = self._backed_up(cells[PROOF])

    def _backed_up(self, cells: Cells) -> Backups | None:
        """Where somebody will restore: the first who does says whose backups, and how long a tick is for them."""
        first = next((fault for fault in self.faults if fault.kind == Kind.RESTORE), None)
        if first is None:
            return None
        site = self.sites[first.site]
        return Backups(site, lambda: self._store(site), self.bank, IDENTITY, cells, TICKS_MS[first.nth % len(TICKS_MS)])

    def close(self) -> None:
        """Lets the disks and the backups go."""
        if self.backups is not None:
            self.backups.close()
        for site in self.sites.values():
            site.disk.close()

    # time -------------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One tick: what befalls, and then everybody's turn."""
        self.tick += 1
        for fault in self.faults:
            if fault.tick == self.tick:
                befall(self, fault)
        self.customers.write(self)
        for site in self.sites.values():
            if site.back_at <= self.tick:
                site.hangs = False
                if not site.up and not site.busy:
                    self._living(site, self._start)
            if site.answers and not site.busy:
                self._living(site, self._turn)
        for twin in list(self.twins):
            self._go_on_beside(twin)
        if self.backups is not None:
            self.backups.tick()
        self._in_step_holds()

    def _in_step_holds(self) -> None:
        """Who is in step holds every window that anybody was answered for: that is what it means."""
        last = max(self.chains, default=-1)
        for name in self.witness.configuration().in_step:
            site = self.sites[name]
            if site.up and not site.busy and site.receiver is not None and not site.receiver.damage:
                with suppress(StoreError):
                    if (number := site.receiver.store.standing().number) <= last:
                        raise Wrong(f"{name} is in step and has {number} windows; window {last} was answered for")

    def heal(self) -> None:
        """Everything that is broken is mended; what was cut works again; books are read through."""
        self.faults = []
        for twin in list(self.twins):
            self._end(twin)
        self.cut.clear()
        self.lose_answers.clear()
        self.race.clear()
        self.witness_away_until = 0
        self.customers.heal()
        for site in self.sites.values():
            site.back_at, site.hangs, site.full_until, site.skew_ms, site.writes_left = 0, False, 0, 0, 0
            site.unheard_in = 0
            site.cells.lost_in = 0
            if site.up:
                try:
                    site.receiver.verify()
                except Damaged as damage:
                    self._unfit(site, damage)

    def _living(self, site: Site, turn: Callable[[Site], None]) -> None:
        """A site's turn, which it may not survive."""
        site.busy = True
        try:
            self._on(site, turn)
        except Crashed:
            site.up = False
        finally:
            site.busy = False
            if not site.up:
                self._die(site, max(site.back_at - self.tick, 2))

    def _on(self, site: Site, turn: Callable[[Site], None]) -> None:
        """A site's turn, and what its process does when that fails."""
        try:
            turn(site)
        except InvariantViolation as violation:
            raise Wrong(f"{site.name}: {violation}") from violation
        except CellLost:
            self._rebuild(site)
        except Damaged as damage:
            self._astray(site, damage)
        except StoreError:
            self._step_down(site)  # the process ends, and its supervisor starts it anew

    def _die(self, site: Site, ticks: int = 2) -> None:
        site.up = site.leads = site.hangs = False
        site.bank = site.receiver = site.replicated = None
        site.commands, site.writes_left = [], 0
        site.back_at = self.tick + ticks

    # people --------------------------------------------------------------------------------------------------------------

    def kill(self, site: Site, ticks: int) -> None:
        """A process is gone, for some ticks. One in the middle of something dies when it is next heard of."""
        if site.busy:
            site.up, site.back_at = False, self.tick + ticks
        else:
            self._die(site, ticks)

    def switch(self, site: Site) -> None:
        """The leader, where this site leads, hands over to another in step."""
        if site.leads and site.answers and not site.busy:
            for other in site.replicated.configuration.in_step:
                if other != site.name:
                    self._living(site, lambda here, to=other: self._hand_over(here, to))  # type: ignore[misc]
                    return

    def _hand_over(self, site: Site, to: str) -> None:
        before = site.replicated.configuration.epoch
        site.replicated.hand_over(to)
        now = self.witness.configuration()
        if now.epoch <= before or (now.epoch == before + 1 and now.leader != to):
            raise Wrong(f"{site.name} handed over to {to}, and {now.leader} leads since epoch {now.epoch}")
        self._step_down(site)

    def by_hand(self, site: Site) -> None:
        """Two people have a site take over."""
        if site.answers and not site.busy and not site.leads:
            self._living(site, lambda here: self._take_over(here, ("drill leader", "head of operations")))

    def twin(self, site: Site, ticks: int) -> None:
        """A leader's process is started anew on its disk, while the one before still goes on."""
        if site.leads and site.answers and not site.busy and self._spare:
            self.twins.append(replace(site, back_at=self.tick + ticks))
            site.cells = self._spare.pop()
            self._die(site, 0)

    def _go_on_beside(self, twin: Site) -> None:
        """The turn of a process that was taken for gone: it may not do anything that counts."""
        if twin.busy or not self.sites[twin.name].up:
            return
        twin.busy = True
        try:
            self._lead(twin)
        except (Crashed, CellLost, StoreError):
            self._end(twin)
        finally:
            twin.busy = False
        if twin in self.twins and self.tick >= twin.back_at:
            self._end(twin)

    def _end(self, twin: Site) -> None:
        self.twins.remove(twin)
        self._spare.append(twin.cells)

    # lines ------------------------------------------------------------------------------------------------------------

    def carry(self, here: str, there: str, method: str, arguments: Sequence[Any]) -> Any:
        """A call from one place to another."""
        self._race_at(here)
        self._lives(here)
        if self._is_cut(here, there):
            raise Away(f"{there} does not answer")
        try:
            answer = getattr(self._far_end(there), method)(*arguments)
            if method == "heard":
                self._heard[here] = self.tick
        except Crashed as crash:
            if crash.site != there:
                raise
            self._die(self.sites[there])
            raise Away(f"{there} does not answer") from None
        if self.lose_answers.get((here, there), 0) > self.tick or self._is_cut(there, here):
            raise Away(f"{there} does not answer")
        return answer

    def _far_end(self, there: str) -> Any:
        if there == WITNESS:
            return self.witness
        site = self.sites[there]
        if not site.answers or site.receiver is None:
            raise Away(f"{there} does not answer")
        return site.receiver

    def _lives(self, here: str) -> None:
        if not self.sites[here].up:
            raise Crashed(here)

    def _is_cut(self, here: str, there: str) -> bool:
        if WITNESS in (here, there) and self.witness_away_until > self.tick:
            return True
        return self.cut.get((here, there), 0) > self.tick

    def _race_at(self, here: str) -> None:
        if here in self.race:
            self.race[here] -= 1
            if self.race[here] <= 0:
                del self.race[here]
                self.go_on()

    def go_on(self) -> bool:
        """A tick of all others, while somebody waits; False where too many wait already."""
        if self._nested >= _NESTED_MAX:
            return False
        self._nested += 1
        try:
            self.step()
        finally:
            self._nested -= 1
        return True

    # sites ------------------------------------------------------------------------------------------------------------

    def _start(self, site: Site) -> None:
        """A process begins with what lies on its disk."""
        site.receiver = Receiver(self._store(site), lambda: self._anew(site))
        peers: dict[str, Any] = {other: Line(self, site.name, other) for other in SITES if other != site.name}
        keeper: Any = Line(self, site.name, WITNESS)
        site.replicated = ReplicatedStore(site.name, site.receiver, peers, keeper, at_once=AT_ONCE)
        site.up, site.leads = True, False
        try:
            if site.replicated.found(IDENTITY).identity != IDENTITY:
                raise Wrong(f"{site.name} holds another bank's book")
            site.bank = self._sequencer(site) if site.name in NEAR else None
            self._follow(site)
            site.looks_at = self.tick + LOOK_TICKS
        except Damaged as damage:
            self._unfit(site, damage)

    def _unfit(self, site: Site, damage: Damaged) -> None:
        """Whoever leads copies the book anew."""
        site.receiver.damage, site.leads = str(damage), False

    def _sequencer(self, site: Site) -> Sequencer:
        bank = self.bank
        return Sequencer(
            site.cells, bank.flow, bank.blueprints, site.replicated, bank.start, pause=lambda _: self._wait(site)
        )

    def _wait(self, site: Site) -> None:
        """What a bank does while its store is away."""
        if not self.go_on():
            raise Away("the store did not come back")
        self._lives(site.name)

    def _turn(self, site: Site) -> None:
        if site.looks_at <= self.tick and not site.receiver.damage:
            site.looks_at = NEVER
            site.receiver.verify()
        keeper, seen = site.replicated.keeper, None
        with suppress(StoreError):
            seen = keeper.configuration() if site.receiver.damage else keeper.heard(site.name)
        if site.leads and seen is not None and seen.leader != site.name:
            self._step_down(site)
        if site.leads:
            self._lead(site)
        elif not site.receiver.damage:
            if self.tick % FOLLOW_TICKS == 0:
                self._follow(site)
            if seen is not None:
                self._take_over(site)

    def _rebuild(self, site: Site) -> None:
        """The cells anew, as the conductor does it when one is lost."""
        if not site.leads:
            self._step_down(site)
            return
        try:
            for done in site.bank.rebuild():
                self._worked(done)
                self._answer(site, done)
        except (CellLost, StoreError):
            self._step_down(site)

    def _astray(self, site: Site, damage: Damaged) -> None:
        """A book that is not what was written is copied anew; a bank that becomes another than it was is what we look for."""
        if "worked anew" in str(damage):
            raise Wrong(f"{site.name}: {damage}") from None
        self._unfit(site, damage)

    def _step_down(self, site: Site) -> None:
        if not site.up:
            return
        site.leads = False
        try:
            site.bank = self._sequencer(site) if site.name in NEAR else None
            self._follow(site)
        except CellLost:
            site.up = False
        except Damaged as damage:
            self._astray(site, damage)

    def _take_over(self, site: Site, by: Sequence[str] = ()) -> None:
        seen, keeper = self.witness.configuration(), site.replicated.keeper
        bank = site.bank or self._sequencer(site)
        try:
            if by:
                keeper.take_over(site.name, keeper.configuration(), by)
            for done in bank.open():
                self._worked(done)
        except Damaged:
            raise
        except StoreError:
            return
        site.bank = bank
        led, site.leads = site.leads, True
        if site.name not in seen.in_step and seen.in_step:
            self._forget_from(site, by, seen)
        if not led:
            self.takeovers.append(f"tick {self.tick}: {site.name} leads from window {site.bank.number}")

    def _forget_from(self, site: Site, by: Sequence[str], seen: Configuration) -> None:
        """A site out of step leads: what it does not hold is lost, and that is told (DR-09)."""
        alive = [one for one in seen.in_step if (self.tick - self._heard.get(one, 0)) * TICK_MS < TERMS.remote_ms]
        if alive and not by:
            raise Wrong(f"{site.name} leads, out of step, while {', '.join(alive)} live")
        number = site.bank.number
        self.chains = {window: chain for window, chain in self.chains.items() if window < number}
        self.customers.lost_from(number)

    def _lead(self, site: Site) -> None:
        bank, commands = site.bank, site.commands
        site.commands = []
        until = max(self.now(site) + 1, bank.until + 1)
        for command in commands:
            command.rows["at"] = min(max(self.now(site), bank.until), until - 1)
        bank.cut(until, commands)
        while bank.under_way:
            done = bank.collect()
            self._worked(done)
            self._answer(site, done)
        if self.tick % SNAPSHOT_TICKS == 0:
            bank.keep(bank.snapshot())
        for other in SITES:
            if other != site.name and other not in site.replicated.configuration.in_step:
                try:
                    (site.replicated.admit if other in NEAR else site.replicated.feed)(other)
                except Away:
                    continue

    def _follow(self, site: Site) -> None:
        """A site that follows works what it was sent."""
        if site.bank is not None:
            for done in site.bank.follow():
                self._worked(done)

    def now(self, site: Site) -> int:
        """A site's clock."""
        return self.bank.start + self.tick * self.tick_ms + (site.skew_ms if site.skew_until > self.tick else 0)

    # what must hold ---------------------------------------------------------------------------------------------------

    def _worked(self, done: Done) -> None:
        self.windows += len(done.block)

    def _answer(self, site: Site, done: Done) -> None:
        """What somebody was answered for is never another thing afterwards."""
        last = done.block[-1].number
        if self.chains.setdefault(last, site.bank.chain) != site.bank.chain:
            raise Wrong(f"window {last} became another at {site.name}: {self.chains[last]}, now {site.bank.chain}")
        self.customers.hear(self, done)

    # disks ------------------------------------------------------------------------------------------------------------

    def _store(self, site: Site) -> DiskStore:
        return DiskStore(site.name, site.disk, lambda write: self._write(site, write))

    def _anew(self, site: Site) -> DiskStore:
        site.disk.close()
        site.disk = Disk()
        return self._store(site)

    def _write(self, site: Site, write: Callable[[], None]) -> None:
        if site.full_until > self.tick:
            raise Full(f"{site.name}: no room on the disk")
        site.writes_left -= 1
        if site.writes_left == 0 and not site.after_write:
            raise Crashed(site.name)
        write()
        if site.writes_left == 0:
            raise Crashed(site.name)
        site.unheard_in -= 1
        if site.unheard_in == 0:
            raise Away(f"{site.name}: nothing was heard of the commit")
