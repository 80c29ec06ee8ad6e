"""Restoring a bank from its backups, listing them and proving them: what the command line asks of `actors.backup`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from actors.backup.chains import Chain, chain_to
from actors.backup.container import Manifest, head_of
from actors.backup.errors import BackupError, NewerFormat, WrongKey
from actors.backup.key import BackupKey
from actors.backup.places import FOLDER, Shelf, names_in
from actors.backup.restoring import LATER_CONTRACTS, Restored, restored
from actors.book.opening import open_store
from actors.book.store import Store, StoreError
from actors.clock import BANK_OFFSET_MS
from credit import fingerprints
from credit.times import text_of
from lendrill.backups import fresh_book, key_file, policy_of
from lendrill.bank_file import BANK_FILE, whole
from lendrill.errors import EXIT_INTERNAL, UserError
from lendrill.live import Home, home_at, identity_of
from lendrill.lost import Asked, asked_in, book_of, lost_against, lost_of

_EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True)
class RestoreOptions:
    """One `lendrill restore`."""

    where: tuple[Path, ...]
    home: Path
    key: Path
    at: str | None = None
    store: str | None = None
    against: str | None = None
    requests: Path | None = None


def _said(line: str) -> None:
    Console(soft_wrap=True).print(line, highlight=False, markup=False)


def _warned(line: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"lendrill: {line}", highlight=False, markup=False)


def places_at(where: Path) -> list[Path]:
    """A folder with backups; of a bank's home, all the places that it names."""
    if not (where / BANK_FILE).is_file():
        return [where]
    return [where / FOLDER, *map(Path, home_at(where).bank.get("backup_to", ()))]


def key_at(where: Path, key: Path | None) -> BackupKey:
    """The key that was given, or a home's own. UserError where there is none."""
    if key is None:
        key = key_file(where if (where / BANK_FILE).is_file() else where.resolve().parent)
        if not key.is_file():
            raise UserError(f"{where}: the key of its backups is not there", "give it with --key FILE")
    return BackupKey.read(key)


def shelf_of(places: Iterable[Path], key: BackupKey) -> Shelf:
    """What some places hold of a key's backups, and the further places that their manifests name, as far as they can be reached.
    BackupError where none of it can be used."""
    shelf, looked = Shelf(key), set[Path]()
    for place in places:
        shelf.look(place)
        looked.add(place.resolve())
    if not shelf.copies:
        for kind in (WrongKey, NewerFormat, Exception):
            if of_kind := [error for error in shelf.unread if isinstance(error, kind)]:
                raise of_kind[0]
        raise BackupError(f"{', '.join(map(str, places))}: there is no backup in it; give a folder with backups")
    for further in sorted({Path(one) for manifest in shelf.manifests() for one in manifest.places}):
        if further.resolve() not in looked:
            with suppress(BackupError):
                shelf.look(further)
    return shelf


def list_command(where: Path, key: Path | None) -> int:
    """`lendrill backup list`: what the heads say, and what the manifests do where the key is there."""
    try:
        opening: BackupKey | None = key_at(where, key)
    except UserError:
        opening = None
    found = 0
    for place in places_at(where):
        for path in names_in(place):
            try:
                head = head_of(path)
                line = f"{_moment(head.time)}  {head.kind:<11}  {path.stat().st_size:>13,} bytes  {path}  {head.bank}"
                if opening is not None:
                    one = Shelf(opening)
                    one.take(path)
                    line += "".join(map(_windows, one.manifests())) or f"  {one.faults[0]}"
            except BackupError as error:
                line = f"{'–':<19}  {error.user_message}"
            _said(line)
            found += 1
    if not found:
        raise UserError(f"{where}: there is no backup in it", "give a folder with backups")
    return 0


def _windows(one: Manifest) -> str:
    if one.first == one.following:
        return f"  bank at {text_of(one.until)}"
    return f"  windows {one.first:,} to {one.following - 1:,}, bank at {text_of(one.until)}"


def verify_command(where: Path, key: Path | None) -> int:
    """`lendrill backup verify`: 0 when every copy is what was written, none is lacking, and they restore; 1 when not."""
    places = places_at(where)
    shelf = Shelf(key_at(where, key))
    for place in places:
        try:
            shelf.look(place)
        except BackupError as error:
            shelf.faults.append(error.user_message)
    if not shelf.copies and not shelf.unread:
        raise UserError(f"{where}: there is no backup in it", "give a folder with backups")
    good = shelf.prove()
    for name in sorted(shelf.copies):
        there = {path.parent for path in shelf.copies[name].paths}
        shelf.faults += [f"{place}: lacks {name}" for place in places if place not in there and place.is_dir()]
    try:
        chain = chain_to(shelf.manifests(), None, shelf.has)
        said = (
            f"they restore the bank up to window {chain.last.following - 1:,}, as it was at {text_of(chain.last.until)}"
        )
    except BackupError as error:
        shelf.faults.append(error.user_message)
        said = "they restore nothing"
    for line in dict.fromkeys(shelf.faults):
        _warned(line)
    _said(f"{len(shelf.copies):,} backups, {good:,} good copies in {len(places)} places; {said}")
    return EXIT_INTERNAL if shelf.faults else 0


