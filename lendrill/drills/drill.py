"""`lendrill drill`: a bank of several sites is founded for the drill, people come to it, what the drill says befalls it, people
decide (or it plays them), and all that is seen is written down. Then the bank is closed, each site's book is worked again, and
the record is judged (`results.drill`)."""

from __future__ import annotations

import datetime as dt
import heapq
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from actors.book.opening import is_server
from actors.sites.witness import PEOPLE_NEEDED, people
from lendrill import __version__
from lendrill.drills import befall
from lendrill.drills.bank import DrillBank, FoundedBank, RunningBank, fitted
from lendrill.drills.control import CONTROL
from lendrill.drills.proof import proved
from lendrill.drills.record import LOOK_S, Record
from lendrill.drills.restored import BACKUP, back_up, restored
from lendrill.errors import EXIT_INTERRUPTED, UserError
from lendrill.interruption import Interruption
from lendrill.progress import Panel
from results.drill.words import place
from scenarios.drill import Befalls, Decision, Drill, load_drill
from scenarios.drill_random import drawn
from scenarios.loading import load_scenario

PLAYED = ("演练总指挥（模拟）", "运行部主管（模拟）")
"""Who decides where nobody is asked."""
_IN_STEP_S = 60.0
_TOKENS_S = 300.0
_TRY_AGAIN_S = 1.0
_WORDS = {
    "kill": ("进程被终止", "killed"), "hang": ("进程停住", "hangs"), "lose": ("整个中心失效", "is lost"),
    "regain": ("中心恢复", "is regained"), "cut": ("线路中断", "line cut"),
    "slow_line": ("线路变慢", "line is slow"), "full_disk": ("磁盘写满", "disk is full"),
    "slow_disk": ("磁盘变慢", "disk is slow"), "wrong_clock": ("时钟错误", "clock is wrong"),
    "partner_outage": ("无应答", "does not answer"), "slow_partner": ("应答变慢", "is slow"),
    "branch_outage": ("网点中断", "is cut off"),
    "damage_book": ("日账被损坏", "day book damaged"), "damage_snapshot": ("快照被损坏", "snapshot damaged"),
}  # fmt: skip


@dataclass(frozen=True)
class DrillOptions:
    """One `lendrill drill`."""

    name: str
    """Of a drill that is drawn, what its folder is called after."""
    out: Path | None = None
    home: Path | None = None
    """Of the bank that is drilled, which runs; None: one is founded for the drill."""
    play: bool = False
    """Nobody is asked: decisions are taken as the drill's file has them."""
    seed: int | None = None
    """None: 1, or another one each time that a bank that runs is drilled."""
    store: str | None = None
    """Where each site keeps its day book; None: in its home."""
    drawn: int | None = None
    """The seed that its faults are drawn from; None: they are those of its file."""
    quiet: bool = False

    @cached_property
    def luck(self) -> int:
        """The seed of who comes and when. Who has come to a bank before would be answered what he was answered then."""
        return self.seed if self.seed is not None else int(time.time()) if self.home else 1


def drill_command(options: DrillOptions) -> int:
    """0 where all that was expected held, 1 where something did not, 130 where it was interrupted."""
    drill = load_drill(options.name) if options.drawn is None else drawn(options.drawn)
    if options.home is not None:
        drill = fitted(drill, options.home)
    known = load_scenario(drill.bank.scenario).bank.branches if options.home is None else _branches(options.home)
    try:
        drill.prove_branches(known)
    except ValueError as error:
        raise UserError(f"{options.name}: {error}") from None
    if importlib.util.find_spec("gevent") is None:
        raise UserError("Locust is not installed", "install lendrill[load]")
    if options.store is not None and is_server(options.store):
        for place, one in enumerate(drill.befalls):
            if one.what == "full_disk" and one.process == "conductor":
                raise UserError(
                    f"--store: {options.name} fills a disk (befalls.{place}), and a database server's is not ours to fill",
                    "leave --store out, or run another drill",
                )
    folder = (
        options.out or Path("runs") / f"drill-{Path(options.name).stem}-{dt.datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    )
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"--out {folder}: is not empty", "give a folder that is new")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with Interruption():  # whoever ends it, and however, has all mended
            _drilled(drill, options, folder.resolve())
    except KeyboardInterrupt:
        Console(stderr=True).print(f"Interrupted; what was seen lies in {folder}", highlight=False)
        return EXIT_INTERRUPTED
    from results.drill import written

    verdict = written(folder)
    console = Console(soft_wrap=True, highlight=False)
    for line in verdict.lines:
        if not (options.quiet and line.held):
            console.print(f"{'held  ' if line.held else 'MISSED'}  {line.said}")
    console.print(f"{'passed' if verdict.held else 'FAILED'}: {drill.name_zh} · {drill.name_en}")
    console.print(f"report: {folder / 'report.html'}")
    return verdict.exit_code


