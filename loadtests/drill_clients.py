"""Who comes to a bank of several sites while it is drilled: applicants at a rate of their own, and for each service somebody who
looks now and then. Each knows all sites, and asks one after another until he is answered or his patience is over; what he asks to
be written bears one number, whoever he asks. Every try is a line of ``requests.jsonl``.

    python -m loadtests.drill_clients FILE      its content: `Setting`, as JSON"""

from gevent import monkey

monkey.patch_all()

import itertools  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, TextIO  # noqa: E402

import gevent  # noqa: E402
from gevent.pool import Pool  # noqa: E402

from loadtests.client import LOST, SHED, Answer, Client  # noqa: E402
from loadtests.forms import form  # noqa: E402

APPLICATIONS = "applications"
_PAUSE_S = 0.2
_TOKENS_S = 30.0
_REFUSED = range(400, 500)


@dataclass(frozen=True)
class Setting:
    """One drill's clients. Instants are seconds of `time.time`."""

    began: float
    seconds: float
    seed: int
    branches: int
    urls: dict[str, str]
    """By site, in the order in which they are asked."""
    tokens: str
    """A file: an access token by service, written anew before they end."""
    paths: dict[str, str]
    """What is asked for, by service; applications are handed in."""
    applications_s: float
    probes_s: float
    patience_s: float
    try_s: float
    out: str
    cut_off: list[tuple[int, float, float]] = field(default_factory=list)
    """Branches from which nobody reaches any site: which, from when, until when."""


@dataclass
class Asked:
    """Something that somebody wants to be answered."""

    id: str
    service: str
    due: float
    body: bytes = b""
    branch: int = 0


class Clients:
    """All clients of a drill."""

    def __init__(self, setting: Setting, out: TextIO) -> None:
        self._setting, self._out = setting, out
        self._sites = {name: Client(url, setting.try_s) for name, url in setting.urls.items()}
        self._read_at, self._tokens = 0.0, dict[str, str]()

    def run(self) -> None:
        """Begins every request at its instant, then waits for those who are still patient."""
        pool = Pool()
        for asked in self._due():
            gevent.sleep(max(0.0, asked.due - self._now()))
            pool.spawn(self._ask, asked)
        pool.join(self._setting.patience_s + self._setting.try_s)

    def _due(self) -> Iterator[Asked]:
        """All that is asked, in the order of its instants."""
        setting, luck = self._setting, random.Random(f"drill {self._setting.seed}")
        at_a_counter = {branch for branch, _, _ in setting.cut_off}
        found: list[Asked] = []
        at = 0.0
        for number in itertools.count():
            if not setting.applications_s or (at := at + luck.expovariate(setting.applications_s)) > setting.seconds:
                break
            filled = form(setting.seed, number, setting.branches, "mobile_bank")
            if filled["branch"] in at_a_counter:
                filled["channel"] = "counter"
            body = json.dumps(filled, ensure_ascii=False).encode()
            found.append(Asked(f"drill-{setting.seed}-{number}", APPLICATIONS, at, body, filled["branch"]))
        for service in setting.paths:
            for number in range(int(setting.seconds * setting.probes_s)):
                found.append(Asked(f"{service}-{number}", service, (number + luck.random()) / setting.probes_s))
        return iter(sorted(found, key=lambda one: one.due))

    def _ask(self, asked: Asked) -> None:
        names = list(self._sites)
        first = sum(asked.id.encode()) % 2 if len(names) > 1 else 0
        for turn in itertools.count(first):
            site = names[turn % len(names)]
            sent = self._now()
            answer = self._once(asked, site)
            done, outcome = self._now(), "acknowledged"
            if not answer.ok:
                outcome = "refused" if answer.status in _REFUSED and answer.status not in SHED else "again"
                if outcome == "again" and done - asked.due > self._setting.patience_s:
                    outcome = "given_up"
            self._tell(asked, site, sent, done, answer, outcome)
            if outcome != "again":
                return
            gevent.sleep(_PAUSE_S)

    def _once(self, asked: Asked, site: str) -> Answer:
        now = self._now()
        if any(asked.branch == branch and since <= now < until for branch, since, until in self._setting.cut_off):
            return Answer(LOST, sent=now, done=now, why=f"branch {asked.branch} is cut off")
        headers = {"Authorization": f"Bearer {self._token(asked.service)}"}
        if asked.service != APPLICATIONS:
            return self._sites[site].once("GET", self._setting.paths[asked.service], b"", headers)
        headers |= {"Content-Type": "application/json", "Idempotency-Key": asked.id}
        return self._sites[site].once("POST", "/v1/applications", asked.body, headers)

    def _tell(self, asked: Asked, site: str, sent: float, done: float, answer: Answer, outcome: str) -> None:
        line: dict[str, Any] = {
            "t": round(asked.due, 4),
            "sent": round(sent, 4),
            "done": round(done, 4),
            "id": asked.id,
            "service": asked.service,
            "site": site,
            "status": answer.status,
            "outcome": outcome,
            "case": int(answer.json().get("case", 0)) if answer.ok and asked.service == APPLICATIONS else 0,
            "written": asked.service == APPLICATIONS,
            "why": answer.why,
        }
        self._out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._out.flush()

    def _token(self, service: str) -> str:
        if time.time() - self._read_at > _TOKENS_S:
            self._tokens = json.loads(Path(self._setting.tokens).read_text(encoding="utf-8"))
            self._read_at = time.time()
        return self._tokens[service]

    def _now(self) -> float:
        return time.time() - self._setting.began


def main(arguments: list[str]) -> int:
    """See the module's text."""
    [file] = arguments
    setting = Setting(**json.loads(Path(file).read_text(encoding="utf-8")))
    with Path(setting.out).open("w", encoding="utf-8") as out:
        Clients(setting, out).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
