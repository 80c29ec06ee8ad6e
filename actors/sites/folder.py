"""A site's home as the mirror sees it: what changed in it since another site was last told, and what that site changed. The day
book is not among it (`actors.sites.replicated`), nor is what follows from it, as the trail does. No sockets, no clock.

    accounts     accounts, logins, wrong passwords, proposals, refresh and revoked tokens    `actors.sites.tables`
    holdings     who holds which case                                                         `actors.sites.lists`
    contracts    signed contracts' texts                                                      `actors.sites.lists`
    contents     uploads: told by their digests, and sent where they lack                     `actors.gateway.contents`
    log          the operation log of the site that sends                                     `actors.sites.logs`"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgpack

from actors.gateway.contents import Contents
from actors.identity.audit import Audit
from actors.identity.database import Database
from actors.identity.errors import IdentityError, Tampered
from actors.identity.keys import NAME, Keys
from actors.identity.places import place_among
from actors.identity.service import ACCOUNTS, FOLDER, HEAD, HOLDINGS, LOG
from actors.identity.vault import Vault
from actors.sites.lists import ContractList, HoldingList
from actors.sites.logs import Copies, lacking
from actors.sites.tables import Tables

FILE = "mirror.db"
PORTION_BYTES = 256 << 10
"""Records are told until they are so large together; a single one may be larger, as a file is. Taking so many in takes a third
of a second, for which nobody signs in."""
_ROWS_AT_ONCE = 1_000
_LIFE = "CREATE TABLE IF NOT EXISTS life (name TEXT NOT NULL)"
_log = logging.getLogger(__name__)
Cursor = Mapping[str, int]
"""By source, the number up to which a site was told."""


class Record(NamedTuple):
    """Something that one site tells another; plain bytes, for any wire."""

    source: str
    content: bytes


class Taken(NamedTuple):
    """What a site answers to records. `life`: a name drawn when its home was made; under another one it knows nothing of what it
    was told before. `logs`: how far its copies of operation logs go, by site. `lacks`: digests of contents to be sent."""

    life: str
    logs: Mapping[str, str] = {}
    lacks: Sequence[str] = ()


class _Told(Protocol):
    def changes(self, since: int) -> Iterator[tuple[int, bytes]]: ...

    def newest(self) -> int: ...

    def close(self) -> None: ...


class _Source(_Told, Protocol):
    def take(self, contents: Iterable[bytes]) -> None: ...


class HomeFolder:
    """See the module's text."""

    def __init__(self, home: Path, site: str, sites: Sequence[str]) -> None:
        """Takes a home's place among the bank's sites (`sites`: all, in one order everywhere), before anybody signs in there. The
        keys must be those of the bank: IdentityError where the home has none."""
        folder, place = home / FOLDER, place_among(site, sites)
        if not (folder / NAME).is_file():
            raise IdentityError(
                f"{folder / NAME}: there are no keys; copy those of the bank's first site, with mode 600"
            )
        keys = Keys.open(folder)
        self.site, self._others = site, [one for one in sites if one != site]
        database = Database(folder / ACCOUNTS, ())
        place.keep(database)
        self._sources: dict[str, _Source] = {
            "accounts": Tables(database, place),
            "holdings": HoldingList(folder / HOLDINGS),
            "contracts": ContractList(home),
        }
        self.contents = Contents(home, Vault(keys))
        self._told: dict[str, _Told] = {**self._sources, "contents": self.contents}
        self._log, self._copies = Audit(folder / LOG, home / HEAD, keys), Copies(folder, keys, self._others)
        self.database = Database(home / FILE, (_LIFE,))
        self._complained = ""
        with self.database.transaction():
            if self.database.row("SELECT name FROM life") is None:
                self.database.run("INSERT INTO life VALUES (?)", os.urandom(8).hex())

    def close(self) -> None:
        """Ends its connections."""
        ends = [one.close for one in self._told.values()]
        for end in (*ends, self._log.close, self._copies.close, self.database.close):
            end()

    # telling ----------------------------------------------------------------------------------------------------------

    def changes(self, since: Cursor, log: str = "") -> tuple[list[Record], Cursor]:
        """What has changed since, as much as one portion holds, and up to where that goes: the same as `since` where all is told.
        `log`: the head that the other site has of this one's operation log, as it said last."""
        records: list[Record] = []
        cursor, left = dict(since), PORTION_BYTES
        for name, source in self._told.items():
            number = since.get(name, 0)
            # a database that was put back from a copy tells all again
            for cursor[name], content in source.changes(number if number <= source.newest() else 0):
                records.append(Record(name, content))
                left -= len(content)
                if left <= 0:
                    return records, cursor
        if log:
            refused, written = lacking(self._log, log, _ROWS_AT_ONCE)
            if refused or written:
                records.append(Record("log", msgpack.packb((self.site, refused, written))))
        return records, cursor

    def sealed(self, digests: Iterable[str]) -> Iterator[Record]:
        """The contents that another site lacks; what was swept away or is damaged is left out."""
        for digest in filter(self.contents.has, digests):
            try:
                yield Record("content", digest.encode() + self.contents.sealed(digest))
            except IdentityError as error:
                _log.warning("not copied to other sites: %s", error.user_message)

    # taking -----------------------------------------------------------------------------------------------------------

    def take(self, records: Sequence[Record]) -> Taken:
        """Takes in what another site told; on the disk when it returns. Twice or in another order, it comes to the same."""
        by_source: dict[str, list[bytes]] = {}
        for source, content in records:
            by_source.setdefault(source, []).append(content)
        lacks = self.contents.lacking(digest.decode() for digest in by_source.pop("contents", ()))
        for content in by_source.pop("content", ()):
            self.contents.put(content[:64].decode(), content[64:])
        for content in by_source.pop("log", ()):
            self._take_log(*msgpack.unpackb(content))
        for source, contents in by_source.items():
            if source not in self._sources:
                raise IdentityError(f"{source!r}: not known here; run every site of a bank in the same release")
            self._sources[source].take(contents)
        [row] = self.database.rows("SELECT name FROM life")
        return Taken(row["name"], self._copies.heads(), lacks)

    def _take_log(self, site: str, refused: str, written: list[list[object]]) -> None:
        """A log that was tampered with goes no further here, and keeps nothing else from coming."""
        if site not in self._others:
            raise IdentityError(f"site {site!r}: none of {', '.join(self._others)}")
        try:
            self._copies.take(site, refused, written)
        except Tampered as error:
            if error.user_message != self._complained:
                _log.error("the operation log of the site %s: %s", site, error.user_message)
            self._complained = error.user_message