def _drilled(drill: Drill, options: DrillOptions, folder: Path) -> None:
    console = Console(stderr=True)

    def tell(line: str) -> None:
        if not options.quiet:
            console.print(line, highlight=False, soft_wrap=True)

    if drill.decisions and not options.play and not sys.stdin.isatty():
        tell("Nobody can be asked here, which is no terminal: decisions are taken as the drill's file has them.")
    with _bank(drill, options, folder, tell) as bank:
        home = bank.home
        bank.opened()
        names = list(bank.urls)
        paths = bank.with_a_loan()
        bank.write_tokens(folder / "tokens.json")
        for near in names[:-1] if "remote" in names and drill.bank.remote_delay_ms else ():
            far = {
                "at_s": 0,
                "what": "slow_line",
                "place": near,
                "to": "remote",
                "delay_ms": drill.bank.remote_delay_ms,
            }
            befall.befall(home, Befalls.model_validate(far))
        record = Record(folder, home, names)
        record.write("plan.json", _plan(drill, options, record, home))
        going = Going(drill, options, bank, record)
        clients = _clients(drill, options, bank, record, paths)
        try:
            with Panel(options.quiet) as panel:
                going.until(lambda: clients.poll() is not None, panel)
                going.settle(panel)
            opens_at = going.last_day()
            record.look([])
        finally:
            clients.kill()
            record.close()
            (folder / "tokens.json").unlink()
        leader = record.leader
        bank.close()
    partners = list(dict.fromkeys(one.partner for one in drill.befalls if one.partner))
    final = proved(folder, home, names, leader, partners, tell)
    final["day_ended"] = is_ended(final, opens_at)
    if drill.restore is not None:
        tell(f"Restoring the bank from the backups of {drill.restore.site} alone …")
        final["restored"] = restored(folder, home / "sites" / drill.restore.site, drill.restore)
    record.write("final.json", final)


def is_ended(final: dict[str, Any], opens_at: str) -> bool:
    """Whether the leader's book, worked again, goes to the day that the drill's last end of day led to; `opens_at` is empty where
    that could not be done."""
    return bool(opens_at) and str(final.get("worked_until", "")) >= opens_at[:10]


def _bank(drill: Drill, options: DrillOptions, folder: Path, tell: Callable[[str], object]) -> DrillBank:
    called = f"{drill.name_zh} · {drill.name_en}"
    if options.home is not None:
        tell(f"{called}: at the bank in {options.home} …")
        return RunningBank(options.home.resolve(), options.luck)
    tell(f"{called}: opening a bank at {drill.bank.sites} sites …")
    store = ["--store", options.store] if options.store else []
    return FoundedBank(drill, folder / "bank", folder / "serve.log", store)


def _plan(drill: Drill, options: DrillOptions, record: Record, home: Path) -> dict[str, Any]:
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "name": Path(options.name).stem,
        "drill": drill.model_dump(mode="json"),
        "began": dt.datetime.fromtimestamp(record.began, dt.UTC).isoformat(timespec="milliseconds"),
        "release": __version__,
        "seed": options.luck,
        "machine": {"cores": os.cpu_count(), "memory_mib": pages * page >> 20},
        "bank": {"home": str(home), "founded": options.home is None},
        "played": options.play or not sys.stdin.isatty(),
    }


def _clients(
    drill: Drill, options: DrillOptions, bank: DrillBank, record: Record, paths: dict[str, str]
) -> subprocess.Popen[bytes]:
    load, near = drill.load, [name for name in bank.urls if name != "remote"]
    order = [*near, *(name for name in bank.urls if name not in near)]
    setting = {
        "began": record.began, "seconds": load.seconds, "seed": options.luck, "branches": _branches(bank.home),
        "urls": {name: bank.urls[name] for name in order}, "tokens": str(record.folder / "tokens.json"), "paths": paths,
        "applications_s": load.applications_s, "probes_s": load.probes_s, "patience_s": load.patience_s,
        "try_s": load.try_s, "out": str(record.folder / "requests.jsonl"), "cut_off": list(cut_off(drill)),
    }  # fmt: skip
    file = record.folder / "clients.json"
    file.write_text(json.dumps(setting, indent=1), encoding="utf-8")
    with (record.folder / "clients.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "loadtests.drill_clients", str(file)], stdout=log, stderr=log, start_new_session=True
        )


