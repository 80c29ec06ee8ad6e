"""Keeps a bank's backups: makes them when they are due, proves each by restoring it, brings copies into all places, and lets go
of what is no longer kept. It has no clock: `now_ms` is ms since 1970 UTC. What goes wrong is told and tried again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from actors.backup import places
from actors.backup.container import SUFFIX, Manifest, check, manifest_of
from actors.backup.errors import BackupError
from actors.backup.key import BackupKey
from actors.backup.making import Before, Source, anew_from, changed, made, signature
from actors.backup.places import held, names_in, outlived
from actors.clock import BANK_OFFSET_MS
from actors.identity.files import FOLDER_MODE
from credit.policies.backups import BackupPolicy
from credit.times import DAY_MS, MINUTE_MS, SECOND_MS

_log = logging.getLogger(__name__)
Prove = Callable[[Path, Manifest], str]
"""Restores a backup into a folder that goes again, and says what that proved; raises where it does not restore."""


class Kept(NamedTuple):
    """A backup that was made and proved. `lacking`: the places that it did not reach, and why."""

    manifest: Manifest
    path: Path
    bytes: int
    seconds: float
    proof: str
    proof_s: float
    copies: list[Path]
    lacking: list[str]
    gone: int


def due(policy: BackupPolicy, now_ms: int, last: Mapping[str, int]) -> list[str]:
    """The kinds of backup that are due. `last`: when each kind was last made. A full one is made once the day's hour has come, by
    the bank's wall, or at once where there is none or its hour went by without one."""
    hour = policy.full_from_minute * MINUTE_MS
    day = (now_ms + BANK_OFFSET_MS - hour) // DAY_MS * DAY_MS + hour - BANK_OFFSET_MS
    full = last.get("full")
    if full is None:
        return ["full"]
    found = ["full"] if full < day else []
    if now_ms - last.get("incremental", full) >= policy.incremental_minutes * MINUTE_MS:
        found.append("incremental")
    if now_ms - last.get("log", full) >= policy.log_minutes * MINUTE_MS:
        found.append("log")
    return found


