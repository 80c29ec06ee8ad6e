"""The record of a drill: what was seen, as it was seen, a line a thing. `results.drill` makes the evidence of it.

plan.json   requests.jsonl   sites.jsonl   events.jsonl   final.json"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lendrill.sites import site_standing
from results.drill.words import PLACES

LOOK_S = 0.2
_PATIENCE_S = 0.6
"""A site that says nothing for so long does not answer."""


def _chinese(text: str) -> str:
    for name, (_, chinese) in PLACES.items():
        text = text.replace(name, chinese)
    return text


class Record:
    """Written while a drill goes on. Instants are seconds since it began."""

    def __init__(self, folder: Path, home: Path, sites: list[str]) -> None:
        self.folder, self._home, self.sites = folder, home, sites
        self.began = time.time()
        self._events = (folder / "events.jsonl").open("w", encoding="utf-8")
        self._looks = (folder / "sites.jsonl").open("w", encoding="utf-8")
        self.leader, self._in_step, self._silent = "", frozenset[str](), frozenset[str]()
        self._lookers = ThreadPoolExecutor(len(sites))
        self.said: list[str] = []
        """The events so far, as a person reads them."""

    def now(self) -> float:
        """Seconds since the drill began."""
        return time.time() - self.began

    def event(self, what: str, words: tuple[str, str], place: str = "", to: str = "", **more: Any) -> None:
        """Something that happened, now or at the instant `t` of `more`; `words`: in Chinese and in English."""
        now = round(more.pop("t", self.now()), 3)
        words = _chinese(words[0]), words[1]
        line = {"t": now, "what": what, "place": place, "to": to, "text_zh": words[0], "text_en": words[1]}
        self._events.write(json.dumps({"by": [], "fault": None} | line | more, ensure_ascii=False) + "\n")
        self._events.flush()
        self.said.append(f"{now:7.1f} s  {words[1]}")

    def look(self, held: list[str]) -> dict[str, dict[str, Any]]:
        """How the sites stand now, written down, and what has changed since the last look as events."""
        found = self._lookers.map(lambda name: site_standing(self._home / "sites" / name, _PATIENCE_S), self.sites)
        standing = dict(zip(self.sites, found, strict=True))
        line = {"t": round(self.now(), 3), "sites": standing, "held": held}
        self._looks.write(json.dumps(line) + "\n")
        self._looks.flush()
        silent = frozenset(name for name, one in standing.items() if not one)
        for name in sorted(silent - self._silent):
            self.event("noticed", (f"{name} 没有应答", f"{name} does not answer"), name)
        self._silent = silent
        leading = [(one["epoch"], name) for name, one in standing.items() if one.get("leads")]
        if leading and max(leading)[1] != self.leader:
            epoch, self.leader = max(leading)
            self.event(
                "leads", (f"{self.leader} 接管（第 {epoch} 任）", f"{self.leader} leads, epoch {epoch}"), self.leader
            )
        if leading:
            in_step = frozenset(standing[max(leading)[1]]["in_step"])
            for name in sorted(in_step - self._in_step):
                self.event("in_step", (f"{name} 已同步", f"{name} is in step"), name)
            for name in sorted(self._in_step - in_step):
                self.event("out_of_step", (f"{name} 失步", f"{name} is out of step"), name)
            self._in_step = in_step
        return standing

    @property
    def in_step(self) -> int:
        """How many sites hold everything."""
        return len(self._in_step)

    def write(self, name: str, content: dict[str, Any]) -> None:
        """One of the record's documents."""
        (self.folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def close(self) -> None:
        """Nothing more is written."""
        self._lookers.shutdown()
        self._events.close()
        self._looks.close()
