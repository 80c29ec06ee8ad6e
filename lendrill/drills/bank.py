"""The bank of a drill: founded for it, served by a process of its own, and brought to where its services can be called."""

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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from actors.gateway.applications import ZHANG
from lendrill.errors import UserError
from lendrill.live import Home, account_of, utc_ms
from scenarios.drill import SERVICES, SITES, Drill

_OPENS_S = 180.0
_CLOSES_S = 60.0
_WAIT_S = 90.0
_TRY_S = 20.0
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

    def __init__(self, drill: Drill, home: Path, log: Path, options: Sequence[str] = ()) -> None:
        """`options`: what `lendrill serve` is told besides."""
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
        self.home, self._log = home, log
        with log.open("wb") as said:
            self._process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        self.urls: dict[str, str] = {}

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

    @property
    def runs(self) -> bool:
        """Whether it is still served."""
        return self._process.poll() is None

    def close(self) -> int:
        """Ends it in order; its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_CLOSES_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode

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
        """Mr Zhang applies, signs and is paid out; what is called, by service, to see whether it is there."""
        case = self.call("POST", "/v1/applications", "load", ZHANG, Prefer="wait=20")["case"]
        contract = f"/v1/applications/{case}/contract"
        self._until(f"/v1/applications/{case}", "load", lambda shown: shown.get("step") == "contract")
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
        with contextlib.suppress(OSError):
            self.close()