class Keeper:
    """The backups of one bank; see the module's text. `folder`: the place in its home."""

    def __init__(self, source: Source, key: BackupKey, policy: BackupPolicy, prove: Prove) -> None:
        self.source, self.key, self.policy, self._prove = source, key, policy, prove
        self.folder = source.home / places.FOLDER
        self._not_before: dict[str, int] = {}
        self._made: dict[str, int] = {}
        self._seen: object = None
        self._read: dict[str, Manifest] = {}

    def tick(self, now_ms: int) -> list[Kept]:
        """Makes what is due, and brings copies to where they are lacking."""
        found = []
        self.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        last = self.last()
        for kind in due(self.policy, now_ms, self._by_the_clock(last, now_ms)):
            if now_ms >= self._not_before.get(kind, 0):
                found += self._tried(kind, now_ms)
        if "full" in last and now_ms >= self._not_before.get("key", 0):
            found += self._key_data(now_ms)
        if now_ms >= self._not_before.get("copies", 0):
            self._not_before["copies"] = now_ms + self.policy.retry_minutes * MINUTE_MS
            for line in self.make_up():
                _log.warning("%s", line)
        return found

    def last(self) -> dict[str, int]:
        """When each kind was last made."""
        found: dict[str, int] = {}
        for place in (self.folder, *self.source.places):
            with suppress(BackupError):
                found |= {kind: max(at, found.get(kind, 0)) for kind, at in newest(place).items()}
        return found

    def _by_the_clock(self, last: dict[str, int], now_ms: int) -> dict[str, int]:
        """When each kind was last made, by a clock that may have been put back: what is of an instant to come was made when this
        process made it, or long ago."""
        return {
            kind: next(one for one in (at, self._made.get(kind, 0), 0) if one <= now_ms) for kind, at in last.items()
        }

    def make(self, kind: str, now_ms: int) -> Kept:
        """One backup, now: a full one in place of an incremental one where the day book is another one than was backed up.
        BackupError, StoreError or OSError where that can't be, or where it does not restore."""
        self.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        with held(self.folder):
            return self._make(kind, now_ms)

    def _make(self, kind: str, now_ms: int) -> Kept:
        began = time.perf_counter()
        manifests = self.manifests()
        if kind != "full" and not any(one.kind == "full" for one in manifests):
            raise BackupError("there is no full backup yet that it could follow upon; make a full one first")
        newest_ms = max((one.time for one in manifests), default=0)
        if now_ms < newest_ms:
            now_ms = newest_ms + 1  # a clock that was put back puts none before another, or beside it
        anew = anew_from(self.source, manifests) if kind in ("full", "incremental") else None
        if anew is not None:
            kind = "full"  # an incremental one would follow upon windows that the bank does not have
        manifest = made(self.source, kind, self.key, self.folder, now_ms, Before.of(_since_full(manifests)), anew)
        path = self.folder / manifest.name
        took_s = time.perf_counter() - began
        began = time.perf_counter()
        try:
            proof = self._prove(path, manifest)
        except BaseException:
            path.unlink(missing_ok=True)  # what does not restore is no backup
            raise
        proof_s = time.perf_counter() - began
        lacking = self.make_up(path.name)
        reached = [one / path.name for one in self._all() if (one / path.name).exists()]
        gone = self._let_go([*manifests, manifest], path)
        kept = Kept(manifest, path, path.stat().st_size, took_s, proof, proof_s, reached, lacking, gone)
        _log.info("%s backup", kind, extra={"said": _said(kept)})
        return kept

    def manifests(self) -> list[Manifest]:
        """Those of all backups in places that can be reached, the oldest first. A file never changes, so each is read once."""
        found: dict[str, Manifest] = {}
        for place in self._all():
            with suppress(BackupError):
                for path in names_in(place):
                    with suppress(BackupError):
                        found[path.name] = self._read.get(path.name) or manifest_of(path, self.key)
        self._read = found
        return [found[name] for name in sorted(found)]

    def make_up(self, *names: str) -> list[str]:
        """Brings to every place what it lacks of the home's backups, or some of them; what did not come about, a line each."""
        lines: list[str] = []
        if not self.folder.is_dir():
            return lines
        wanted = names or [path.name for path in names_in(self.folder)]
        for place in self.source.places:
            try:
                places.made_up(self.folder, place, wanted)
            except OSError as error:
                lines.append(f"{place}: {error.strerror}; backups are brought there once it can be reached")
        return lines

    def _all(self) -> tuple[Path, ...]:
        return (self.folder, *self.source.places)

    def _tried(self, kind: str, now_ms: int) -> list[Kept]:
        try:
            found = self.make(kind, now_ms)
            self._made[kind] = self._made[found.manifest.kind] = now_ms
            return [found]
        except Exception as error:  # a bank goes on, and so do its other backups
            self._not_before[kind] = now_ms + self.policy.retry_minutes * MINUTE_MS
            _log.error("%s backup failed: %s", kind, getattr(error, "user_message", None) or repr(error))
            return []

    def _key_data(self, now_ms: int) -> list[Kept]:
        """Where key data has changed since it was last looked at."""
        seen = signature(self.source.home)
        if seen == self._seen:
            return []
        began = time.perf_counter()
        found: list[Kept] = []
        if changed(self.source, Before.of(_since_full(self.manifests())), self.folder):
            found = self._tried("key", now_ms)
            self._seen = seen if found else None
        else:
            self._seen = seen
        took_ms = (time.perf_counter() - began) * SECOND_MS
        wait_ms = round(self.policy.key_cost_times * took_ms)
        self._not_before["key"] = max(now_ms + wait_ms, self._not_before.get("key", 0))
        return found

    def _let_go(self, manifests: list[Manifest], proved: Path) -> int:
        """Removes what is needless now, from each place in which the backup that was just proved is good."""
        names = [one.name for one in outlived(manifests, self.policy.fulls_kept)]
        gone = 0
        for place in self._all() if names else ():
            with suppress(BackupError, OSError):
                check(place / proved.name, self.key)
                for name in names:
                    if (place / name).exists():
                        (place / name).unlink()
                        gone += 1
        return gone


def newest(folder: Path) -> dict[str, int]:
    """When each kind of backup was last made in a place (ms since 1970 UTC), by the names of its files: what did not restore has
    left none. BackupError where the place can't be read."""
    found: dict[str, int] = {}
    for path in names_in(folder):
        at, _, rest = path.name.removesuffix(SUFFIX).partition("-")
        if at.isdigit():
            found[rest.partition("-")[0]] = int(at)
    return found


def ages_s(home: Path, now_ms: int) -> dict[str, int]:
    """How old the last good backup of each kind in a bank's home is, in seconds."""
    with suppress(BackupError):
        return {kind: max(0, now_ms - at) // SECOND_MS for kind, at in newest(home / places.FOLDER).items()}
    return {}


def _since_full(manifests: list[Manifest]) -> list[Manifest]:
    first = next((place for place, one in enumerate(manifests) if one.kind == "full"), len(manifests))
    return manifests[first:]


def _said(kept: Kept) -> dict[str, object]:
    one = kept.manifest
    return {
        "kind": one.kind,
        "file": kept.path.name,
        "bytes": kept.bytes,
        "seconds": round(kept.seconds, 3),
        "proof": kept.proof,
        "proof_seconds": round(kept.proof_s, 3),
        "windows": [one.first, one.following],
        "anew_from": one.anew_from,
        "copies": [str(path) for path in kept.copies],
        "lacking": kept.lacking,
        "gone": kept.gone,
    }
