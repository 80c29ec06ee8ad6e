"""Keeps what lies beside the day book the same at all sites: tells each other site what changed in this home, again until it has
answered, and remembers how far it has. Every site runs one, whoever leads: what changes at any goes to all others, and what came
from another is told on only where it changed something. What was not told yet is lost only with the home itself.

    HOME/mirror.db    how far each site was told"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence

from actors.book.store import StoreError
from actors.identity.errors import IdentityError
from actors.sites.folder import PORTION_BYTES, Cursor, HomeFolder, Record, Taken

_TABLE = "CREATE TABLE IF NOT EXISTS told (site TEXT PRIMARY KEY, life TEXT NOT NULL, cursor TEXT NOT NULL)"
_PORTIONS_A_ROUND = 50
"""So much is told to one site before the others have their turn."""
_log = logging.getLogger(__name__)
Send = Callable[[str, Sequence[Record]], Taken]
"""(site, records) → its `HomeFolder.take`. Raises StoreError (`actors.sites.receiver.Away`) where it does not answer."""


class Mirror:
    """One home's mirror."""

    def __init__(self, folder: HomeFolder, others: Sequence[str], send: Send) -> None:
        self._folder, self._send = folder, send
        self._database = folder.database
        self._database.run(_TABLE)
        self._lives: dict[str, str] = {}
        self._cursors: dict[str, Cursor] = {}
        self._logs = dict.fromkeys(others, "")
        for row in self._database.rows("SELECT * FROM told"):
            self._lives[row["site"]], self._cursors[row["site"]] = row["life"], json.loads(row["cursor"])
        self.away = dict.fromkeys(others, "")
        """Why a site was not told all, the last time; empty where it was."""

    def round(self) -> bool:
        """Tells every other site what it does not know yet; whether all know all that was here when it began."""
        for site, before in self.away.items():
            try:
                self.away[site] = "" if self._bring(site) else "there is more to tell"
            except (StoreError, IdentityError) as error:
                self.away[site] = error.user_message
                if not before:
                    _log.warning("%s is not told what changes here: %s", site, error.user_message)
            else:
                if before and not self.away[site]:
                    _log.info("%s was told all that changed here", site)
        return not any(self.away.values())

    def _bring(self, site: str) -> bool:
        self._answered(site, self._send(site, ()))
        for _ in range(_PORTIONS_A_ROUND):
            since = self._cursors[site]
            records, cursor = self._folder.changes(since, log := self._logs[site])
            if not records:
                return True
            taken = self._send(site, records)
            if self._answered(site, taken):
                continue
            if cursor == since and log == self._logs[site]:
                raise IdentityError(f"{site} takes no more of this site's operation log; its own log says why")
            self._send_contents(site, taken.lacks)
            self._remember(site, cursor)
        return False

    def _answered(self, site: str, taken: Taken) -> bool:
        """Whether a site began anew, and has to be told everything again."""
        self._logs[site] = taken.logs.get(self._folder.site, "")
        if taken.life == self._lives.get(site):
            return False
        self._lives[site] = taken.life
        self._remember(site, {})
        return True

    def _send_contents(self, site: str, digests: Sequence[str]) -> None:
        portion: list[Record] = []
        for record in self._folder.sealed(digests):
            portion.append(record)
            if sum(len(one.content) for one in portion) >= PORTION_BYTES:
                self._send(site, portion)
                portion = []
        if portion:
            self._send(site, portion)

    def _remember(self, site: str, cursor: Cursor) -> None:
        if cursor == self._cursors.get(site):
            return
        self._cursors[site] = cursor
        self._database.run("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", site, self._lives[site], json.dumps(cursor))
