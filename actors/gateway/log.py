"""The gateway's part of the operation log (SEC-11, API-10): every call, written in batches so that no answer waits for the disk.
A process that is killed takes the calls of its last moment along; what the bank did stands in the day book all the same."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
from starlette.types import Scope

from actors.identity.audit import Audit, Deed
from actors.identity.masking import masked_path
from credit.numbers import entity_of_task

REQUEST_ID = b"x-request-id"
_EVERY_S = 0.25
_WAITING_MAX = 50_000
_log = logging.getLogger(__name__)


def entity_of(scope: Any) -> str:
    """The case or loan that a call names, by its task or itself, or the case that it made; empty where it is about none."""
    known = {"case": scope.get("state", {}).get("case", "")} | (scope.get("path_params") or {})
    if task := known.get("task"):
        number = str(task).rpartition("-")[2]
        return str(int(entity_of_task(np.array(int(number))))) if re.fullmatch(r"[0-9]{5,19}", number) else ""
    return next((str(known[name]) for name in ("loan", "case") if known.get(name)), "")


def request_of(scope: Scope) -> str:
    """The number of a request: its caller's own, where he gives one that can be written down, else one that is drawn."""
    given = dict(scope["headers"]).get(REQUEST_ID, b"").decode("latin-1")
    return given if re.fullmatch(r"[\w.:-]{1,64}", given, re.ASCII) else secrets.token_hex(8)


def write_line(scope: Scope, request: str, status: int, took_s: float) -> None:
    """One call as a line of the process's log."""
    caller = scope.get("state", {}).get("caller")
    path = masked_path(scope["path"][:500])
    said = {
        "request": request,
        "about": entity_of(scope),
        "caller": caller.subject if caller else "",
        "method": scope["method"],
        "path": path,
        "status": status,
        "ms": round(took_s * 1e3, 2),
    }
    _log.info("%s %s: %d", scope["method"], path, status, extra={"said": said})


class OperationLog:
    """Calls on their way into the log of one gateway process."""

    def __init__(self, audit: Audit, clock: Callable[[], int]) -> None:
        self._audit, self._clock = audit, clock
        self._waiting: list[Deed] = []
        self._task: asyncio.Task[None] | None = None
        self.lost = 0
        """Calls that could not be kept, because the log could not be written for long."""

    def add(self, scope: Any, status: int, took_s: float) -> None:
        """One call, answered."""
        state = scope.get("state", {})
        caller, tried = state.get("caller"), state.get("tried", "")
        if len(self._waiting) >= _WAITING_MAX:
            self.lost += 1
            return
        entity = entity_of(scope)
        self._waiting.append(
            Deed(
                self._clock(),
                caller.kind if caller else "nobody",
                caller.subject if caller else tried,
                (scope.get("client") or ("",))[0],
                scope["method"],
                scope["path"][:500],
                status,
                person=caller.person if caller else 0,
                branch=caller.branch if caller else 0,
                signed_in_at=caller.signed_in_at if caller else 0,
                entity=int(entity) if entity.isdecimal() and len(entity) < 19 else 0,
                duration_us=round(took_s * 1e6),
            )
        )

    def start(self) -> None:
        """Begins to write."""
        self._task = asyncio.get_running_loop().create_task(self._write_now_and_then())

    async def stop(self) -> None:
        """Writes what is left."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._write()

    async def _write_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            await self._write()

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        try:
            await asyncio.to_thread(self._audit.append, batch)
        except asyncio.CancelledError:
            self._waiting = batch + self._waiting
            raise
        except Exception:  # a log that can't be written is tried again, and never stops the bank
            self._waiting = batch + self._waiting
