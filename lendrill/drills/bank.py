"""The bank of a drill: founded for it and served by a process of its own, or one that runs already; and brought to where its
services can be called."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from actors.gateway.applications import ZHANG
from credit.identifiers import resident_ids
from credit.times import day_number
from lendrill import bank_file
from lendrill.drills import befall
from lendrill.drills.control import CONTROL
from lendrill.errors import UserError
from lendrill.live import Home, account_of, utc_ms
from lendrill.live_site import WITNESS
from lendrill.sites import NEAR, site_standing
from scenarios.drill import SERVICES, SITES, Drill

_OPENS_S = 180.0
_CLOSES_S = 60.0
_QUIET_S, _IN_STEP_S = 3.0, 30.0
_WAIT_S = 90.0
_TRY_S = 20.0
_APPLICANTS = 12
_DECIDED_DAYS, _LOOK_S = 5, 3.0
"""An application that people decide on is waited for so many days of the bank, each looked at so long."""
_DAYS = 3
"""After so many days the first customer has his money."""
POSTS = {
    "applications": "load", "approval": "initial_approver", "contracts": "load", "disbursement": "load",
    "repayment": "load", "collections": "collector",
}  # fmt: skip
"""Who calls each service: a client, or somebody with a post."""
ADVANCER = "system_administrator"


class DrillBank:
    """A bank of several sites that runs while it is entered."""

    def __init__(self, home: Path, seed: int) -> None:
        """`seed`: of who is its first customer."""
        self.home, self._seed = home, seed
        self.urls: dict[str, str] = {}

    def opened(self) -> None:
        """Waits until it is known where its sites listen. UserError where it does not open."""
        raise NotImplementedError

    @property
    def runs(self) -> bool:
        """Whether it is still served."""
        raise NotImplementedError

    def close(self) -> None:
        """The drill is over."""
        raise NotImplementedError

    # who calls --------------------------------------------------------------------------------------------------------

    def token(self, name: str) -> str:
        """An access token of a client, or of the first person with a post."""
        identity = Home(self.home / "sites" / next(iter(self.urls))).identity_services()
        try:
            return identity.tokens.issue(replace(account_of(identity, name), must_change=False), utc_ms()).access
        finally:
            identity.close()

    def call(self, method: str, path: str, name: str, content: Any = None, **headers: str) -> dict[str, Any]:
        """What any site answers. UserError where none does as it is asked."""
        data = None if content is None else json.dumps(content).encode()
        until, why = time.monotonic() + _WAIT_S, "no site answers"
        headers = {"Authorization": f"Bearer {self.token(name)}", "Content-Type": "application/json"} | headers
        while time.monotonic() < until:
            for url in self.urls.values():
                request = urllib.request.Request(url + path, data, headers, method=method)
                try:
                    with urllib.request.urlopen(request, timeout=_TRY_S) as answer:
                        found: dict[str, Any] = json.loads(answer.read())
                        return found
                except urllib.error.HTTPError as error:
                    why = f"{error.code} {error.read()[:300].decode(errors='replace')}"
                    if error.code < 500:
                        raise UserError(f"the drill's bank refuses {method} {path}: {why}") from None
                except (OSError, ValueError) as error:
                    why = str(error)
            time.sleep(0.2)
        raise UserError(f"{method} {path}: {why}")

    # where its services can be called ---------------------------------------------------------------------------------

    def with_a_loan(self) -> dict[str, str]:
        """Somebody like Mr Zhang applies, signs and is paid out; what is called, by service, to see whether it is there."""
        case = self._offered()
        contract = f"/v1/applications/{case}/contract"
        offered = self.call("GET", contract, "load")
        which = {name: offered.get(name) for name in ("round", "attempt")}
        confirmed = self.call("POST", f"{contract}/confirmation", "load", which)["confirmation"]
        self.call("POST", f"{contract}/signature", "load", {"confirmation": confirmed, "mode": offered["mode"]})
        self.advance(self.next_opening(_DAYS))
        shown = self._until(f"/v1/applications/{case}", "load", lambda shown: bool(shown.get("loans")))
        loan = shown["loans"][0]
        number = loan["loan"] if isinstance(loan, dict) else loan
        return {
            "approval": "/v1/tasks",
            "contracts": contract,
            "disbursement": f"/v1/loans/{number}/disbursement",
            "repayment": f"/v1/loans/{number}/schedule",
            "collections": "/v1/collections/tasks",
        }

    def _offered(self) -> str:
        """A case with a contract to sign: of the first of a few applicants who is approved."""
        for person in self._applicants():
            case = str(self.call("POST", "/v1/applications", "load", person, Prefer="wait=20")["case"])
            if self._decided(case) == "contract":
                return case
        raise UserError(f"the drill's bank approves none of {_APPLICANTS} applicants", "drill a bank that lends")

    def _decided(self, case: str) -> str:
        """What became of an application, or where it still is after as many days as people may take."""
        for _ in range(_DECIDED_DAYS):
            until = time.monotonic() + _LOOK_S
            while time.monotonic() < until:
                step = str(self.call("GET", f"/v1/applications/{case}", "load")["step"])
                if step in ("contract", "closed"):
                    return step
                time.sleep(0.2)
            self.advance(self.next_opening())
        return step

    def _applicants(self) -> Iterator[dict[str, Any]]:
        born = day_number(dt.date(1985, 1, 1)) + self._seed % 3_000
        for number in resident_ids(
            110105, born, np.arange(1 + self._seed % 900, _APPLICANTS + 1 + self._seed % 900)
        ).tolist():
            yield ZHANG | {"id_number": number}

    def _until(self, path: str, name: str, holds: Any) -> dict[str, Any]:
        until = time.monotonic() + _WAIT_S
        while time.monotonic() < until:
            if holds(shown := self.call("GET", path, name)):
                return shown
            time.sleep(0.2)
        raise UserError(f"the drill's bank has not come so far: {path} says {json.dumps(shown)[:300]}")

    def next_opening(self, days: int = 1) -> str:
        """Nine o'clock so many days after the bank's date."""
        return f"{self.date() + dt.timedelta(days=days)}T09:00"

    def date(self) -> dt.date:
        """The bank's date."""
        return dt.datetime.fromisoformat(self.call("GET", "/v1/clock", ADVANCER)["now"]).date()

    def advance(self, to: str) -> None:
        """Moves the business date on; who asks again asks for the same."""
        try:
            self.call("POST", "/v1/clock/advance", ADVANCER, {"to": to})
        except UserError:  # the answer was lost, and the bank is there already
            if str(self.call("GET", "/v1/clock", ADVANCER)["now"])[:16] < to:
                raise

    def write_tokens(self, file: Path) -> None:
        """An access token for each service's caller, for the clients' process to read."""
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        tokens = {name: self.token(name) for name in set(POSTS.values())}
        fresh.write_text(json.dumps({service: tokens[POSTS[service]] for service in SERVICES}), encoding="utf-8")
        fresh.replace(file)

    def __enter__(self) -> DrillBank:
        return self

    def __exit__(self, *of: object) -> None:
        with contextlib.suppress(OSError, UserError):
            self.close()


