"""What the endpoints share: the bank behind the link, request numbers, answers as HTTP, instants and numbers as JSON has them."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
from fastapi import Request

from actors.clock import BANK_OFFSET_MS
from actors.conductor import Answer, Story
from actors.gateway.problems import Problem
from actors.gateway.rooms import Rooms
from actors.gateway.together import Together
from actors.host import Look
from actors.identity.caller import Caller
from actors.link import LinkClient
from actors.sequencer import Command
from actors.topology import Cell, Flow, shard_of_branch
from credit.bank import PIPELINE
from credit.codes import Actor, Segment
from credit.identifiers import Texts
from credit.numbers import DISBURSEMENT, branch_of, case_of, transaction_of
from credit.policies.loading import Overrides
from credit.policies.posts import PERMISSIONS
from credit.policies.products import Product, ProductPolicy
from credit.repayment.book import NO_DAY
from credit.room import REASONS, Fields, Kind, RequestRefusal, Rows
from credit.times import Ints, date_of, text_of

_KEY_MAX = 255
_ENTITY = ("case", "loan")
_CALLED = {"case": "application"}
_IN_REQUESTS = {
    "to_day": "to",
    "consent": "consents",
    "age": "id_number",
    "format": "file",
    "size": "file",
    "request": "Idempotency-Key",
}
"""Columns that reasons name, by the names that they have in requests, where these are others."""
_HOURS = BANK_OFFSET_MS // 3_600_000


@dataclass(frozen=True)
class Bank:
    """The bank as a gateway sees it. `reference_of(ID numbers, request numbers)`: whose applications these are. `policies`: what
    it has changed of the packaged ones. `key`: what vouchers and confirmations are sealed with, the same for all gateways."""

    link: LinkClient
    flow: Flow
    branches: int
    products: ProductPolicy
    reference_of: Callable[[Texts, Ints], Ints]
    policies: Overrides = field(default_factory=dict)
    key: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)

    @cached_property
    def product_keys(self) -> dict[int, str]:
        """The catalogue's names of products by the numbers that rows have."""
        return {one.code: one.key for one in self.products.products}

    @cached_property
    def rooms(self) -> Rooms:
        """The rooms' own code, for reading."""
        return Rooms(self.policies)

    def cells(self, room: str) -> list[Cell]:
        """All cells of a room."""
        return [cell for cell in self.flow.cells if cell.room == room]

    def cell(self, room: str, branch: int) -> Cell:
        """The cell of a room that serves a branch."""
        shared = room in self.flow.shared
        return Cell(room, 0 if shared else int(shard_of_branch(np.array([branch]), self.flow.shards)[0]))

    async def look(self, room: str, branch: int, table: str, column: str, *values: int) -> Rows:
        """Rows of a room's state."""
        return await self.link.look(self.cell(room, branch), Look(table, column, values))

    async def looks(self, cell: Cell, *asked: Look) -> list[Rows]:
        """Rows of several tables of a cell, of one instant."""
        return await self.link.looks(cell, asked)

    async def told(self, kind: Kind, rows: Rows, *beside: Command) -> list[Answer]:
        """The bank's answers to commands of one kind."""
        return await self.link.submit(kind, rows, *beside)

    async def done(self, kind: Kind, rows: Rows, *beside: Command) -> Answer:
        """The bank's answer to one command; Problem 422 where it refuses, with the reason in words."""
        [answer] = await self.told(kind, rows, *beside)
        if answer.reason:
            raise refusal(answer.reason)
        return answer

    async def told_stories(self, kind: Kind, rows: Rows, *beside: Command) -> list[tuple[Answer, Story]]:
        """The same for commands whose answers' numbers are cases, with what happened to each."""
        return await self.link.submit_told(kind, rows, *beside)

    async def story(self, case: int) -> Story:
        """What happened to a case. Those who ask at once are answered together."""
        return await self._stories.ask(case)

    @cached_property
    def _stories(self) -> Together[int, Story]:
        return Together(self.link.stories, every_s=0.0)

    async def now(self) -> int:
        """The bank's instant."""
        return int((await self.link.standing())["now"])

    async def since(self, window: int, most: int) -> list[tuple[int, Rows]]:
        """What happened from a window on, see `actors.trail.Trail.since`."""
        return await self.link.since(window, most)

    async def windows_since(self, window: int, page: int = 2_000) -> AsyncIterator[tuple[int, Rows]]:
        """The same to the end, a page of events at a time."""
        while found := await self.since(window, page):
            for part in found:
                yield part
            window = found[-1][0] + 1

    def prove_branch(self, branch: int) -> None:
        """Problem 422 where the bank has no branch of that number."""
        if branch > self.branches:
            raise Problem(
                422,
                "Refused",
                f"branch: the bank has branches 1 to {self.branches}",
                field="branch",
                detail_zh=f"支行编号应为 1 至 {self.branches}",
            )

    async def known_case(self, text: str) -> int:
        """The case that a path names; Problem 404 where the bank has none of that number. Nothing about a case that does not
        exist ever reaches a room."""
        case = number_in(text, "case")
        if 1 <= branch_with(case=case) <= self.branches and await self._is_known(case):
            return case
        raise absent("case", text)

    async def known_loan(self, text: str) -> int:
        """The loan that a path names, paid out or on its way; Problem 404 where there is none."""
        loan = number_in(text, "loan")
        branch, case = branch_with(loan=loan), case_of_loan(loan)
        if 1 <= branch <= self.branches:
            if loan in (await self.story(case)).events["loan"]:
                return loan
            for room, tables in (("repayment", ("loans", "written_off")), ("disbursement", ("payments",))):
                asked = [Look(table, "loan", (loan,)) for table in tables]
                if any(len(rows) for rows in await self.looks(self.cell(room, branch), *asked)):
                    return loan
        raise absent("loan", text)

    async def cases_of(self, customer: int) -> list[int]:
        """The cases under which any room has something of a customer now, in their order."""
        found: list[int] = []
        for room in PIPELINE:
            about = [
                name
                for name, (columns, key, *_) in room.tables.items()
                if key in _ENTITY and "customer" in columns.split()
            ]
            asked = [Look(name, "customer", (customer,)) for name in about]
            for cell in self.cells(room.name) if asked else ():
                for rows in await self.looks(cell, *asked):
                    is_of_case = "case" in (rows.dtype.names or ())
                    found.extend((rows["case"] if is_of_case else case_of(rows["loan"])).tolist())
        return sorted(dict.fromkeys(found))

    async def segment_of(self, case: int, product: Product) -> Segment:
        """The segment of who asks in a case, by what any room has of it now; where none has anything, the product's first."""
        for room in PIPELINE:
            for name, (columns, key, *_) in room.tables.items():
                if key == "case" and "segment" in Fields(columns).names:
                    cells = self.cells(room.name) if room.shared else [self.cell(room.name, branch_with(case=case))]
                    for cell in cells:
                        [rows] = await self.looks(cell, Look(name, "case", (case,)))
                        if len(rows):
                            return Segment(int(rows["segment"][0]))
        return Segment[product.segments[0].upper()]

    async def _is_known(self, case: int) -> bool:
        if len((await self.story(case)).events):
            return True
        branch = branch_with(case=case)
        for room, table in (("contracts", "contracts"), ("disbursement", "contracts"), ("approval", "cases")):
            if len(await self.look(room, branch, table, "case", case)):
                return True
        return False


