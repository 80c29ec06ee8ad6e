"""What a restored bank has lost: requests that were acknowledged and are not in its day book, one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from actors.book import inputs
from actors.book.sealed import SealedStore
from actors.book.store import Entry, Standing, Store, StoreError
from actors.clock import BANK_OFFSET_MS
from actors.gateway.bank import number_of_key
from actors.identity.keys import Keys
from actors.identity.service import FOLDER
from actors.identity.vault import Vault
from actors.quarantine import rows_of
from credit.room import KINDS, ROOMS
from credit.times import MINUTE_MS, text_of
from lendrill.bank_file import BANK_FILE, book_at
from lendrill.errors import UserError
from lendrill.live import Home, home_at

Say = Callable[[str], object]
_BY_KEY = re.compile(r"(\S+)\s+([\x21-\x7e]{1,255})")


class Command(NamedTuple):
    """A request that stands in a day book. `at`: the end of its window, by the bank's time."""

    window: int
    at: int
    kind: str
    branch: int
    request: int

    def __str__(self) -> str:
        return f"window {self.window}, {text_of(self.at)}: {self.kind}, request {self.request} of branch {self.branch}"


@dataclass(frozen=True)
class Asked:
    """A request that a client's log has as acknowledged: as it stands there, and the numbers under which a room may know it."""

    text: str
    numbers: tuple[int, ...]


def asked_in(path: Path) -> list[Asked]:
    """The requests of a file: a number a line, or the caller and his ``Idempotency-Key``. UserError where a line is neither."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--requests {path}: can't be read ({error})", "give a text file, a request a line") from None
    found = []
    for number, line in enumerate(map(str.strip, lines), 1):
        if line.isdecimal() and len(line) <= 19:
            found.append(Asked(line, (int(line),)))
        elif by_key := _BY_KEY.fullmatch(line):
            found.append(Asked(line, tuple(number_of_key(by_key[1], room, by_key[2]) for room in sorted(ROOMS))))
        elif line:
            raise UserError(
                f"--requests {path}, line {number}: {line[:60]!r} is no request",
                "give a request's number, or a caller and his Idempotency-Key (system:load apply-1)",
            )
    return found


def book_of(where: str) -> Store:
    """The day book of a home, or at a path or an address, as it lies there. UserError where there is none."""
    if (Path(where) / BANK_FILE).is_file():
        return book_at(home_at(Path(where)).bank["store"])
    return book_at(where)


def commands_of(entries: Iterable[Entry]) -> Iterator[Command]:
    """The requests in some windows."""
    for entry in entries:
        if entry.inputs:
            for row in rows_of(entry.number, inputs.unpacked(entry.inputs)):
                if row.request and KINDS[row.kind].command:
                    yield Command(entry.number, entry.until, KINDS[row.kind].name, row.branch, row.request)


def lost_against(home: Home, book: Store, restored: Standing, backup_ms: int, minutes: int, say: Say) -> bool:
    """Says request by request what another day book of the bank holds after the restored one ends, as far as it can be read;
    whether any was acknowledged longer after the last backup (ms since 1970 UTC) than the interval lasts."""
    vault = Vault(Keys.open(home.path / FOLDER))
    number, lost, unread = restored.number, list[Command](), ""
    try:
        if number and book.seal_before(number) != restored.seal:
            say("The day book of --against is another bank's, or went another way: what is lost can't be known from it")
            return True
        for entry in SealedStore(book, vault.seal, vault.open).read(number):
            number = entry.number + 1
            lost += commands_of([entry])
    except StoreError as error:
        unread = error.user_message
    finally:
        book.close()
    for command in lost:
        say(f"lost: {command}")
    end = backup_ms + BANK_OFFSET_MS + minutes * MINUTE_MS
    beyond = [command for command in lost if command.at > end] if home.bank["clock"] == "wall" else []
    if home.bank["clock"] != "wall":
        within = "the bank runs on a business date, so how long after the last backup they came is not known"
    elif beyond:
        within = f"{len(beyond):,} of them longer than {minutes} minutes after the last backup"
    else:
        within = f"all within {minutes} minutes of the last backup"
    say(f"{len(lost):,} acknowledged requests are lost" + (f", {within}" if lost else ""))
    if unread:
        say(f"From window {number} on that day book can't be read ({unread}): what it held there is not known")
    return bool(beyond)


def lost_of(home: Home, asked: list[Asked], say: Say) -> None:
    """Says which of some acknowledged requests the restored day book does not hold. When they came is not known."""
    store = home.store()
    try:
        known = {command.request for command in commands_of(store.read())}
    finally:
        store.close()
    lost = [one for one in asked if known.isdisjoint(one.numbers)]
    for one in lost:
        say(f"lost: request {one.text}")
    say(f"{len(lost):,} of {len(asked):,} acknowledged requests are lost")
