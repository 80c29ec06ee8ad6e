"""The Ray executor: one long-lived actor a cell. Calls are submitted windows ahead and linked by object references, so the
rows travel from actor to actor and the stages of different windows overlap; the driver carries nothing but promises."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError

from actors import ray_start
from actors.host import Blueprint, FinalReport, StageHost
from actors.pipeline import CellLost
from actors.ray_address import RayUnavailable
from actors.ray_start import Head
from actors.topology import Cell
from actors.wire import Parcel
from credit.errors import InvariantViolation
from credit.subsystem import State, Window

_TELL_EVERY_S = 1.0
Tell = Callable[[str], None]
"""Hears, in words, what is being done while a start takes its time."""


def _silent(_: str) -> None:
    """Tells nobody."""


def titled(cell: Cell) -> str:
    """What the process of a cell's actor is called after ``ray::``, whoever looks at the machine."""
    return f"StageActor({cell})"


class StageActor:
    """The one actor class: hosts whatever its blueprint says."""

    def __init__(self) -> None:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle; actors end by its word

    def build(self, blueprint: Blueprint, state: State | None) -> int:
        """Builds the host of a cell; returns the process it lives in. Not done by `__init__`, whose errors Ray would reword.
        Ray titles an idle actor's process after its class, and a working one's after its task: both are the cell's."""
        self.__class__ = type(titled(blueprint.cell), (StageActor,), {})
        self._host = StageHost(blueprint)
        if state is not None:
            self._host.import_state({name: rows.copy() for name, rows in state.items()})
        return os.getpid()

    def step(self, block: Sequence[Window], *parcels: Parcel) -> Any:
        """A block of windows; returns one parcel a destination, then the report."""
        outputs, report = self._host.step(block, parcels)
        return (*outputs, report) if outputs else report

    def keep(self, *parcels: Parcel) -> None:
        """Mail whose time has not come."""
        self._host.keep(parcels)

    def ask(self, method: str, *arguments: Any) -> Any:
        """A method of the host, between two blocks."""
        return getattr(self._host, method)(*arguments)

    def finish(self) -> FinalReport:
        """Closes the record and returns the final report."""
        return self._host.finish()


RemoteStage = ray.remote(StageActor)


class RayExecutor:
    """Runs cells as Ray actors, on this machine or on the cluster at `address`. The actors of a run have its cells' names, in a
    namespace of their own."""

    name = "ray"

    def __init__(
        self, address: str | None = None, tell: Tell = _silent, head: Head | None = None, own: bool = False
    ) -> None:
        """`address`: a cluster that is there already, `own` where it is one of ours; else `head`, or a new one."""
        self._address, self._tell, self._head, self._own = address, tell, head, own
        self._actors: dict[Cell, Any] = {}
        self._dead: set[Cell] = set()
        self._lives: Counter[Cell] = Counter()
        self._returns: dict[Cell, int] = {}
        self.namespace = f"lendrill-{secrets.token_hex(4)}"
        self.pids: list[int] = []

    def connect(self) -> None:
        """Joins the cluster at the address, or the Ray that was started here. RayUnavailable when that fails."""
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        options: dict[str, Any] = {
            "logging_level": logging.CRITICAL,
            "log_to_driver": False,
            "namespace": self.namespace,
        }
        try:
            if self._address and self._own:
                ray_start.join(self._address, **options)
            elif self._address:
                with ray_start.out_of_the_way():
                    ray.init(address=self._address, **options)
            else:
                self._head = self._head or Head()
                self._head.join(**options)
        except RayUnavailable:
            raise
        except (Exception, SystemExit) as error:
            where = f"no Ray cluster answers at {self._address}" if self._address else "Ray can't start on this machine"
            advice = "check --address, or leave it out to start Ray here" if self._address else "try --executor local"
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise RayUnavailable(f"{where} ({reason}); {advice}") from None

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None:
        """Connects, then builds every cell in an actor of its own and waits until all stand. Where the actors stand already, each
        is built anew in its place; one that was lost gets another process."""
        if not self._actors:
            self._tell(f"Joining Ray at {self._address} …" if self._address else "Starting Ray …")
            self.connect()
        building = []
        for blueprint in blueprints:
            cell = blueprint.cell
            if cell not in self._actors or cell in self._dead:
                self._lives[cell] += 1  # Ray keeps a lost actor's name while anybody may still ask about it
                name = str(cell) if self._lives[cell] == 1 else f"{cell} ({self._lives[cell]})"
                options = {"name": name, "num_cpus": 0, "max_concurrency": 1, "max_restarts": 0}
                self._actors[cell] = RemoteStage.options(**options).remote()
                self._dead.discard(cell)
            actor = self._actors[cell]
            self._returns[cell] = len(blueprint.flow.destinations(cell)) + 1
            building.append(actor.build.remote(blueprint, None if states is None else states[cell]))
        self.pids = self._await(building)

    def _await(self, building: list[Any]) -> list[int]:
        """The processes of all actors. Tells how many actors stand, as often as that changes and no oftener than each second."""
        count, told = len(building), -1
        while told < count:
            ready, _ = ray.wait(building, num_returns=count, timeout=_TELL_EVERY_S)
            self._get(ready)
            if len(ready) > told:
                self._tell(f"{count} actors: {len(ready)} of {count} ready")
            told = len(ready)
        return list(self._get(building))

    def step(self, cell: Cell, block: Sequence[Window], inputs: Sequence[Any]) -> tuple[list[Any], Any]:
        count = self._returns[cell]
        result = self._actors[cell].step.options(num_returns=count, name=titled(cell)).remote(list(block), *inputs)
        return ([], result) if count == 1 else (result[:-1], result[-1])

    def keep(self, cell: Cell, inputs: Sequence[Any]) -> None:
        self._get([self._actors[cell].keep.options(name=titled(cell)).remote(*inputs)])

    def ask(self, cell: Cell, method: str, *arguments: Any) -> Any:
        return self._actors[cell].ask.options(name=titled(cell)).remote(method, *arguments)

    def packed(self, cells: Sequence[Cell]) -> list[Any]:
        return [self.ask(cell, "export_packed") for cell in cells]

    def get(self, handles: Sequence[Any]) -> list[Any]:
        return self._get(list(handles))

    def _get(self, handles: list[Any]) -> list[Any]:
        try:
            return list(ray.get(handles))
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, InvariantViolation) or hasattr(cause, "user_message"):
                raise cause from None
            if isinstance(cause, RayError):  # what a lost actor was to mail to this one
                raise self._lost(cause) from None
            raise
        except RayError as error:
            raise self._lost(error) from None

    def _lost(self, error: RayError) -> CellLost:
        """Ray's words about a lost actor, with the cell it was. That one gets another process when the cells are built anew."""
        which = getattr(error, "actor_id", None)
        cells = [cell for cell, actor in self._actors.items() if actor._actor_id.hex() == which]
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        self._dead.update(cells)
        died = isinstance(error, ActorDiedError)  # Ray's own words are ten lines that blame memory, whatever it was
        why = "its process was killed or died" if died else (lines or [type(error).__name__])[-1][:200]
        return CellLost(cells[0] if cells else None, why)

    def finish(self) -> list[FinalReport]:
        return self._get([actor.finish.remote() for actor in self._actors.values()])

    def stop(self) -> None:
        """Ends the actors; Ray itself too unless it was there before."""
        for actor in self._actors.values():
            with contextlib.suppress(Exception):
                ray.kill(actor)
        self._actors.clear()
        ray.shutdown()
        if self._head is not None:
            self._head.end()
            self._head = None
