"""`lendrill serve --sites N`: a bank of several sites (中心) on one machine. Each has a home of its own in ``HOME/sites``
with its day book, and processes of its own; the witness, and the lines between all of them, stand beside.

    HOME/bank.json · witness.json · sites.pem      what all share
    HOME/sites/primary/ same-city/ remote/         homes of banks, as `lendrill serve` of one site has them"""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actors.backup.key import BackupKey
from actors.book.aside import SITE, at_site
from actors.identity.files import private_folder
from actors.identity.keys import NAME
from actors.identity.service import FOLDER
from actors.link import Away, asked_once
from actors.ray_start import Enclosure
from actors.sites.folder import HomeFolder
from actors.sites.wire import CERTIFICATE, Address, make_certificate
from lendrill import bank_file
from lendrill.backups import key_file
from lendrill.bank_file import DAY_BOOK
from lendrill.drills.control import Control
from lendrill.listening import listens, url_of
from lendrill.live import SOCKET
from lendrill.live_site import WITNESS, Net
from lendrill.progress import say
from lendrill.serve import ServeOptions, first_accounts, health_door, keep_alive, say_where
from lendrill.supervisor import Child, Supervisor, children_of

NEAR = 2
"""So many of the sites, the first ones, are to be in step."""
_PORTS_APART = 10


@dataclass
class Sites:
    """A bank of several sites, as one process sees it."""

    home: Path
    names: Sequence[str]
    supervisors: dict[str, Supervisor] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def leading(self) -> Supervisor | None:
        """The site that leads; None where none says so."""
        for name, one in self.supervisors.items():
            if site_standing(self.home / "sites" / name).get("leads"):
                return one
        return None

    def health(self) -> dict[str, Any]:
        """Ready where any site is; how each stands."""
        found = {name: one.health() for name, one in self.supervisors.items()}
        standing = {name: site_standing(self.home / "sites" / name) for name in self.names}
        return {
            "live": True,
            "ready": any(one["ready"] for one in found.values()),
            "sites": {
                name: found[name] | {"held": self.supervisors[name].held} | standing[name] for name in self.names
            },
        }


def site_standing(home: Path, patience_s: float = 0.8) -> dict[str, Any]:
    """How a site's conductor says that it stands; empty where it does not answer."""
    try:
        found: dict[str, Any] = asked_once(home / SOCKET, "site", patience_s)
    except Away:
        return {}
    return found


def homes_of(home: Path, bank: dict[str, Any]) -> dict[str, Path]:
    """The homes of a bank's sites, made where they are not there yet, with the certificate by which they know each other."""
    homes = {name: home / "sites" / name for name in bank["sites"]}
    (home / "sites").mkdir(mode=0o700, exist_ok=True)
    if not (home / CERTIFICATE).exists():
        make_certificate(home)
    for name, path in homes.items():
        path.mkdir(mode=0o700, exist_ok=True)
        of_site = bank | {
            "store": store_at(bank, path, name), "sites": [], "site": name,
            "backup_to": [str(Path(place) / name) for place in bank.get("backup_to", ())],
        }  # fmt: skip
        bank_file.write(path, of_site)
    return homes


def store_at(bank: dict[str, Any], path: Path, name: str) -> str:
    """Where a site keeps its own day book: in its home, unless the bank's own file says where."""
    return at_site(bank["store"], name) if SITE in bank["store"] else f"sqlite:{path.resolve() / DAY_BOOK}"


def founded_at(homes: dict[str, Path], top: Path) -> Path | None:
    """The keys are the same at all sites; of the first one's accounts the others hear once they run. The file with their first
    passwords, None where they are there already."""
    first, *others = homes.values()
    credentials = first_accounts(first)
    BackupKey.open(key_file(first))
    for path in (first, *others):
        private_folder(path / FOLDER)
        for of, name in ((first / FOLDER, NAME), (first / FOLDER, key_file(first).name), (top, CERTIFICATE)):
            if not (path / FOLDER / name).exists():
                shutil.copy2(of / name, path / FOLDER / name)
    for name, path in homes.items():
        HomeFolder(path, name, list(homes)).close()  # each takes its place before anybody signs in there
    return credentials


def serve_sites(options: ServeOptions, bank: dict[str, Any]) -> int:
    """Serves until Ctrl-C or SIGTERM; 0 then."""
    home = options.home.resolve()
    homes = homes_of(home, bank)
    credentials = founded_at(homes, home)
    sites = Sites(home, list(homes))
    doors = {name: _door() for name in homes}
    ends = doors | {WITNESS: _door()}
    begins = {(here, there): _door() for here in homes for there in ends if there != here}
    laid = {one: Address(*begin.getsockname()) for one, begin in begins.items()}
    enclosures = []
    gateways = {}
    for place, (name, path) in enumerate(homes.items()):
        peers = {other: laid[name, other] for other in homes if other != name}
        Net(name, tuple(homes), NEAR, peers, laid[name, WITNESS]).write(path)
        port = options.port + _PORTS_APART * place if options.port else 0
        gateways[name] = listens(options.host, port)
        sites.urls[name] = url_of(gateways[name])
        enclosure = Enclosure() if bank["executor"] == "ray" else None
        enclosures += [enclosure] if enclosure is not None else []
        sites.supervisors[name] = Supervisor(
            path, children_of(path, options.gateways, gateways[name], enclosure, doors[name])
        )
    terms = json.dumps([round(1_000 * seconds) for seconds in bank["terms_s"]])
    at = ends[WITNESS].fileno()
    witness = _child(WITNESS, home, (at,), 0, str(at), terms)
    beside = Supervisor(home, [_lines(home, begins, ends), witness])
    door = health_door(options, gateways[next(iter(homes))], sites.health)
    control = Control(home, sites.supervisors | {WITNESS: beside}, sites.urls)

    def opened() -> None:
        for supervisor in (beside, *sites.supervisors.values()):
            supervisor.patient = True
        for name, url in sites.urls.items():
            say_where(f"{bank['name']}, {name}: {url} (API: {url}/docs)")
        say(
            options.quiet,
            f"Health of all sites: {next(iter(sites.urls.values())).rpartition(':')[0]}:{door.server_port}/health",
        )
        if credentials is not None:
            say(options.quiet, f"First passwords and secrets, for their owner's eyes: {credentials}")

    say(options.quiet, f"Opening the bank in {options.home} at {len(homes)} sites ({bank['executor']}) …")
    try:
        keep_alive(options, [beside, *sites.supervisors.values()], sites.urls[next(iter(homes))], opened, sites.leading)
    finally:
        control.close()
        for enclosure in enclosures:
            enclosure.leave()
        door.shutdown()
        door.server_close()
        for one in (*gateways.values(), *ends.values(), *begins.values()):
            one.close()
    say(options.quiet, f"Closed. `lendrill serve --home {options.home}` goes on where it stands.")
    return 0


def _door() -> socket.socket:
    """Where other places reach a process, on loopback."""
    return listens("127.0.0.1", 0)


def _lines(home: Path, begins: dict[tuple[str, str], socket.socket], ends: dict[str, socket.socket]) -> Child:
    """The process that carries what goes between places."""
    laid = [
        [here, there, begin.fileno(), "{}:{}".format(*ends[there].getsockname())]
        for (here, there), begin in begins.items()
    ]
    keep = tuple(begin.fileno() for begin in begins.values())
    return _child("lines", home, keep, 2, json.dumps(laid))


def _child(what: str, home: Path, keep: tuple[int, ...], turn: int, *more: str) -> Child:
    return Child(what, [sys.executable, "-m", "lendrill.live_site", what, str(home), *more], keep=keep, turn=turn)
