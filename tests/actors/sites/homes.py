"""Homes of one bank at several sites, in a test's folder, and a mirror between them that a test drives."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from actors.gateway.archive import Archive, Laid
from actors.identity.errors import SignInRefused
from actors.identity.keys import NAME
from actors.identity.service import ACCOUNTS, FOLDER, HOLDINGS, Identity
from actors.sites.folder import Cursor, HomeFolder
from tests.actors.identity.builders import APPROVER, PASSWORD, START, Clock, a_bank

TABLES = ("accounts", "logins", "attempts", "proposals", "refreshes", "revoked")


@dataclass
class Site:
    """One site, with the services of its gateways."""

    name: str
    home: Path
    folder: HomeFolder
    identity: Identity
    archive: Archive
    cursors: dict[str, Cursor] = field(default_factory=dict)

    def tell(self, other: Site) -> None:
        """Tells another site what changed here."""
        while True:
            records, cursor = self.folder.changes(
                self.cursors.get(other.name, {}), other.folder.take(()).logs[self.name]
            )
            if not records:
                return
            taken = other.folder.take(records)
            for record in self.folder.sealed(taken.lacks):
                other.folder.take([record])
            self.cursors[other.name] = cursor

    def close(self) -> None:
        self.folder.close()
        self.identity.close()
        self.archive.close()

    def holds(self) -> dict[str, list[tuple[Any, ...]]]:
        """What it shows to whoever asks."""
        with_accounts = {name: _rows(self.home / FOLDER / ACCOUNTS, name) for name in TABLES}
        held = {"holdings": _rows(self.home / FOLDER / HOLDINGS, "holdings")}
        return with_accounts | held | {"contracts": _rows(self.home / "contracts.db", "contracts")}


def _rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as base:
        return sorted(base.execute(f"SELECT * FROM {table}").fetchall(), key=repr)


def founded(folder: Path, names: Sequence[str], clock: Clock | None = None) -> list[Site]:
    """The sites of a new bank: its accounts are made at the first, and told to the others."""
    sites = [joined(folder, name, names, clock or Clock()) for name in names]
    exchange(sites)
    return sites


def joined(folder: Path, name: str, names: Sequence[str], clock: Clock) -> Site:
    """A site with an empty home and the bank's keys."""
    home, first = folder / name, folder / names[0] / FOLDER / NAME
    (home / FOLDER).mkdir(parents=True)
    (home / FOLDER).chmod(0o700)
    if name == names[0]:
        a_bank(home, clock, first=False).close()
    else:
        (home / FOLDER / NAME).touch(mode=0o600)
        (home / FOLDER / NAME).write_bytes(first.read_bytes())
    site = HomeFolder(home, name, names)
    identity = a_bank(home, clock, first=name == names[0])
    return Site(name, home, site, identity, Archive(home, identity.vault))


def exchange(sites: Sequence[Site], rounds: int = 3) -> None:
    """Each tells each other, until nobody has anything to tell."""
    for _ in range(rounds):
        for one in sites:
            for other in sites:
                if other is not one:
                    one.tell(other)


def a_contract(text: str, number: str = "HT-1") -> Laid:
    return Laid(number, 1_000_000_001, 7, "张三", 1, "consumer", text)


def wrong(site: Site, times: int, now: int = START) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            site.identity.accounts.sign_in("staff", "1010001", "Not-this-one-9", now)


def signs_in(site: Site, password: str = PASSWORD, now: int = START) -> bool:
    try:
        return site.identity.accounts.sign_in("staff", "1010001", password, now).subject == APPROVER
    except SignInRefused:
        return False


def alike(*sites: Site) -> bool:
    exchange(sites)
    return all(site.holds() == sites[0].holds() for site in sites)
