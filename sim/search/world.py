"""The world of the fault search: three sites, the lines between them, a witness, customers who ask until they are answered; and one
tick after another in which each of them does something. Nothing here reads a clock or waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from actors.book.store import Damaged, Entry, Snapshot, Standing, StoreError
from actors.host import Blueprint, StepReport
from actors.local import LocalExecutor
from actors.pipeline import CellLost
from actors.sequencer import Command, Done, Sequencer
from actors.sites.receiver import Away, Receiver
from actors.sites.replicated import ReplicatedStore
from actors.sites.witness import Configuration, Terms, Witness
from actors.topology import Cell, Flow
from actors.wire import Parcel
from credit.errors import CreditError
from credit.subsystem import State, Window
from credit.times import MINUTE_MS
from sim.search.customers import Customers
from sim.search.disk import Disk, DiskStore, Full
from sim.search.plan import NEAR, SITES, WITNESS, Fault, Kind

TICK_MS = 1_000
TERMS = Terms(silent_ms=2 * TICK_MS, remote_ms=10 * TICK_MS)
SNAPSHOT_TICKS = 7
IDENTITY = "a bank that is searched for faults"
_NESTED_MAX = 3


class Crashed(BaseException):
    """The process of a site is gone, wherever it was. No `except Exception` keeps it alive."""

    def __init__(self, site: str) -> None:
        super().__init__(site)
        self.site = site


class Wrong(Exception):
    """What must never be: what was promised, and what is."""


class Bank(NamedTuple):
    """What every site runs: how its cells are built, and its first instant."""

    flow: Flow
    blueprints: Sequence[Blueprint]
    start: int


class Cells(LocalExecutor):
    """Cells that are built once and begin anew from how they were then; one of them may be lost in a step."""

    def __init__(self) -> None:
        super().__init__()
        self._pristine: dict[Cell, State] = {}
        self.lost_in = 0

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None:
        if not self.hosts:
            super().start(blueprints, None)
            self._pristine = {cell: host.export_state() for cell, host in self.hosts.items()}
        for cell, host in self.hosts.items():
            host.import_state((states or self._pristine)[cell])

    def step(self, cell: Cell, block: Sequence[Window], inputs: Sequence[Parcel]) -> tuple[list[Parcel], StepReport]:
        self.lost_in -= 1
        if self.lost_in == 0:
            raise CellLost(cell, "drawn", f"in window {block[0].number}")
        return super().step(cell, block, inputs)


@dataclass
class Site:
    """A site: what lies on its disk, and what its process knows."""

    name: str
    cells: Cells
    disk: Disk = field(default_factory=Disk)
    up: bool = False
    leads: bool = False
    back_at: int = 0
    """Tick at which its process is started anew, or goes on."""
    hangs: bool = False
    busy: bool = False
    """In the middle of something: it waits for another."""
    writes_left: int = 0
    after_write: bool = False
    full_until: int = 0
    skew_ms: int = 0
    skew_until: int = 0
    commands: list[Command] = field(default_factory=list)
    receiver: Any = None
    replicated: Any = None
    bank: Any = None

    @property
    def answers(self) -> bool:
        return self.up and not self.hangs


class Line:
    """What calls of a site pass on their way to another, and their answers on the way back."""

    def __init__(self, world: World, here: str, there: str) -> None:
        self._world, self._here, self._there = world, here, there

    def call(self, method: str, *arguments: Any) -> Any:
        """Calls the far end; Away where the call or its answer is lost, the far end is gone, or dies of it."""
        return self._world.carry(self._here, self._there, method, arguments)


class PeerLine(Line):
    """The line to another site."""

    def enter(self, epoch: int, identity: str) -> Standing:
        return self.call("enter", epoch, identity)  # type: ignore[no-any-return]

    def append(self, epoch: int, before: Standing, entries: Sequence[Entry]) -> Standing:
        return self.call("append", epoch, before, list(entries))  # type: ignore[no-any-return]

    def renew(self, epoch: int, identity: str, snapshot: Snapshot | None) -> Standing:
        return self.call("renew", epoch, identity, snapshot)  # type: ignore[no-any-return]


class WitnessLine(Line):
    """The line to the witness."""

    def configuration(self) -> Configuration:
        return self.call("configuration")  # type: ignore[no-any-return]

    def heard(self, site: str) -> Configuration:
        return self.call("heard", site)  # type: ignore[no-any-return]

    def take_over(self, site: str, seen: Configuration, by: Sequence[str] = ()) -> Configuration:
        return self.call("take_over", site, seen, by)  # type: ignore[no-any-return]

    def hand_over(self, site: str, seen: Configuration, to: str) -> Configuration:
        return self.call("hand_over", site, seen, to)  # type: ignore[no-any-return]

    def keep_in_step(self, site: str, seen: Configuration, in_step: Sequence[str]) -> Configuration:
        return self.call("keep_in_step", site, seen, list(in_step))  # type: ignore[no-any-return]


class World:
    """See the module's text."""

    def __init__(
        self, bank: Bank, faults: Sequence[Fault], customers: Customers, cells: Mapping[str, Cells], tick_ms: int
    ) -> None:
        """`tick_ms`: what a tick is on the bank's own clock."""
        self.bank, self.faults, self.customers, self.tick_ms = bank, list(faults), customers, tick_ms
        self.tick = 0
        self.sites = {name: Site(name, cells[name]) for name in SITES}
        kept: list[Configuration] = []
        self.witness = Witness(lambda: self.tick * TICK_MS, kept.append, terms=TERMS)
        self._witness_away_until = 0
        self._cut: dict[tuple[str, str], int] = {}
        self._lose_answers: dict[tuple[str, str], int] = {}
        self._race: dict[str, int] = {}
        self._nested = 0
        self.chains: dict[int, str] = {}
        """The bank's chain by window, as answered for."""
        self.windows = 0
        self.takeovers: list[str] = []

    # time -------------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One tick: what befalls, and then everybody's turn."""
        self.tick += 1
        for fault in self.faults:
            if fault.tick == self.tick:
                self._befall(fault)
        self.customers.write(self)
        for site in self.sites.values():
            if site.back_at <= self.tick:
                site.hangs = False
                if not site.up and not site.busy:
                    self._living(site, self._start)
            if site.answers and not site.busy:
                self._living(site, self._turn)

    def heal(self) -> None:
        """Everything that is broken is mended; what was cut works again; books are read through."""
        self.faults = []
        self._cut.clear()
        self._lose_answers.clear()
        self._race.clear()
        self._witness_away_until = 0
        self.customers.heal()
        for site in self.sites.values():
            site.back_at, site.hangs, site.full_until, site.skew_ms, site.writes_left = 0, False, 0, 0, 0
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
            turn(site)
        except Crashed as crash:
            assert crash.site == site.name, f"{crash.site} died in the turn of {site.name}"
            site.up = False
        finally:
            site.busy = False
            if not site.up:
                self._die(site, max(site.back_at - self.tick, 2))

    def _die(self, site: Site, ticks: int = 2) -> None:
        site.up = site.leads = site.hangs = False
        site.bank = site.receiver = site.replicated = None
        site.commands, site.writes_left = [], 0
        site.back_at = self.tick + ticks

    # what befalls -----------------------------------------------------------------------------------------------------

    def _befall(self, fault: Fault) -> None:
        site, until = self.sites[fault.site], self.tick + fault.ticks
        line = (fault.site, fault.other)
        match fault.kind:
            case Kind.KILL:
                self._kill(site, fault.ticks)
            case Kind.KILL_AT_DISK:
                site.writes_left, site.after_write = fault.count, fault.count % 2 == 0
            case Kind.HANG:
                if site.up and not site.busy:
                    site.hangs, site.back_at = True, until
            case Kind.CUT:
                self._cut[line] = self._cut[line[::-1]] = until
            case Kind.CUT_ONE_WAY:
                self._cut[line] = until
            case Kind.LOSE_ANSWERS:
                self._lose_answers[line] = until
            case Kind.RACE:
                self._race[fault.site] = fault.count
            case Kind.WITNESS_AWAY:
                self._witness_away_until = until
            case Kind.DISK_FULL:
                site.full_until = until
            case Kind.DAMAGE_WINDOW:
                if self._another_in_step(site) and site.disk.damage("windows", "inputs", fault.count):
                    self._kill(site, fault.ticks)
            case Kind.DAMAGE_SNAPSHOT:
                site.disk.damage("snapshot_parts", "content", fault.count)
            case Kind.CLOCK:
                site.skew_ms = fault.count * MINUTE_MS * (1 if fault.count % 2 else -1)
                site.skew_until = until
            case Kind.CELL_LOST:
                site.cells.lost_in = fault.count
            case Kind.ANSWERS_LOST:
                self.customers.deaf_until = until
            case Kind.MAIL_TWICE:
                self.customers.twice_until = until
            case Kind.SWITCH:
                self._switch(site)
            case Kind.BY_HAND:
                self._by_hand(site)

    def _kill(self, site: Site, ticks: int) -> None:
        """One in the middle of something dies when it is next heard of."""
        if site.busy:
            site.up, site.back_at = False, self.tick + ticks
        else:
            self._die(site, ticks)

    def _another_in_step(self, site: Site) -> bool:
        """What one site alone holds, no other can bring back."""
        in_step = self.witness.configuration().in_step
        return any(other in in_step and self.sites[other].up for other in SITES if other != site.name)

    def _switch(self, site: Site) -> None:
        if site.leads and site.answers and not site.busy:
            for other in site.replicated.configuration.in_step:
                if other != site.name:
                    self._living(site, lambda here, to=other: self._hand_over(here, to))  # type: ignore[misc]
                    return

    def _hand_over(self, site: Site, to: str) -> None:
        try:
            site.replicated.hand_over(to)
        except StoreError:
            return
        self._step_down(site)

    def _by_hand(self, site: Site) -> None:
        if site.answers and not site.busy and not site.leads:
            self._living(site, lambda here: self._take_over(here, ("drill leader", "head of operations")))

    # lines ------------------------------------------------------------------------------------------------------------

    def carry(self, here: str, there: str, method: str, arguments: Sequence[Any]) -> Any:
        """A call from one place to another."""
        self._race_at(here)
        self._lives(here)
        if self._is_cut(here, there):
            raise Away(f"{there} does not answer")
        try:
            answer = getattr(self._far_end(there), method)(*arguments)
        except Crashed as crash:
            if crash.site != there:
                raise
            self._die(self.sites[there])
            raise Away(f"{there} does not answer") from None
        if self._lose_answers.get((here, there), 0) > self.tick or self._is_cut(there, here):
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
        if WITNESS in (here, there) and self._witness_away_until > self.tick:
            return True
        return self._cut.get((here, there), 0) > self.tick

    def _race_at(self, here: str) -> None:
        if here in self._race:
            self._race[here] -= 1
            if self._race[here] <= 0:
                del self._race[here]
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
        peers = {other: PeerLine(self, site.name, other) for other in SITES if other != site.name}
        site.replicated = ReplicatedStore(
            site.name, site.receiver, peers, WitnessLine(self, site.name, WITNESS)
        )
        site.up, site.leads = True, False
        try:
            if site.replicated.found(IDENTITY).identity != IDENTITY:
                raise Wrong(f"{site.name} holds another bank's book")
            site.bank = self._sequencer(site) if site.name in NEAR else None
            self._follow(site)
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
        keeper = site.replicated._keeper
        try:
            seen = keeper.configuration() if site.receiver.damage else keeper.heard(site.name)
        except StoreError:
            seen = None
        try:
            self._in_turn(site, seen)
        except CellLost:
            self._rebuild(site)
        except Damaged as damage:
            self._astray(site, damage)
        except (CreditError, StoreError):
            self._step_down(site)  # the process ends, and its supervisor starts it anew

    def _in_turn(self, site: Site, seen: Configuration | None) -> None:
        if site.leads and seen is not None and seen.leader != site.name:
            self._step_down(site)
        if site.leads:
            self._lead(site)
        elif not site.receiver.damage:
            self._follow(site)
            if seen is not None:
                self._take_over(site)

    def _rebuild(self, site: Site) -> None:
        """The cells anew, as the conductor does it when one is lost."""
        try:
            if not site.leads:
                site.bank = self._sequencer(site)
                self._follow(site)
                return
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
        seen, keeper = self.witness.configuration(), site.replicated._keeper
        bank = site.bank or self._sequencer(site)
        try:
            if by:
                keeper.take_over(site.name, keeper.configuration(), by)
            for done in bank.lead():
                self._worked(done)
        except Damaged as damage:
            self._astray(site, damage)
            return
        except StoreError:
            return
        site.bank = bank
        site.leads = True
        if site.name not in seen.in_step and seen.in_step:
            self._forget_from(site.bank.number)
        if seen.leader != site.name:
            self.takeovers.append(f"tick {self.tick}: {site.name} leads from window {site.bank.number}")

    def _forget_from(self, number: int) -> None:
        """A site out of step leads: what it does not hold is lost, and that is told (DR-09)."""
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


@contextmanager
def closing(world: World) -> Iterator[World]:
    """A world whose disks are let go afterwards."""
    try:
        yield world
    finally:
        for site in world.sites.values():
            site.disk.close()
