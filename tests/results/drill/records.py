"""Makes records of drills: a bank that answers each client at once, but for the spans in which it is told not to. What a test
wants otherwise it changes before the record is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.drill import SERVICES, SITES, Drill

Away = tuple[float, float]
QUICK_S = 0.05
TRY_S = 1.0


@dataclass
class Made:
    """A record in the making: plain lines, as they are in the files."""

    plan: dict[str, Any]
    requests: list[dict[str, Any]] = field(default_factory=list)
    sites: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    final: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.json").write_text(json.dumps(self.plan), encoding="utf-8")
        (folder / "final.json").write_text(json.dumps(self.final), encoding="utf-8")
        for name in ("requests", "sites", "events"):
            lines = "".join(json.dumps(line) + "\n" for line in getattr(self, name))
            (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        return folder

    def tries(self, **of: Any) -> list[dict[str, Any]]:
        return [line for line in self.requests if all(line[name] == value for name, value in of.items())]

    def event(self, t: float, what: str, place: str = "", fault: int | None = None, **more: Any) -> None:
        words = {"text_en": f"{place} {what}", "text_zh": f"{place} {what}（中文）"}
        self.events.append({"t": t, "what": what, "place": place, "to": None, "by": [], "fault": fault} | words | more)
        self.events.sort(key=lambda line: float(line["t"]))


def drill_of(befalls: Sequence[dict[str, Any]] = (), seconds: float = 60, **more: Any) -> Drill:
    expected = {"rto_s": {"all": 10}} | more.pop("expected", {})
    of = {
        "name_zh": "演练",
        "name_en": "A drill",
        "about_zh": "说明。",
        "about_en": "What it is.",
        "befalls": list(befalls),
    }
    return Drill.model_validate(of | {"load": {"seconds": seconds}, "expected": expected} | more)


def made(
    drill: Drill,
    leads: Callable[[float], tuple[str, int]],
    away: dict[str, Sequence[Away]] | Sequence[Away] = (),
    gone: dict[str, Sequence[Away]] | None = None,
    until: float = 1_000.0,
) -> Made:
    """`leads`: who leads at a moment, in which epoch; `away`: when a service (all of them) is not answered; `gone`: when a site
    does not answer who looks at it; `until`: when clients give up."""
    seconds = int(drill.load.seconds)
    record = bare(drill)
    spans = away if isinstance(away, dict) else dict.fromkeys(SERVICES, away)
    case = 1_000
    for tick in range(seconds * 2):
        for place, service in enumerate(SERVICES):
            meant = round(tick * 0.5 + place * 0.05 + 0.01, 3)
            case += 1
            record.requests += asked(meant, service, case, spans.get(service, ()), leads, until)
    for tick in range(seconds * 5 + 1):
        t = round(tick * 0.2, 3)
        leader, epoch = leads(t)
        names = SITES[: drill.bank.sites]
        said = {name: _standing(name, leader, epoch, t, names) for name in names}
        said |= {name: {} for name, times in (gone or {}).items() if any(begin <= t < end for begin, end in times)}
        record.sites.append({"t": t, "sites": said, "held": []})
    record.final = _final(record, drill)
    return record


def bare(drill: Drill) -> Made:
    """A record to which nobody has come yet, and at whose sites nobody looked."""
    plan = {
        "name": "drill", "drill": drill.model_dump(mode="json"), "began": "2026-03-02T02:00:00Z", "release": "0.1.0",
        "machine": {"cores": 2, "memory_mib": 8_000}, "played": True, "bank": {"home": "bank", "founded": True},
    }  # fmt: skip
    record = Made(plan)
    record.final = _final(record, drill)
    return record


def tried(
    name: str, *times: tuple[float, float], service: str = "approval", outcome: str = "acknowledged"
) -> list[dict[str, Any]]:
    """A client's tries, each sent and done at a moment; the last has the outcome."""
    written = service == "applications"
    lines = [
        {
            "t": times[0][0], "sent": sent, "done": done, "id": name, "service": service, "site": "primary", "status": 0,
            "outcome": "again", "case": 0, "written": written,
        }
        for sent, done in times
    ]  # fmt: skip
    lines[-1] |= {"outcome": outcome, "status": 200 if outcome == "acknowledged" else 0}
    return lines


def asked(
    meant: float,
    service: str,
    case: int,
    spans: Sequence[Away],
    leads: Callable[[float], tuple[str, int]],
    until: float = 1_000.0,
) -> list[dict[str, Any]]:
    """A client's tries: each of `TRY_S` while nobody answers, until he gives up."""
    lines = []
    sent = meant
    while True:
        silent = any(begin <= sent + QUICK_S and sent < end for begin, end in spans)
        done = round(sent + (TRY_S if silent else QUICK_S), 3)
        lines.append({
            "t": meant, "sent": sent, "done": done, "id": f"{service}-{case}", "service": service,
            "site": leads(sent)[0], "status": 0 if silent else 200, "outcome": "again" if silent else "acknowledged",
            "case": 0 if silent or service != "applications" else case, "written": service == "applications",
        })  # fmt: skip
        if done >= until:
            lines[-1]["outcome"] = "given_up" if silent else "acknowledged"
        if not silent or done >= until:
            return lines
        sent = round(done + 0.001, 3)


