"""The record of a drill as it was written while the drill ran, read and typed. Times are seconds since the drill began.

plan.json        the drill, the machine, who leads it, the bank at opening
requests.jsonl   a line a try of a client         sites.jsonl   how each site stood, some times a second
events.jsonl     what befell, what people did     final.json    what was found in the bank afterwards"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from results.drill.words import OUTCOMES, SERVICES, SITES
from results.folder import RunFolderError

T = TypeVar("T")
PLAN, FINAL = "plan.json", "final.json"
ANSWERED = frozenset({"acknowledged", "refused"})
"""Outcomes that are an answer."""


class RecordError(RunFolderError):
    """A record that can't be read: what, in which file and line."""


@dataclass(frozen=True)
class Try:
    """One try of a client."""

    t: float
    """When he first meant it (the intended start), the same for all tries of a request."""
    sent: float
    done: float
    id: str
    service: str
    site: str
    """Which was asked."""
    status: int
    """Of HTTP; 0 where nothing answered."""
    outcome: str
    case: int = 0
    written: bool = False
    """Writes to the bank's books: what is acknowledged must be in the bank afterwards."""


@dataclass(frozen=True)
class Event:
    """Something that befell, was noticed, or was decided."""

    t: float
    what: str
    place: str
    to: str
    words: tuple[str, str]
    """English and Chinese."""
    by: tuple[str, ...]
    fault: int | None = None
    """Place in the drill's `befalls`."""
    decision: int | None = None
    """Place in the drill's `decisions`, of what people were asked."""


@dataclass(frozen=True)
class Sample:
    """How each site said that it stood; empty where it did not answer."""

    t: float
    sites: dict[str, dict[str, Any]]
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """All tries of one client's wish, in the order in which they ended."""

    tries: tuple[Try, ...]

    @property
    def id(self) -> str:
        """The client's own number of it."""
        return self.tries[0].id

    @property
    def service(self) -> str:
        """What he asked for."""
        return self.tries[0].service

    @property
    def t(self) -> float:
        """The intended start."""
        return self.tries[0].t

    @property
    def answer(self) -> Try | None:
        """The try that was answered first; None where none was."""
        return next((one for one in self.tries if one.outcome in ANSWERED), None)

    @property
    def acknowledged(self) -> Try | None:
        """The try that was acknowledged first."""
        return next((one for one in self.tries if one.outcome == "acknowledged"), None)

    @property
    def until(self) -> float:
        """When it was answered, or the last try ended."""
        return self.answer.done if self.answer else self.tries[-1].done

    @property
    def wait_s(self) -> float:
        """From the intended start to the answer; infinite where there was none."""
        return self.answer.done - self.t if self.answer else float("inf")


@dataclass(frozen=True)
class Record:
    """All of it."""

    plan: dict[str, Any]
    tries: tuple[Try, ...]
    requests: tuple[Request, ...]
    """In the order of their intended starts."""
    samples: tuple[Sample, ...]
    events: tuple[Event, ...]
    final: dict[str, Any]

    @property
    def drill(self) -> dict[str, Any]:
        """The drill as planned."""
        return self.plan["drill"]  # type: ignore[no-any-return]

    @property
    def sites(self) -> tuple[str, ...]:
        """The bank's sites."""
        return tuple(SITES)[: self.drill["bank"]["sites"]]

    @cached_property
    def ends(self) -> float:
        """The last moment of which anything is known."""
        times = [one.t for one in self.samples] + [one.t for one in self.events] + [one.done for one in self.tries]
        return max(times, default=0.0)


_PLAN = ("name", "drill", "began", "release", "machine", "bank")
_FINAL = ("acknowledged", "held", "lost", "doubled", "sites", "day_ended", "customers_touched")
_ASKED = frozenset({"asked", "decided", "refused"})


def read(folder: Path) -> Record:
    """The record of a drill's folder. RecordError where it can't be read as one."""
    plan, final = _whole(folder / PLAN, _PLAN), _whole(folder / FINAL, _FINAL)
    faults = len(plan["drill"]["befalls"])
    tries = tuple(_lines(folder / "requests.jsonl", _try))
    by_id: dict[str, list[Try]] = {}
    for one in sorted(tries, key=lambda one: (one.done, one.sent)):
        by_id.setdefault(one.id, []).append(one)
    requests = sorted((Request(tuple(of)) for of in by_id.values()), key=lambda one: (one.t, one.id))
    samples = sorted(_lines(folder / "sites.jsonl", _sample), key=lambda one: one.t)
    events = sorted(_lines(folder / "events.jsonl", partial(_event, faults)), key=lambda one: one.t)
    return Record(plan, tries, tuple(requests), tuple(samples), tuple(events), final)


def _whole(file: Path, needed: tuple[str, ...]) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{file}: can't read a drill's record ({error.strerror})") from None
    except ValueError as error:
        raise RecordError(f"{file}: not valid JSON: {error}") from None
    missing = [name for name in needed if not isinstance(found, dict) or name not in found]
    if missing:
        raise RecordError(f"{file}: without {', '.join(missing)}")
    return found  # type: ignore[no-any-return]


def _lines(file: Path, made: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise RecordError(f"{file}: can't read a drill's record ({why})") from None
    for number, line in enumerate(text.splitlines(), 1):
        try:
            yield made(json.loads(line))
        except KeyError as missing:
            raise RecordError(f"{file}:{number}: without {missing.args[0]}") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise RecordError(f"{file}:{number}: not a line of a drill's record: {error}") from None


def _known(field: str, value: Any, known: dict[str, Any]) -> str:
    if value not in known:
        raise ValueError(f"{field} {value!r}; right is one of {', '.join(known)}")
    return str(value)


def _try(line: dict[str, Any]) -> Try:
    t, sent, done = float(line["t"]), float(line["sent"]), float(line["done"])
    if not 0 <= t <= sent <= done:
        raise ValueError(f"meant at {t:g}, sent at {sent:g}, done at {done:g}: right is 0 <= meant <= sent <= done")
    return Try(
        t,
        sent,
        done,
        str(line["id"]),
        _known("service", line["service"], SERVICES),
        _known("site", line["site"], SITES),
        int(line["status"]),
        _known("outcome", line["outcome"], OUTCOMES),
        int(line.get("case") or 0),
        bool(line.get("written", False)),
    )


def _event(faults: int, line: dict[str, Any]) -> Event:
    """An event's `fault` counts the drill's befalls first, then its decisions."""
    what, of = str(line["what"]), line.get("fault")
    asked = of if what in _ASKED else None
    return Event(
        float(line["t"]),
        what,
        line.get("place") or "",
        line.get("to") or "",
        (line.get("text_en") or "", line.get("text_zh") or ""),
        tuple(line.get("by") or ()),
        of if asked is None else None,
        asked - faults if asked is not None else None,
    )


def _sample(line: dict[str, Any]) -> Sample:
    sites = {_known("site", name, SITES): dict(said or {}) for name, said in line["sites"].items()}
    return Sample(float(line["t"]), sites, tuple(line.get("held") or ()))
