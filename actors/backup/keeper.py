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
from actors.backup.container import SUFFIX, Manifest, check
from actors.backup.errors import BackupError
from actors.backup.key import BackupKey
from actors.backup.making import Before, Source, changed, made, signature
from actors.backup.places import Shelf, held, names_in, outlived
from actors.clock import BANK_OFFSET_MS
from actors.identity.files import FOLDER_MODE
from credit.errors import CreditError
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


def due(policy: BackupPolicy, now_ms: int, last: Mapping[str, int]) -> str:
    """The kind of backup that is due; empty where none is. `last`: when each kind was last made. A full one is made once the
    day's hour has come, by the bank's wall, or at once where there is none or its hour went by without one."""
    hour = policy.full_from_minute * MINUTE_MS
    day = (now_ms + BANK_OFFSET_MS - hour) // DAY_MS * DAY_MS + hour - BANK_OFFSET_MS
    if last.get("full", -1) < day:
        return "full"
    if now_ms - last.get("incremental", last["full"]) >= policy.incremental_minutes * MINUTE_MS:
        return "incremental"
    if now_ms - max(last.get("log", 0), last["full"]) >= policy.log_minutes * MINUTE_MS:
        return "log"
    return ""


class Keeper:
    """The backups of one bank; see the module's text. `folder`: the place in its home."""

    def __init__(self, source: Source, key: BackupKey, policy: BackupPolicy, prove: Prove) -> None:
        self.source, self.key, self.policy, self._prove = source, key, policy, prove
        self.folder = source.home / places.FOLDER
        self._not_before: dict[str, int] = {}
        self._seen: object = None

    def tick(self, now_ms: int) -> list[Kept]:
        """Makes what is due, and brings copies to where they are lacking."""
        found = []
        last = self.last()
        for _ in range(3):
            kind = due(self.policy, now_ms, last)
            if not kind or now_ms < self._not_before.get(kind, 0):
                break
            one = self._tried(kind, now_ms)
            found += one
            last[kind] = now_ms
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

    def make(self, kind: str, now_ms: int) -> Kept:
        """One backup, now. BackupError, StoreError or OSError where that can't be, or where it does not restore."""
        self.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        with held(self.folder):
            return self._make(kind, now_ms)

    def _make(self, kind: str, now_ms: int) -> Kept:
        began = time.perf_counter()
        manifests = self.shelf().manifests()
        if kind != "full" and not any(one.kind == "full" for one in manifests):
            raise BackupError("there is no full backup yet that it could follow upon; make a full one first")
        manifest, path = self._made(kind, now_ms, Before.of(_since_full(manifests)))
        took_s = time.perf_counter() - began
        began = time.perf_counter()
        try:
            proof = self._prove(path, manifest)
        except Exception:
            path.unlink(missing_ok=True)  # what does not restore is no backup
            raise
        proof_s = time.perf_counter() - began
        lacking = self.make_up(path)
        reached = [one / path.name for one in self._all() if (one / path.name).exists()]
        gone = self._let_go([*manifests, manifest], path)
        kept = Kept(manifest, path, path.stat().st_size, took_s, proof, proof_s, reached, lacking, gone)
        _log.info("%s backup", kind, extra={"said": _said(kept)})
        return kept

    def shelf(self) -> Shelf:
        """What all places that can be reached hold."""
        shelf = Shelf(self.key)
        for place in self._all():
            with suppress(BackupError):
                shelf.look(place)
        return shelf

    def make_up(self, path: Path | None = None) -> list[str]:
        """Brings to every place what it lacks of another's backups, or one; what did not come about, a line each."""
        lines = []
        names = [path.name] if path else [one.name for one in names_in(self.folder)] if self.folder.is_dir() else []
        for place in self._all():
            folder = path.parent if path else self.folder
            if place == folder:
                continue
            try:
                places.made_up(folder, place, names)
            except OSError as error:
                lines.append(f"{place}: {error.strerror}; backups are brought there once it can be reached")
        return lines

    def _all(self) -> tuple[Path, ...]:
        return (self.folder, *self.source.places)

    def _made(self, kind: str, now_ms: int, before: Before) -> tuple[Manifest, Path]:
        """In the first place that can be written."""
        *others, last = self._all()
        for folder in others:
            try:
                manifest = made(self.source, kind, self.key, folder, now_ms, before)
            except OSError as error:
                _log.warning("%s: %s; written to another place", folder, error.strerror)
            else:
                return manifest, folder / manifest.name
        manifest = made(self.source, kind, self.key, last, now_ms, before)
        return manifest, last / manifest.name

    def _tried(self, kind: str, now_ms: int) -> list[Kept]:
        try:
            return [self.make(kind, now_ms)]
        except (CreditError, OSError) as error:
            self._not_before[kind] = now_ms + self.policy.retry_minutes * MINUTE_MS
            _log.error("%s backup failed: %s", kind, getattr(error, "user_message", error))
            return []

    def _key_data(self, now_ms: int) -> list[Kept]:
        """Where key data has changed since it was last looked at."""
        seen = signature(self.source.home)
        if seen == self._seen:
            return []
        began = time.perf_counter()
        found: list[Kept] = []
        if changed(self.source, Before.of(_since_full(self.shelf().manifests())), self.folder):
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
        "copies": [str(path) for path in kept.copies],
        "lacking": kept.lacking,
        "gone": kept.gone,
    }