class FoundedBank(DrillBank):
    """A bank that is founded for the drill and ends with it."""

    def __init__(self, drill: Drill, home: Path, log: Path, options: Sequence[str] = ()) -> None:
        """`options`: what `lendrill serve` is told besides."""
        super().__init__(home, 1)
        bank = drill.bank
        command = [
            sys.executable, "-m", "lendrill", "serve", bank.scenario, "--home", str(home), "--port", "0",
            "--sites", str(bank.sites), "--executor", bank.executor, "--gateways", str(bank.gateways), "--clock", "business",
            "--takeover-after", str(bank.takeover_after_s),
        ]  # fmt: skip
        if bank.sites == len(SITES):
            command += ["--remote-after", str(bank.remote_after_s)]
        if bank.portfolio:
            command += ["--seed-portfolio", str(bank.portfolio)]
        command += options
        self._log = log
        with log.open("wb") as said:
            self._process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)

    def opened(self) -> None:
        """Waits until it says where its sites listen. UserError with its last words where it does not."""
        until = time.monotonic() + _OPENS_S
        while time.monotonic() < until and self._process.poll() is None:
            said = self._log.read_text(encoding="utf-8", errors="replace")
            if "Health of all sites" in said:
                self.urls = dict(re.findall(r", ([a-z-]+): (http://\S+) \(API", said))
                return
            time.sleep(0.1)
        words = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise UserError(f"the drill's bank does not open: {words[-1] if words else 'it said nothing'}")

    def _applicants(self) -> Iterator[dict[str, Any]]:
        yield ZHANG
        yield from super()._applicants()

    @property
    def runs(self) -> bool:
        """Whether it is still served."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends it in order."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_CLOSES_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class RunningBank(DrillBank):
    """A bank that `lendrill serve --sites` serves, and that goes on when the drill is over, with all mended."""

    def opened(self) -> None:
        """Asks where its sites listen. UserError where it does not stand as drills begin: the first site leads, the near ones are
        in step."""
        self.urls = befall.told(self.home, CONTROL, {"do": "listens"})
        first, *others = list(self.urls)[:NEAR]
        until = time.monotonic() + _IN_STEP_S
        while True:
            standing = site_standing(self.home / "sites" / first)
            if not standing.get("leads"):
                raise UserError(
                    f"{self.home}: {first} does not lead, as it does when a drill begins",
                    f"lendrill sites switch {self.home} {first} --by NAME --by NAME",
                )
            behind = [name for name in others if name not in standing["in_step"]]
            if not behind:
                return
            if time.monotonic() > until:
                raise UserError(
                    f"{self.home}: {', '.join(behind)} is not in step", "lendrill sites show says how it stands"
                )
            time.sleep(0.2)

    @property
    def runs(self) -> bool:
        """Whether it is still served."""
        with contextlib.suppress(UserError):
            return bool(befall.told(self.home, CONTROL, {"do": "listens"}))
        return False

    def close(self) -> None:
        """Mends what the drill broke, and waits until nothing more happens: the sites' books are looked at next."""
        befall.mend(self.home)
        until, stood, since = time.monotonic() + _CLOSES_S, None, 0.0
        while time.monotonic() < until:
            seals = {site_standing(self.home / "sites" / name).get("seal") for name in self.urls}
            if len(seals) > 1 or seals != stood:
                stood, since = seals, time.monotonic()
            elif time.monotonic() - since > _QUIET_S:
                return
            time.sleep(0.2)


def fitted(drill: Drill, home: Path) -> Drill:
    """The drill, of the bank that runs in a home in place of the one that its file speaks of. UserError where no bank of several
    sites runs there, it is none that can be drilled, or the drill does not fit it."""
    processes = befall.told(home, CONTROL, {"do": "processes"})
    bank = bank_file.read(home)
    if bank["clock"] != "business":
        raise UserError(
            f"{home}: the bank is on the wall clock, and a drill ends its days",
            "drill one that is served with --clock business",
        )
    takeover_s, remote_s = bank["terms_s"]
    children = next(of for name, of in processes.items() if name != WITNESS)
    its = {
        "scenario": bank["name"], "sites": len(bank["sites"]), "executor": bank["executor"], "takeover_after_s": takeover_s,
        "gateways": sum(name.startswith("gateway-") for name in children),
    }  # fmt: skip
    its |= {"remote_after_s": remote_s, "remote_delay_ms": 0} if len(bank["sites"]) == len(SITES) else {}
    try:
        return Drill.model_validate(drill.model_dump(exclude_unset=True) | {"bank": its})
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(f"{home}: the drill does not fit the bank: {why}") from None