def restore_command(options: RestoreOptions) -> int:
    """`lendrill restore`: 0 when the bank is restored and nothing is lost beyond the interval of backups; 1 when more is."""
    at, store = instant_at(options.at), whole(options.store)
    places = [place for where in options.where for place in places_at(where)]
    key = BackupKey.read(options.key)
    asked = asked_in(options.requests) if options.requests else []
    against = _opened(options.against) if options.against else None
    shelf = shelf_of(places, key)
    chain = chain_to(shelf.manifests(), at, shelf.has)

    def book(fresh: Path) -> Store:
        return open_store(store) if store else fresh_book(fresh)

    found = restored(chain, shelf.find, key, options.home, at, book, identity_of, store or "")
    for line in dict.fromkeys(shelf.faults):
        _warned(line)
    for passed in chain.passed_over:
        _warned(f"{passed.name}: no good copy; done without it")
    if shelf.faults:
        _said("Damaged copies were passed over; a good copy was used of each backup that was needed.")
    return _told(options, chain, found, asked, against)


def _opened(where: str) -> Store | None:
    """A day book to compare with; None where it can't even be opened, which is said."""
    try:
        return book_of(where)
    except StoreError as error:
        _warned(f"--against: {error.user_message}; what it held is not known")
        return None


def _told(options: RestoreOptions, chain: Chain, found: Restored, asked: list[Asked], against: Store | None) -> int:
    home = Home(options.home.resolve())
    number = found.standing.number
    _said(
        f"Restored {home.bank['name']} into {options.home} from {found.backups:,} backups: {number:,} windows, as it was at "
        f"{text_of(found.until)}; seal {found.standing.seal.hex()}"
    )
    _said(
        f"`lendrill serve --home {options.home}` opens it. Copies of its backups go nowhere else until --backup-to says where."
    )
    if home.bank["schemas"] != fingerprints.of_all(fingerprints.schemas()):
        _warned(f"{options.home}: another release's bank; open it with the release that founded it")
    elif home.bank["policies"] != fingerprints.of_all(fingerprints.policies(home.scenario.policies)):
        _warned(
            f"{options.home}: policies of this release are others than the bank's; open it with the release that it had"
        )
    for name in found.older:
        _warned(f"{name} is of an earlier backup: no copy of the later one is good")
    if found.unknown:
        _warned(
            f"{len(found.unknown):,} contracts were signed after that, the day book does not know of them: "
            f"{', '.join(found.unknown[:20])}; their texts are in {options.home / LATER_CONTRACTS}"
        )
    minutes = policy_of(home).incremental_minutes
    at = instant_at(options.at)
    beyond_all = at is not None and at > chain.last.until
    if beyond_all:
        _warned(
            f"--at {options.at}: nothing later than {text_of(chain.last.until)} is in these backups; that is restored"
        )
    _said(
        f"Lost at most: what was acknowledged after {text_of(chain.last.time + BANK_OFFSET_MS)}, when its last backup was made; "
        f"the interval of backups is {minutes} minutes"
        if at is None or beyond_all
        else f"Lost by choice: what was acknowledged after {text_of(found.until)}"
    )
    if options.requests is None and against is None:
        _said("Which requests that were can't be known from backups alone; give --against HOME or --requests FILE.")
        return 0
    beyond = False
    if against is not None:
        beyond |= lost_against(home, against, found.standing, chain.last.time, minutes, _said)
    if options.requests is not None:
        lost_of(home, asked, _said)
    return EXIT_INTERNAL if beyond else 0


def instant_at(text: str | None) -> int | None:
    """An instant of the bank's own time, ms since 1970. UserError where it is none."""
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.timezone(dt.timedelta(milliseconds=BANK_OFFSET_MS))).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise UserError(f"--at {text}: no such time", "give it as 2026-03-10T09:30, by the bank's own clock") from None
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def _moment(time_ms: int) -> str:
    return text_of(time_ms + BANK_OFFSET_MS)[:19]
