"""The gateway's part of the operation log (SEC-11, API-10): every call, written in batches so that no answer waits for the disk;
what a call said and was answered is read and masked by then, in the thread that writes.
A process that is killed takes the calls of its last moment along; what the bank did stands in the day book all the same."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from starlette.types import Scope

from actors.gateway.said import Said
from actors.identity.audit import Audit, Deed
from actors.identity.logged import Kept, mask_of
from actors.identity.masking import GONE, masked_path
from credit.numbers import entity_of_task

REQUEST_ID = b"x-request-id"
_EVERY_S = 0.25
_WAITING_MAX = 50_000
_HELD_MAX = 32 << 20
"""Bytes of what calls said that wait to be written; of those beyond, their size alone is kept."""
UNREADABLE = Kept('"could not be read"')
_log = logging.getLogger(__name__)


def entity_of(scope: Any) -> str:
    """The case or loan that a call names, by its task or itself, or the case that it made; empty where it is about none."""
    known = {"case": scope.get("state", {}).get("case", "")} | (scope.get("path_params") or {})
    if task := known.get("task"):
        number = str(task).rpartition("-")[2]
        return str(int(entity_of_task(np.array(int(number))))) if re.fullmatch(r"[0-9]{5,19}", number) else ""
    return next((str(known[name]) for name in ("loan", "case") if known.get(name)), "")


def path_of(scope: Scope) -> str:
    """The path of a call as logs have it: without ID numbers, and without what is itself the right to ask (a voucher's code)."""
    path: str = scope["path"][:500]
    for name, value in (scope.get("path_params") or {}).items():
        if value and mask_of(name)(str(value)) == GONE:
            path = path.replace(str(value), GONE)
    return masked_path(path)


def request_of(scope: Scope) -> str:
    """The number of a request: its caller's own, where he gives one that can be written down, else one that is drawn."""
    given = dict(scope["headers"]).get(REQUEST_ID, b"").decode("latin-1")
    return given if re.fullmatch(r"[\w.:-]{1,64}", given, re.ASCII) else secrets.token_hex(8)


def write_line(scope: Scope, request: str, status: int, took_s: float, path: str, entity: str) -> None:
    """One call as a line of the process's log; `path_of` and `entity_of` have been asked already."""
    caller = scope.get("state", {}).get("caller")
    said = {
        "request": request,
        "about": entity,
        "caller": caller.subject if caller else "",
        "method": scope["method"],
        "path": path,
        "status": status,
        "ms": round(took_s * 1e3, 2),
    }
    _log.info("%s %s: %d", scope["method"], path, status, extra={"said": said})


class OperationLog:
    """Calls on their way into the log of one gateway process."""

    def __init__(self, audit: Audit, clock: Callable[[], int], known: frozenset[str] = frozenset()) -> None:
        """`known`: the names of all that endpoints take (`names_in`)."""
        self._audit, self._clock, self._known = audit, clock, known
        self._waiting: list[tuple[Deed, Said]] = []
        self._ready: list[Deed] = []
        self._held = 0
        self._task: asyncio.Task[None] | None = None
        self._stops = asyncio.Event()
        self.lost = 0
        """Calls that could not be kept, because the log could not be written for long."""

    def add(self, scope: Any, request: str, status: int, took_s: float, said: Said) -> None:
        """One call, answered; it has its line in the process's log as well."""
        path, entity = path_of(scope), entity_of(scope)
        write_line(scope, request, status, took_s, path, entity)
        state = scope.get("state", {})
        caller, tried = state.get("caller"), state.get("tried", "")
        if len(self._waiting) + len(self._ready) >= _WAITING_MAX:
            self.lost += 1
            return
        said.ends(state)
        if self._held + said.held > _HELD_MAX:
            said.forgets()
        self._held += said.held
        deed = Deed(
            self._clock(),
            caller.kind if caller else "nobody",
            caller.subject if caller else tried,
            (scope.get("client") or ("",))[0],
            scope["method"],
            path,
            status,
            person=caller.person if caller else 0,
            branch=caller.branch if caller else 0,
            signed_in_at=caller.signed_in_at if caller else 0,
            entity=int(entity) if entity.isdecimal() and len(entity) < 19 else 0,
            duration_us=round(took_s * 1e6),
            request=request,
        )
        self._waiting.append((deed, said))

    def start(self) -> None:
        """Begins to write."""
        self._task = asyncio.get_running_loop().create_task(self._write_now_and_then())

    async def stop(self) -> None:
        """Writes what is left."""
        self._stops.set()
        if self._task is not None:
            await self._task
        await self._write()

    async def _write_now_and_then(self) -> None:
        while not self._stops.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stops.wait(), _EVERY_S)
            await self._write()

    async def _write(self) -> None:
        calls, self._waiting, self._held = self._waiting, [], 0
        if not calls and not self._ready:
            return
        with contextlib.suppress(Exception):  # a log that can't be written is tried again, and never stops the bank
            await asyncio.to_thread(self._put_down, calls)

    def _put_down(self, calls: Sequence[tuple[Deed, Said]]) -> None:
        """Runs in a thread, one call after the other."""
        self._ready = [*self._ready, *(self._told(deed, said) for deed, said in calls)]
        self._audit.append(self._ready)
        self._ready = []

    def _told(self, deed: Deed, said: Said) -> Deed:
        try:
            return deed._replace(parameters=said.parameters(self._known), result=said.result(deed.status))
        except Exception:  # what nobody foresaw in one call keeps no other out of the log
            _log.exception("what a call said could not be kept")
            return deed._replace(parameters=UNREADABLE)