def _standing(name: str, leader: str, epoch: int, t: float, names: Sequence[str]) -> dict[str, Any]:
    windows = int(t * 5)
    return {
        "leads": name == leader, "leader": leader, "epoch": epoch, "in_step": list(names[:2]), "windows": windows,
        "worked": windows, "seal": f"seal-{windows}", "chain": f"chain-{windows}", "damage": "", "queued": 0,
    }  # fmt: skip


def _final(record: Made, drill: Drill) -> dict[str, Any]:
    owed = {line["id"] for line in record.tries(written=True, outcome="acknowledged")}
    tried_again = {line["id"] for line in record.tries(written=True, outcome="again")}
    held = {"windows": 300, "seal": "seal-300", "chain": "chain-300", "replayed": True, "compared": 300}
    return {
        "acknowledged": len(owed), "held": len(owed), "lost": [], "doubled": [],
        "sites": {name: dict(held) for name in SITES[: drill.bank.sites]}, "trial_balance_fen": 0, "postings": 1_200,
        "book": {"loans": 12, "principal_fen": 5_000_000}, "ledger": {"principal_fen": 5_000_000}, "day_ended": True,
        "customers_touched": len(tried_again),
    }  # fmt: skip


LOSE = {"at_s": 20, "what": "lose", "place": "primary", "for_s": 20}


def always(t: float) -> tuple[str, int]:
    return "primary", 1


def after_loss(t: float) -> tuple[str, int]:
    return ("primary", 1) if t < 21.8 else ("same-city", 2)


def lost_primary(**more: Any) -> Made:
    """The primary is lost at 20 s, the same-city site leads at 21.8, and answers from 23 on."""
    expected = {"leader": "same-city", "takeovers": 1, "in_step": 2} | more.pop("expected", {})
    record = made(drill_of([LOSE], expected=expected, **more), after_loss, [(20.0, 23.0)], {"primary": [(20.0, 42.0)]})
    record.event(20.0, "befalls", "primary", 0)
    record.event(21.5, "noticed", "same-city")
    record.event(21.8, "leads", "same-city")
    record.event(40.0, "over", "primary", 0)
    record.event(43.0, "in_step", "primary")
    return record


def uninterrupted() -> Made:
    """A process of the same-city site is killed, and no client notices."""
    record = made(drill_of([{"at_s": 20, "what": "kill", "place": "same-city"}], expected={"takeovers": 0}), always)
    record.event(20.0, "befalls", "same-city", 0)
    return record


def switched() -> Made:
    """Two people switch to the same-city site at 15 s, and back at 40; a second each."""
    switch = {"what": "switch", "question_zh": "切换？", "question_en": "Switch?"}
    decisions = [switch | {"at_s": 14, "site": "same-city"}, switch | {"at_s": 40, "site": "primary"}]
    expected = {"takeovers": 2, "rto_s": {"all": 5}}

    def leads(t: float) -> tuple[str, int]:
        return ("primary", 1) if t < 16 else ("same-city", 2) if t < 41.5 else ("primary", 3)

    record = made(drill_of(decisions=decisions, expected=expected), leads, [(15.0, 16.5), (40.5, 42.0)])
    for place, (asked_at, decided, site) in enumerate([(14.0, 15.0, "same-city"), (40.0, 40.5, "primary")]):
        record.event(asked_at, "asked", site, place)
        record.event(decided, "decided", site, place, by=["王芳", "李强"])
    return record


def twice() -> Made:
    """The primary is lost at 20 s; the same-city site leads at 22, and its conductor is killed before anybody is answered."""
    kill = {"at_s": 22.5, "what": "kill", "place": "same-city"}
    expected = {"leader": "same-city", "takeovers": 1}

    def leads(t: float) -> tuple[str, int]:
        return ("primary", 1) if t < 22 else ("same-city", 2)

    record = made(drill_of([LOSE, kill], expected=expected), leads, [(20.0, 27.0)], {"primary": [(20.0, 42.0)]})
    record.event(20.0, "befalls", "primary", 0)
    record.event(22.0, "leads", "same-city")
    record.event(22.5, "befalls", "same-city", 1)
    record.event(40.0, "over", "primary", 0)
    return record


def hung_for_good() -> Made:
    """The primary hangs at 20 s and nobody takes over: clients give up, and nothing is acknowledged again."""
    expected = {"given_up": 10_000}
    hang = {"at_s": 20, "what": "hang", "place": "primary"}
    drill = drill_of([hang], seconds=30, expected=expected)
    record = made(drill, always, [(20.0, 1_000.0)], {"primary": [(20.0, 99.0)]}, until=30.0)
    record.event(20.0, "befalls", "primary", 0)
    return record


SHAPES = {
    "uninterrupted": uninterrupted,
    "lost": lost_primary,
    "switched": switched,
    "twice": twice,
    "hung": hung_for_good,
}
