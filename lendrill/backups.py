"""The backups of a live bank's home: the process that keeps them (`lendrill serve` starts it), and one that is made by hand."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from actors.backup.container import Manifest
from actors.backup.keeper import Keeper, Kept
from actors.backup.key import FILE as KEY_FILE
from actors.backup.key import BackupKey
from actors.backup.making import Source
from actors.backup.places import swept
from actors.backup.proof import Bank, proved
from actors.book.opening import open_store
from actors.book.store import Store
from actors.identity import service
from actors.link import Away, asked_once
from actors.local import LocalExecutor
from credit.policies import load
from credit.policies.backups import BackupPolicy
from lendrill.bank_file import DAY_BOOK, SQLITE, book_at
from lendrill.errors import UserError
from lendrill.live import SOCKET, Home, end_with_parent, home_at, identity_of
from lendrill.logs import keep_log

_OPENS_EVERY_S = 0.5
_log = logging.getLogger(__name__)


def key_file(home: Path) -> Path:
    """Where a home keeps the key of its backups."""
    return home / service.FOLDER / KEY_FILE


def policy_of(home: Home) -> BackupPolicy:
    """When a bank's backups are made."""
    return load("backups", BackupPolicy, home.scenario.policies)


def keeper_of(home: Home, further: Sequence[Path] = ()) -> Keeper:
    """Who keeps the backups of a home, in the places that the bank's own file names, and in further ones."""
    places = dict.fromkeys([*map(Path, home.bank.get("backup_to", ())), *further])
    source = Source(
        home.path, home.bank["name"], lambda: book_at(home.bank["store"]), int(home.bank["start_ms"]), tuple(places)
    )
    key = BackupKey.open(key_file(home.path))

    def prove(path: Path, manifest: Manifest) -> str:
        return proved(path, manifest, key, fresh_book, identity_of, opened)

    return Keeper(source, key, policy_of(home), prove)


def fresh_book(home: Path) -> Store:
    """The day book of a home that is being restored."""
    return open_store(f"{SQLITE}{home / DAY_BOOK}")


def opened(path: Path) -> Bank:
    """The bank of a home that was restored into a folder, whatever its own file says of where the day book is."""
    home = Home(path)
    home.bank |= {"store": f"{SQLITE}{path / DAY_BOOK}"}
    store = home.store()
    start = int(home.bank["start_ms"])
    return Bank(store, home.flow, home.blueprints(), start, LocalExecutor(), home.opening(store))


def keep(path: Path) -> int:
    """Keeps the backups of the bank at `path`, as long as the process lives that started this one."""
    keep_log(path, "backups")
    end_with_parent(lambda: os._exit(0))
    home = Home(path)
    while not _is_open(path):
        time.sleep(_OPENS_EVERY_S)
    keeper = keeper_of(home)
    keeper.folder.mkdir(mode=0o700, exist_ok=True)
    swept(keeper.folder)
    while True:
        try:
            keeper.tick(time.time_ns() // 1_000_000)
        except Exception:  # a bank goes on whatever becomes of its backups
            _log.exception("backups are not kept")
        time.sleep(keeper.policy.key_seconds)


def _is_open(path: Path) -> bool:
    with suppress(Away):
        return bool(asked_once(path / SOCKET, "standing", 1.0).get("ready"))
    return False


def backup_command(path: Path, kind: str, to: Sequence[Path]) -> int:
    """`lendrill backup`: one backup of a bank that lives or is down, in all its places and in some more."""
    home = home_at(path)
    for place in to:
        if not place.is_dir():
            raise UserError(
                f"--to {place}: no such folder", "give one that is there: a disk that is not mounted gets none"
            )
    keeper = keeper_of(home, [place.resolve() for place in to])
    kept = keeper.make(kind or due_by_hand(keeper), time.time_ns() // 1_000_000)
    console = Console(soft_wrap=True)
    console.print(told(kept), highlight=False)
    for line in kept.lacking:
        Console(stderr=True, soft_wrap=True).print(f"lendrill: {line}", highlight=False)
    return 0


def _anew(one: Manifest) -> list[str]:
    if one.anew_from is None:
        return []
    why = f"the day book is another one than earlier backups hold, from window {one.anew_from:,} on: a full backup was needed,"
    return [f"{why} and what they hold from there on is restored no more"]


def due_by_hand(keeper: Keeper) -> str:
    """What is made where nobody says which kind: what came since, where there is a full one already."""
    return "incremental" if "full" in keeper.last() else "full"


def told(kept: Kept) -> str:
    """What was made, in lines for people."""
    one = kept.manifest
    windows = (
        f"windows {one.first:,} to {one.following - 1:,}" if one.following > one.first else "no window since the last"
    )
    return "\n".join(
        [
            f"{one.kind} backup {kept.path.name}: {windows}, {kept.bytes:,} bytes in {kept.seconds:.2f} s",
            *_anew(one),
            f"proved in {kept.proof_s:.2f} s: {kept.proof}",
            *(f"copy: {path}" for path in kept.copies),
        ]
    )
