"""The Ray executor: one long-lived actor a cell. Calls are submitted windows ahead and linked by object references, so the
rows travel from actor to actor and the stages of different windows overlap; the driver carries nothing but promises."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from actors.host import Blueprint, FinalReport, StageHost
from actors.ray_address import RayUnavailable
from actors.topology import Cell
from actors.wire import Parcel
from credit.errors import InvariantViolation
from credit.subsystem import State, Window

_SPARE = 8


class StageActor:
    """The one actor class: hosts whatever its blueprint says."""

    def __init__(self, blueprint: Blueprint, state: State | None) -> None:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle; actors end by its word
        self._host = StageHost(blueprint)
        if state is not None:
            self._host.import_state({name: rows.copy() for name, rows in state.items()})

    def ready(self) -> int:
        """The process that hosts the cell."""
        return os.getpid()

    def step(self, block: Sequence[Window], *parcels: Parcel) -> Any:
        """A block of windows; returns one parcel a destination, then the report."""
        outputs, report = self._host.step(block, parcels)
        return (*outputs, report) if outputs else report

    def keep(self, *parcels: Parcel) -> None:
        """Mail whose time has not come."""
        self._host.keep(parcels)

    def finish(self) -> FinalReport:
        """Closes the record and returns the final report."""
        return self._host.finish()


RemoteStage = ray.remote(StageActor)


class RayExecutor:
    """Runs cells as Ray actors, on this machine or on the cluster at `address`."""

    name = "ray"

    def __init__(self, address: str | None = None, cpus: int | None = None) -> None:
        self._address = address
        self._cpus = cpus
        self._actors: dict[Cell, Any] = {}
        self._returns: dict[Cell, int] = {}
        self.pids: list[int] = []

    def connect(self, actors: int = 0) -> None:
        """Starts Ray here for so many actors, or joins the cluster at the address. RayUnavailable when that fails."""
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False, "ignore_reinit_error": True}
        if self._address:
            options["address"] = self._address
        else:
            options |= {
                "include_dashboard": False,
                "num_cpus": self._cpus or os.cpu_count(),
                # Actors here take no processor of their own, so Ray would warn that there are too many of them.
                "_system_config": {"worker_maximum_startup_concurrency": actors + _SPARE},
            }
        try:
            ray.init(**options)
        except (Exception, SystemExit) as error:
            where = f"no Ray cluster answers at {self._address}" if self._address else "Ray can't start on this machine"
            advice = "check --address, or leave it out to start Ray here" if self._address else "try --executor local"
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise RayUnavailable(f"{where} ({reason}); {advice}") from None

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None:
        """Connects, then builds every cell in an actor of its own and waits until all stand."""
        self.connect(len(blueprints))
        for blueprint in blueprints:
            cell = blueprint.cell
            options = {"num_cpus": 0, "max_concurrency": 1, "max_restarts": 0}
            state = None if states is None else states[cell]
            self._actors[cell] = RemoteStage.options(**options).remote(blueprint, state)
            self._returns[cell] = len(blueprint.flow.destinations(cell)) + 1
        self.pids = self._get([actor.ready.remote() for actor in self._actors.values()])

    def step(self, cell: Cell, block: Sequence[Window], inputs: Sequence[Any]) -> tuple[list[Any], Any]:
        count = self._returns[cell]
        result = self._actors[cell].step.options(num_returns=count).remote(list(block), *inputs)
        return ([], result) if count == 1 else (result[:-1], result[-1])

    def keep(self, cell: Cell, inputs: Sequence[Any]) -> None:
        self._get([self._actors[cell].keep.remote(*inputs)])

    def get(self, handles: Sequence[Any]) -> list[Any]:
        return self._get(list(handles))

    def _get(self, handles: list[Any]) -> list[Any]:
        try:
            return list(ray.get(handles))
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, InvariantViolation) or hasattr(cause, "user_message"):
                raise cause from None
            raise
        except RayError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise RayUnavailable(f"an actor was lost: {lines[0][:160]} … {lines[-1][:200]}") from None

    def finish(self) -> list[FinalReport]:
        return self._get([actor.finish.remote() for actor in self._actors.values()])

    def stop(self) -> None:
        """Ends the actors; Ray itself too unless it was there before."""
        for actor in self._actors.values():
            with contextlib.suppress(Exception):
                ray.kill(actor)
        self._actors.clear()
        ray.shutdown()
