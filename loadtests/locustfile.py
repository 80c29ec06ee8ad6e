"""Load for a live bank: ``locust -f loadtests/locustfile.py --host http://127.0.0.1:8000``, with its page or headless, with as
many workers as wanted. Arrivals follow a schedule (see `loadtests.schedule`) and not Locust's number of users: each process
runs one of its users, who begins visits at their instants. Results go to `--out`: ``seconds.jsonl`` while the test runs and
``load.json`` at its end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import gevent
import locust.runners
from locust import LoadTestShape, User, events, task
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from loadtests.accounts import CREDENTIALS, Accounts, BadCredentials, accounts
from loadtests.arrivals import PATIENCE_S, Arrivals
from loadtests.client import Client
from loadtests.door import EXIT_BAD_INPUT, NotLetIn, branches_of
from loadtests.inspection import inspect
from loadtests.recorder import Recorder
from loadtests.results import write_load, write_seconds
from loadtests.schedule import SHAPES, BadSchedule, Schedule, given, shaped
from loadtests.visitors import NobodyComes, comers, endpoints_of, mixed
from loadtests.visits import Session

locust.runners.WORKER_REPORT_INTERVAL = 1.0
_PLAN = "lendrill-plan"
_SPARE_S = 15.0
recorder = Recorder()
writers: list[Any] = []
"""What writes seconds while a test runs."""
plan: dict[str, Any] = {"place": 0, "of": 1, "run": "0"}


@events.init_command_line_parser.add_listener
def _(parser: Any) -> None:
    parser.add_argument("--rate", type=float, default=20.0, help="Arrivals a second, at the schedule's highest.")
    parser.add_argument("--duration", type=float, default=60.0, help="Seconds.")
    parser.add_argument("--shape", choices=list(SHAPES), default="constant", help="How the rate goes.")
    parser.add_argument("--instants", default="", help="A file of instants (JSON or CSV, seconds) instead of a shape.")
    parser.add_argument("--mix", default="", help="Who comes: third_party=3,reader=1 (default: everybody).")
    parser.add_argument("--seed", type=int, default=1, help="Seed of instants, visitors and forms.")
    parser.add_argument("--warmup", type=float, default=0.0, help="Seconds whose figures don't count.")
    parser.add_argument("--branches", type=int, default=0, help="Branches that forms go to (0: all of the bank's).")
    parser.add_argument("--decision-wait", type=int, default=10, help="Seconds that a customer waits for his decision.")
    parser.add_argument("--out", default="", help="Folder for the results.", include_in_web_ui=False)


def schedule_of(options: Any) -> Schedule:
    """The schedule that was asked for; BadSchedule where it can't be."""
    if options.instants:
        return given(Path(options.instants))
    return shaped(options.shape, float(options.rate), float(options.duration))


@events.init.add_listener
def _(environment: Any, **_: Any) -> None:
    try:
        schedule_of(environment.parsed_options)
        mixed(environment.parsed_options.mix)
        accounts(os.environ.get(CREDENTIALS, ""))
    except (BadSchedule, NobodyComes, BadCredentials) as error:
        sys.stderr.write(f"locust: {error}\n")
        sys.stderr.flush()
        environment.process_exit_code = EXIT_BAD_INPUT
        sys.exit(EXIT_BAD_INPUT)
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.register_message(_PLAN, lambda environment, msg, **_: plan.update(msg.data))  # noqa: ARG005


@events.test_start.add_listener
def _(environment: Any, **_: Any) -> None:
    """A new test: empty figures; the gathering process deals the schedule."""
    recorder.reset()
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        return
    run = f"{time.time_ns():x}"
    if isinstance(runner, MasterRunner):
        workers = runner.clients.ready + runner.clients.running + runner.clients.spawning
        plan.update(of=len(workers), run=run)
        for place, worker in enumerate(workers):
            runner.send_message(_PLAN, {"place": place, "of": len(workers), "run": run}, client_id=worker.id)
    else:
        plan.update(place=0, of=1, run=run)
    if environment.parsed_options.out:
        writers.append(runner.greenlet.spawn(_write_while_running, environment))


