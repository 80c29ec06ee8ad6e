"""The operation log (操作日志) of each site is a chain of its own, and is not merged with others: each other site holds a copy of
it, row by row as it was written, proved as it comes. So a site that was lost leaves its log behind, and one whose tail was cut
off, or whose whole folder was put back, is found out by the copy (`lendrill audit verify`).

A site that begins anew begins a new log; the copy of the old one is set aside, and never removed.

    identity/sites/SITE/audit.db, audit.head     the copy
    identity/sites/SITE.1/ …                     set aside"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.identity import files
from actors.identity.audit import Audit, Head
from actors.identity.keys import Keys
from actors.identity.service import HEAD, LOG, SITES

_log = logging.getLogger(__name__)


class Copies:
    """The copies in one home, by site."""

    def __init__(self, identity: Path, keys: Keys, sites: Sequence[str]) -> None:
        """`identity`: the home's folder of that name; `sites`: the others."""
        self._folder, self._keys = files.private_folder(identity / SITES), keys
        self._copies = {site: self._open(site) for site in sites}

    def _open(self, site: str) -> Audit:
        folder = files.private_folder(self._folder / site)
        return Audit(folder / LOG, folder / HEAD, self._keys)

    def heads(self) -> dict[str, str]:
        """How far each copy goes."""
        return {site: str(copy.head()) for site, copy in self._copies.items()}

    def take(self, site: str, refused: str, written: Sequence[Sequence[Any]]) -> None:
        """Rows of a site's log, as it sent them. `refused`: the head that the site did not know as its own; a copy that still has
        it is set aside. Tampered where rows are not what was written."""
        if refused and refused == str(self._copies[site].head()):
            self._set_aside(site)
        self._copies[site].copy(written)

    def _set_aside(self, site: str) -> None:
        self._copies[site].close()
        taken = [path.name for path in self._folder.iterdir()]
        aside = next(name for number in range(1, len(taken) + 2) if (name := f"{site}.{number}") not in taken)
        (self._folder / site).rename(self._folder / aside)
        files.sync_folder(self._folder)
        _log.warning("the site %s began its operation log anew; the copy of the one before is kept in %s", site, aside)
        self._copies[site] = self._open(site)

    def close(self) -> None:
        """Ends their connections."""
        for copy in self._copies.values():
            copy.close()


def lacking(own: Audit, head: str, most: int) -> tuple[str, list[tuple[Any, ...]]]:
    """For a copy whose head another site told: that head where it is none of this log's, else an empty text; and the rows that it
    lacks, at most so many."""
    told = Head.read(head)
    known = own.holds(told)
    return "" if known else head, own.written(told.number if known else 0, most)
