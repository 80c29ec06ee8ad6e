"""What the endpoints share: the bank behind the link, request numbers, answers as HTTP, instants and numbers as JSON has them."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

import numpy as np
from fastapi import Request

from actors.clock import BANK_OFFSET_MS
from actors.conductor import Answer, Busy, Closing, Story
from actors.gateway.problems import Problem
from actors.host import Look
from actors.link import Away, LinkClient
from actors.topology import Cell, Flow, shard_of_branch
from credit.policies.products import ProductPolicy
from credit.room import REASONS, Kind, RequestRefusal, Rows
from credit.times import DAY_MS, date_of, text_of

WAIT_MAX_S = 60.0
_KEY_MAX = 255
_HOURS = BANK_OFFSET_MS // 3_600_000


@dataclass(frozen=True)
class Bank:
    """The bank as a gateway sees it. `reference_of(ID number, request number)`: whose application it is."""

    link: LinkClient
    flow: Flow
    branches: int
    products: ProductPolicy
    reference_of: Callable[[str, int], int]

    def cell(self, room: str, branch: int) -> Cell:
        """The cell of a room that serves a branch."""
        shared = room in self.flow.shared
        return Cell(room, 0 if shared else int(shard_of_branch(np.array([branch]), self.flow.shards)[0]))

    async def look(self, room: str, branch: int, table: str, column: str, *values: int) -> Rows:
        """Rows of a room's state."""
        return await self._asked(self.link.look(self.cell(room, branch), Look(table, column, values)))  # type: ignore[no-any-return]

    async def told(self, kind: Kind, rows: Rows) -> Answer:
        """The bank's answer to one command."""
        [answer] = await self._asked(self.link.submit(kind, rows))
        return answer  # type: ignore[no-any-return]

    async def done(self, kind: Kind, rows: Rows) -> Answer:
        """The bank's answer to one command; Problem 422 where it refuses, with the reason in words."""
        answer = await self.told(kind, rows)
        if answer.reason:
            raise refusal(answer.reason)
        return answer

    async def done_told(self, kind: Kind, rows: Rows) -> tuple[Answer, Story]:
        """The same for a command whose answer's number is a case, with what happened to it."""
        answer, story = await self._asked(self.link.submit_told(kind, rows))
        if answer.reason:
            raise refusal(answer.reason)
        return answer, story

    async def story(self, case: int, known: int = 0, timeout_s: float = 0.0) -> Story:
        """What happened to a case; with `timeout_s`, once more has happened than is known, or the time is over."""
        call = self.link.news(case, known, timeout_s) if timeout_s > 0 else self.link.story(case)
        return await self._asked(call)  # type: ignore[no-any-return]

    async def _asked(self, call: Any) -> Any:
        try:
            return await call
        except Busy as error:
            raise Problem(503, "Overloaded", error.user_message, {"Retry-After": "1"}) from None
        except (Closing, Away) as error:
            raise Problem(503, "Unavailable", error.user_message, {"Retry-After": "2"}) from None


async def bank_of(request: Request) -> Bank:
    """The bank of an app."""
    bank: Bank = request.app.state.bank
    return bank


def request_number(request: Request, caller: str) -> int:
    """The number of a request: drawn of the caller and his ``Idempotency-Key``, so that the same key from the same caller is the
    same request; a new one where he gives none. Problem 400 on a key that is none."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return secrets.randbits(62) + 1
    if not re.fullmatch(rf"[\x21-\x7e]{{1,{_KEY_MAX}}}", key):
        raise Problem(
            400, "Bad idempotency key", f"Idempotency-Key: 1 to {_KEY_MAX} visible ASCII characters, no blanks"
        )
    drawn = hashlib.blake2b(f"{caller}\n{key}".encode(), digest_size=8).digest()
    return (int.from_bytes(drawn, "little") >> 2) + 1


def refusal(reason: int) -> Problem:
    """A reason of the bank's as a problem."""
    found = REASONS.get(reason)
    if found is None:
        return Problem(422, "Refused", f"reason {reason}", reason=reason)
    en, zh = found.words
    status = 409 if found is RequestRefusal.NUMBER_TAKEN else 422
    more: dict[str, Any] = {"reason": reason, "code": found.name, "detail_zh": zh}
    if getattr(found, "field", ""):
        more["field"] = found.field
    return Problem(status, "Refused", en, **more)


def wait_s(request: Request) -> float:
    """How long the caller is willing to wait: ``Prefer: wait=10`` (RFC 7240); 0 where he does not say."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?", request.headers.get("prefer", ""))
    return min(float(found[1]), WAIT_MAX_S) if found else 0.0


def moment(at: int) -> str | None:
    """An instant of the bank as RFC 3339 has it; null for none."""
    return f"{text_of(at).replace(' ', 'T')}+{_HOURS:02}:00" if at else None


def day(number: int) -> str | None:
    """A day of the bank; null for none."""
    return date_of(number).isoformat() if number else None


def instant_of(text: str, field: str) -> int:
    """An instant from RFC 3339 text, in the bank's time where it names no zone; or a date, which is its first instant."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        right = "2026-03-01T09:00 or 2026-03-01"
        raise Problem(422, "Invalid request", f"{field}: {text!r} is no instant; right is {right}") from None
    zone = dt.timezone(dt.timedelta(hours=_HOURS))
    local = read.astimezone(zone).replace(tzinfo=None) if read.tzinfo else read
    return int((local - dt.datetime(1970, 1, 1)) / dt.timedelta(milliseconds=1))


def number_in(text: str, what: str, digits: int = 19) -> int:
    """A number from a path; Problem 404 where it can't be one."""
    if not re.fullmatch(rf"[1-9][0-9]{{0,{digits - 1}}}", text) or int(text) >= 1 << 63:
        raise Problem(404, "Not found", f"there is no {what} {text[:40]!r}")
    return int(text)


def label(code: IntEnum) -> str:
    """A code as JSON has it: ``mobile_bank``."""
    return code.name.lower()


def labels(codes: type[IntFlag], bits: int) -> list[str]:
    """The names of some bits."""
    return [str(one.name).lower() for one in codes if bits & one]


__all__ = ["DAY_MS", "Bank", "bank_of", "label", "labels"]