@events.report_to_master.add_listener
def _(data: dict[str, Any], **_: Any) -> None:
    data["lendrill"] = recorder.drain()


@events.worker_report.add_listener
def _(data: dict[str, Any], **_: Any) -> None:
    if "lendrill" in data:
        recorder.merge(data["lendrill"])


@events.test_stop.add_listener
def _(environment: Any, **_: Any) -> None:
    out = environment.parsed_options.out
    while writers:
        writers.pop().kill()
    if out and isinstance(environment.runner, LocalRunner | MasterRunner):
        write_seconds(Path(out), recorder)
        options = environment.parsed_options
        write_load(Path(out), recorder, schedule_of(options), float(options.warmup))


@events.quitting.add_listener
def _(environment: Any, **_: Any) -> None:
    """Refused requests are results; whether they are too many is not Locust's to say."""
    if environment.process_exit_code is None:
        environment.process_exit_code = 0


def _write_while_running(environment: Any) -> None:
    out, behind = Path(environment.parsed_options.out), 1 if isinstance(environment.runner, LocalRunner) else 3
    began, written = time.perf_counter(), 0
    while environment.runner.state not in ("stopping", "stopped", "cleanup"):
        gevent.sleep(0.5)
        if not recorder.cells:  # people sign in before the first visit
            began = time.perf_counter()
        until = int(time.perf_counter() - began) - behind
        if until > written:
            write_seconds(out, recorder, written, until)
            written = until


class OpenModel(LoadTestShape):
    """One of Locust's users for each process, until every process has ended its part of the schedule."""

    def tick(self) -> tuple[int, float] | None:
        """See Locust."""
        assert self.runner is not None
        options = self.runner.environment.parsed_options
        over = self.get_run_time() > schedule_of(options).duration_s + PATIENCE_S + _SPARE_S
        if over or len(recorder.finished) >= plan["of"]:
            return None
        processes = len(self.runner.clients.all) if isinstance(self.runner, MasterRunner) else 1
        return max(1, processes), 100.0


class Visitors(User):
    """All who come through this process."""

    def on_start(self) -> None:
        self._client: Client | None = None
        self._arrivals: Arrivals | None = None

    @task
    def come(self) -> None:
        """The process's part of the schedule, once."""
        options = self.environment.parsed_options
        if plan["place"] not in recorder.finished and plan["place"] < plan["of"]:
            try:
                self._come(options)
            except (NobodyComes, NotLetIn) as error:
                recorder.failure(str(error))
                sys.stderr.write(f"locust: {error}\n")
                self.environment.process_exit_code = EXIT_BAD_INPUT
            recorder.finished.add(plan["place"])
        gevent.sleep(3_600)

    def _come(self, options: Any) -> None:
        self._client = client = Client(self.environment.host or self.host or "http://127.0.0.1:8000")
        known = accounts(os.environ.get(CREDENTIALS, ""), plan["place"], plan["of"])
        visitors, weights = comers(options.mix, endpoints_of(client), known)
        branches = branches_of(client, known, int(options.branches))
        session = Session(
            client, recorder, self._report, int(options.seed), plan["run"], branches,
            int(options.decision_wait), warmup_s=int(options.warmup), accounts=known,
        )  # fmt: skip
        for account in [
            known.system(),
            *(one for who in visitors if who.applies for one in known.with_post(*who.posts)),
        ]:
            client.sign_in(account)
        self._arrivals = Arrivals(session, schedule_of(options), visitors, weights, plan["place"], plan["of"])
        self._arrivals.run()
        found = inspect(session, accounts(os.environ.get(CREDENTIALS, "")) if plan["place"] == 0 else Accounts())
        recorder.inspected.update(found)  # in two steps: what is told meanwhile begins a new counter

    def on_stop(self) -> None:
        if self._arrivals is not None:
            self._arrivals.stop()
        if self._client is not None:
            self._client.close()

    def _report(self, method: str, name: str, seconds: float, length: int, why: str) -> None:
        self.environment.events.request.fire(
            request_type=method,
            name=name,
            response_time=seconds * 1e3,
            response_length=length,
            exception=Exception(why) if why else None,
            context={},
        )