def cut_off(drill: Drill) -> Iterator[tuple[int, float, float]]:
    """Branches from which nobody reaches the bank, each from when until when."""
    never_s = drill.load.seconds + drill.load.patience_s
    for one in drill.befalls:
        for at_s in one.instants_s if one.branch else ():
            yield one.branch, at_s, at_s + (never_s if one.for_s is None else one.for_s)


def _branches(home: Path) -> int:
    scenario = json.loads((home / "bank.json").read_text(encoding="utf-8"))["scenario"]
    return int(scenario["bank"]["branches"])


class Going:
    """What happens while a drill goes on, each thing at its instant."""

    def __init__(self, drill: Drill, options: DrillOptions, bank: DrillBank, record: Record) -> None:
        self._drill, self._bank, self._record = drill, bank, record
        self._played = options.play or not sys.stdin.isatty()
        self.due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._tokens_at = time.monotonic()
        self._standing: dict[str, dict[str, Any]] = {}
        self._first_day, self._days = bank.date(), 0
        self._backing_up: threading.Thread | None = None
        for number, one in enumerate(drill.befalls):
            for at_s in one.instants_s:
                self._at(at_s, lambda one=one, number=number: self._befall(one, number))  # type: ignore[misc]
        for number, decision in enumerate(drill.decisions):
            self._at(decision.at_s, lambda d=decision, n=number: self._ask(d, n + len(drill.befalls)))  # type: ignore[misc]

        if drill.restore is not None:
            self._at(drill.restore.back_up_at_s, self._back_up)
        for at_s in drill.load.day_ends_at_s:
            self._at(at_s, self._end_day)

    def _back_up(self) -> None:
        """The last backup before all is destroyed."""
        assert self._drill.restore is not None
        site = self._drill.restore.site
        self._record.event(BACKUP, (f"{site} 开始备份", f"a backup of {site} begins"), site)
        self._backing_up = threading.Thread(target=back_up, args=(self._bank.home / "sites" / site,))
        self._backing_up.start()

    def _end_day(self) -> None:
        """An end of day, which takes its time."""
        self._days += 1
        to = f"{self._first_day + dt.timedelta(days=self._days)}"
        self._record.event("day", (f"日终，营业日进入 {to}", f"the day is ended; the business date goes to {to}"))
        threading.Thread(target=self._ended, args=(lambda: f"{to}T09:00",), daemon=True).start()

    def _ended(self, where: Callable[[], str]) -> str:
        """Where the business date is once it was moved on; nowhere where no site answers."""
        try:
            self._bank.advance(to := where())
        except UserError as error:
            self._record.event("not_ended", (f"日终未完成：{error.message}", f"the day was not ended: {error.message}"))
            return ""
        return to

    def last_day(self) -> str:
        """The end of the drill's last day: where the business date is then; nowhere where no site answers."""
        if to := self._ended(self._bank.next_opening):
            self._record.event("ended", ("演练结束，已日终", "the drill is over, and the day was ended"))
        return to

    def until(self, over: Callable[[], bool], panel: Panel) -> None:
        """Goes on until `over`, a look at the sites every fifth of a second."""
        while not over():
            began = time.monotonic()
            if not self._bank.runs:
                raise UserError("the drill's bank has ended", f"see {self._record.folder / 'serve.log'}")
            while self.due and self.due[0][0] <= self._record.now():
                self.do(heapq.heappop(self.due)[2])
            processes = befall.told(self._bank.home, CONTROL, {"do": "processes"})
            held = [name for name, of in processes.items() if "held" in of]
            self._standing = self._record.look(held)
            if time.monotonic() - self._tokens_at > _TOKENS_S:
                self._bank.write_tokens(self._record.folder / "tokens.json")
                self._tokens_at = time.monotonic()
            panel.show(self._line, self._shown)
            time.sleep(max(0.0, LOOK_S - (time.monotonic() - began)))

    def settle(self, panel: Panel) -> None:
        """What is still to be mended is, and the sites have a while to come into step."""
        until = self._record.now() + _IN_STEP_S
        wanted = self._drill.expected.in_step or 1
        if self._backing_up is not None:
            self._backing_up.join()
        self.until(lambda: not self.due and (self._record.in_step >= wanted or self._record.now() > until), panel)

    def do(self, what: Callable[[], object]) -> None:
        """What is due; a second later what can be told nobody now, since no site leads, and what would befall a process that does
        not run now. What never runs again is not befallen, which the record shows."""
        late = self._record.now() > self._drill.load.seconds + _IN_STEP_S
        try:
            what()
        except befall.NoLeader as error:
            if late:  # nor is it mended then, which the record shows: nobody leads
                self._record.event("untold", (f"无人可告知：{error.message}", f"nobody could be told: {error.message}"))
            else:
                self._at(self._record.now() + _TRY_AGAIN_S, what)
        except befall.NotThere:
            if not late:
                self._at(self._record.now() + _TRY_AGAIN_S, what)

    def _at(self, seconds: float, what: Callable[[], object]) -> None:
        heapq.heappush(self.due, (seconds, next(self._numbers), what))

    def _befall(self, one: Befalls, number: int) -> None:
        words = _WORDS[one.what]
        en, zh = (one.where, one.where) if one.at == one.place else place(one.at)  # the record knows the sites' names
        process = f" {one.process}" if one.what in ("kill", "hang", "full_disk") else ""
        began = self._record.now()  # before it befalls: what takes its time is part of the outage
        undo = befall.befall(self._bank.home, one)
        self._record.event(
            "befalls",
            (f"{zh}{process} {words[0]}", f"{en}{process} {words[1]}"),
            one.at,
            one.to or "",
            fault=number,
            t=began,
        )
        if one.for_s is None:
            return

        def over() -> None:
            began = self._record.now()
            undo()
            self._record.event("over", (f"{zh} 恢复", f"{en}: over"), one.at, one.to or "", fault=number, t=began)

        self._at(self._record.now() + one.for_s, over)

    def _ask(self, decision: Decision, number: int) -> None:
        self._record.event("asked", (decision.question_zh, decision.question_en), decision.site, fault=number)
        if self._played:
            self._decide(decision, number, PLAYED)
            return
        threading.Thread(target=self._asked, args=(decision, number), daemon=True).start()

    def _asked(self, decision: Decision, number: int) -> None:
        sys.stderr.write(
            f"\n{decision.question_zh} · {decision.question_en}\n  {decision.what} → {decision.site}; two names, comma between: "
        )
        sys.stderr.flush()
        said = sys.stdin.readline()
        by = [name.strip() for name in said.split(",") if name.strip()]
        self._at(self._record.now(), lambda: self._decide(decision, number, by, asks_again=bool(said)))

    def _decide(self, decision: Decision, number: int, by: Sequence[str], asks_again: bool = False) -> None:
        """`asks_again`: whoever mistyped may say it once more."""
        try:
            if len(people(by)) < PEOPLE_NEEDED:
                raise UserError(f"{', '.join(by) or 'nobody'} alone can't decide", "two people do (DR-10)")
            befall.decided(self._bank.home, decision.what, decision.site, by)
        except UserError as error:
            self._record.event(
                "refused", (error.user_message, error.user_message), decision.site, fault=number, by=list(by)
            )
            if asks_again:
                sys.stderr.write(f"{error.user_message}\n")
                threading.Thread(target=self._asked, args=(decision, number), daemon=True).start()
            return
        words = (
            f"决定：{decision.site} {'接管' if decision.what == 'take_over' else '切换'}",
            f"decided: {decision.what} to {decision.site}",
        )
        self._record.event("decided", words, decision.site, fault=number, by=list(by))

    # what is shown ----------------------------------------------------------------------------------------------------

    def _line(self) -> str:
        last = self._record.said[-1].strip() if self._record.said else ""
        return f"{self._record.now():.0f} s of {self._drill.load.seconds:.0f} s  leader {self._record.leader or '–'}  {last}"

    def _shown(self) -> Group:
        table = Table(title=f"{self._drill.name_zh} · {self._drill.name_en}   {self._record.now():.0f} s")
        for column in ("site", "leads", "epoch", "windows", "worked", "in step"):
            table.add_column(column)
        in_step = self._standing.get(self._record.leader, {}).get("in_step", [])
        for name in self._record.sites:
            one = self._standing.get(name, {})
            if one:
                table.add_row(
                    name, "●" if one["leads"] else "", str(one["epoch"]), f"{one['windows']:,}", f"{one['worked'] + 1:,}",
                    "✓" if name in in_step else "–",
                )  # fmt: skip
            else:
                table.add_row(name, "[red]no answer[/red]", "", "", "", "")
        return Group(table, Text("\n".join(self._record.said[-8:])))