async def bank_of(request: Request) -> Bank:
    """The bank of an app."""
    bank: Bank = request.app.state.bank
    return bank


def request_number(request: Request, caller: str, kind: Kind) -> int:
    """The number of a request: drawn of the caller, his ``Idempotency-Key`` and the room that he asks, so that the same key from
    the same caller is the same request; a new one where he gives none. Problem 400 on a key that is none."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return secrets.randbits(62) + 1
    if not re.fullmatch(rf"[\x21-\x7e]{{1,{_KEY_MAX}}}", key):
        raise Problem(
            400, "Bad idempotency key", f"Idempotency-Key: 1 to {_KEY_MAX} visible ASCII characters, no blanks"
        )
    return number_of_key(caller, kind.room, key)


def number_of_key(caller: str, room: str, key: str) -> int:
    """The number under which a room knows what a caller asked with an ``Idempotency-Key``."""
    drawn = hashlib.blake2b(f"{caller}\n{room}\n{key}".encode(), digest_size=8).digest()
    return (int.from_bytes(drawn, "little") >> 2) + 1


def acting(caller: Caller, stated: str | None) -> int:
    """The member of staff who acts: whom the caller is known to be, else whom he says. Problem 403 where he says another, and
    where a customer says any."""
    known = caller.person
    if caller.kind == "customer" and stated is not None:
        raise Problem(
            403,
            "Forbidden",
            "person: a customer acts for himself alone; leave it out",
            field="person",
            detail_zh="客户仅代表本人，请勿填写 person",
        )
    if not known:
        if stated is None:
            raise Problem(
                422, "Invalid request", "person: say who acts", field="person", detail_zh="请填写经办人员编号（person）"
            )
        return int(stated)
    if stated is not None and int(stated) != int(known):
        raise Problem(
            403,
            "Forbidden",
            f"you are person {known}, and act for nobody else as {stated}",
            field="person",
            detail_zh=f"您的员工编号为 {known}，不能以 {stated} 的身份办理",
        )
    return int(known)


def attesting(caller: Caller, materials: Any) -> int:
    """Who answers for papers that a caller says he has in hand: his number as a member of staff, else `Actor.PARTNER`; 0 where he
    says so of none. Problem 403 where he may not."""
    if not materials:
        return 0
    if not caller.may(permission := "materials:attest"):
        raise Problem(
            403,
            "Forbidden",
            f"needs {permission} ({PERMISSIONS[permission].en}); without it papers are uploaded, see …/materials",
            permission=permission,
            detail_zh="无核见资料权限，资料须逐项上传",
        )
    return int(caller.person) or int(Actor.PARTNER)


def refusal(reason: int) -> Problem:
    """A reason of the bank's as a problem."""
    found = REASONS.get(reason)
    if found is None:
        return Problem(422, "Refused", f"reason {reason}", reason=reason, detail_zh=f"业务拒绝，原因代码 {reason}")
    en, zh = found.words
    status = 409 if found is RequestRefusal.NUMBER_TAKEN else 422
    more: dict[str, Any] = {"reason": reason, "code": found.name, "detail_zh": zh}
    if field := field_of(found):
        more["field"] = field
    return Problem(status, "Refused", en, **more)


def field_of(reason: Any) -> str:
    """The field that a reason is about, as requests call it; empty where it is about none."""
    name = getattr(reason, "field", "")
    return _IN_REQUESTS.get(name, name)


@lru_cache(maxsize=4_096)
def moment(at: int) -> str | None:
    """An instant of the bank as RFC 3339 has it; null for none."""
    return f"{text_of(at).replace(' ', 'T')}+{_HOURS:02}:00" if at else None


def day(number: int) -> str | None:
    """A day of the bank; null for none."""
    return date_of(number).isoformat() if 0 < number < NO_DAY else None


def instant_of(text: str, field: str) -> int:
    """An instant from RFC 3339 text, in the bank's time where it names no zone; or a date, which is its first instant."""
    zone = dt.timezone(dt.timedelta(hours=_HOURS))
    try:
        read = dt.datetime.fromisoformat(text)
        local = read.astimezone(zone).replace(tzinfo=None) if read.tzinfo else read
    except (ValueError, OverflowError):  # the calendar's first and last day, elsewhere
        right = "2026-03-01T09:00 or 2026-03-01"
        raise Problem(
            422,
            "Invalid request",
            f"{field}: {text!r} is no instant; right is {right}",
            detail_zh=f"{field} 应为时刻或日期，如 2026-03-01T09:00 或 2026-03-01",
        ) from None
    return int((local - dt.datetime(1970, 1, 1)) / dt.timedelta(milliseconds=1))


def absent(what: str, text: str) -> Problem:
    """Problem 404: the same for what does not exist and for what is somebody else's."""
    return Problem(
        404, "Not found", f"there is no {_CALLED.get(what, what)} {text[:40]}", detail_zh=f"查无此项：{text[:40]}"
    )


def number_in(text: str, what: str, digits: int = 19) -> int:
    """A number from a path; Problem 404 where it can't be one."""
    if not re.fullmatch(rf"[1-9][0-9]{{0,{digits - 1}}}", text) or int(text) >= 1 << 63:
        raise absent(what, text)
    return int(text)


def case_of_loan(loan: int) -> int:
    """The case of a loan."""
    return int(case_of(np.array([loan]))[0])


def payment_of(loan: int) -> int:
    """The transaction by which a loan was paid out (DIS-15)."""
    return int(transaction_of(np.array([loan]), DISBURSEMENT)[0])


def branch_with(**of: int) -> int:
    """The branch that a number belongs to: ``branch_with(loan=100000000101) == 1``."""
    [(name, number)] = of.items()
    return int(branch_of(np.array([(number,)], dtype=[(name, "i8")]))[0])


def label(code: IntEnum) -> str:
    """A code as JSON has it: ``mobile_bank``."""
    return code.name.lower()


def labels(codes: type[IntFlag], bits: int) -> list[str]:
    """The names of some bits."""
    return list(_labels(codes, bits))


@lru_cache(maxsize=4_096)
def _labels(codes: type[IntFlag], bits: int) -> tuple[str, ...]:
    return tuple(str(one.name).lower() for one in codes if bits & one)


def bits(flags: Sequence[IntFlag]) -> int:
    """Flags as one number, whatever stands twice."""
    return sum(set(flags))


def reason_words(reason: int) -> dict[str, Any]:
    """A reason as JSON has it: number, code and words."""
    found = REASONS.get(reason)
    return {"reason": reason} | ({"code": found.name, "words": list(found.words)} if found is not None else {})


def number_of(value: Any) -> str:
    """An identifier as JSON has it."""
    return str(int(value))
