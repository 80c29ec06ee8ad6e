"""What a live bank of several sites runs besides (`lendrill.live`): each site's conductor, the witness, and the lines between
places on one machine. `lendrill.sites` starts them."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from actors.book.aside import set_aside
from actors.book.opening import open_store
from actors.book.sealed import SealedStore
from actors.book.store import Entry, Store
from actors.frames import Caller
from actors.identity.keys import Keys
from actors.identity.service import FOLDER
from actors.identity.vault import Vault
from actors.sites import wire
from actors.sites.folder import HomeFolder
from actors.sites.lines import Lines
from actors.sites.mirror import Mirror
from actors.sites.receiver import Peer, Receiver
from actors.sites.replicated import ReplicatedStore
from actors.sites.site import Deposed, Site, SiteServer
from actors.sites.slow_disk import SlowDisk
from actors.sites.uploads import Lying, bring, spoken_of
from actors.sites.wire import Address
from actors.sites.witness import Keeper, Terms
from actors.sites.witness_server import WitnessServer
from actors.sites.wrong_clock import shifted_ms
from lendrill.live import SOCKET, Home, bank_of, end_when_told, keep_what_is_there, ran

NET = "net.json"
LINES, WITNESS, WITNESS_FILE = "lines.sock", "witness", "witness.json"
EXIT_AGAIN = 75
"""A site's process that is to be started anew (EX_TEMPFAIL): another site leads."""
_NEAR_S, _FAR_S, _BEAT_S = 1.0, 3.0, 0.5
"""How long a site in step, one far away, and the witness are waited for."""


@dataclass(frozen=True)
class Net:
    """How a site reaches the others: their conductors and the witness."""

    site: str
    sites: tuple[str, ...]
    """All, in one order everywhere; the first `near` of them are to be in step."""
    near: int
    peers: dict[str, Address]
    witness: Address

    @classmethod
    def of(cls, home: Path) -> Net:
        """As it stands in a site's home."""
        found: dict[str, Any] = json.loads((home / NET).read_text(encoding="utf-8"))
        peers = {name: Address.of(at) for name, at in found["peers"].items()}
        return cls(found["site"], tuple(found["sites"]), found["near"], peers, Address.of(found["witness"]))

    def write(self, home: Path) -> None:
        """Puts it into a site's home."""
        told = {
            "site": self.site, "sites": self.sites, "near": self.near, "witness": "{}:{}".format(*self.witness)
        }  # fmt: skip
        peers = {name: "{}:{}".format(*at) for name, at in self.peers.items()}
        (home / NET).write_text(json.dumps(told | {"peers": peers}, indent=1) + "\n", encoding="utf-8")


async def _site(home: Home, descriptor: int, ray: Path | None = None) -> int:
    net, folder = Net.of(home.path), home.path / FOLDER
    ours, theirs = wire.tls(folder, server=False), wire.tls(folder, server=True)

    def far(name: str, do: str, at: Address, patience_s: float) -> Any:
        return wire.Far(name, do, Caller(wire.over_tls(at, ours)), patience_s)

    vault, own = Vault(Keys.open(folder)), HomeFolder(home.path, net.site, net.sites)
    near = net.sites[: net.near]
    receiver = Receiver(SlowDisk(open_store(home.bank["store"]), home.path), partial(anew, home))
    peers = {
        name: cast(Peer, far(name, "book", at, _NEAR_S if name in near else _FAR_S)) for name, at in net.peers.items()
    }
    folders = {name: far(name, "folder", at, _FAR_S) for name, at in net.peers.items()}
    contents = {name: cast(Lying, far(name, "contents", at, _FAR_S)) for name, at in net.peers.items()}

    def bring_uploads(name: str, entries: Sequence[Entry]) -> None:
        bring(own.contents, contents[name], spoken_of(entries, vault.open))

    keeper = cast(Keeper, far(WITNESS, "witness", net.witness, _BEAT_S))
    book = ReplicatedStore(net.site, receiver, peers, keeper, bring_uploads)
    mirror = Mirror(own, list(net.peers), lambda name, records: folders[name].take(tuple(records)))
    executor = home.executor(ray)
    store = SealedStore(book, vault.seal, vault.open)
    bank, live = bank_of(home, store, executor)
    links = {name: partial(asyncio.open_connection, at.host, at.port, ssl=ours) for name, at in net.peers.items()}
    beats = cast(Keeper, far(WITNESS, "witness", net.witness, _BEAT_S))
    wall = partial(shifted_ms, home.path)

    def lead() -> None:
        live.start_clock(home.clock(bank.stands_at, wall, lambda: bool(site.wrong_clock)))

    site = Site(
        live, book, receiver, beats, links, near, lead,
        {"folder": (own, frozenset({"take"})), "contents": (own.contents, frozenset({"lacking", "put"}))}, mirror, wall,
    )  # fmt: skip
    server = SiteServer(site)
    doors = [await server.serve(Path(SOCKET)), await server.serve_on(socket.socket(fileno=descriptor), theirs)]
    keep_what_is_there()
    end_when_told(site.close)
    try:
        await site.run()
    except Deposed as deposed:  # nothing is waited for: a cell may hang, and what is under way is no longer this site's
        sys.stderr.write(f"{deposed.user_message}; this site begins anew\n")
        if receiver.damage:
            store.close()
            anew(home)
        return EXIT_AGAIN
    for door in doors:
        door.close()
    executor.stop()
    store.close()
    return 0


def anew(home: Home) -> Store:
    """Sets the day book of a home aside, and gives an empty one in its place."""
    return SlowDisk(set_aside(home.bank["store"]), home.path)


async def _witness(home: Path, descriptor: int, terms: Terms) -> int:
    server = WitnessServer(home / WITNESS_FILE, terms)
    ended = asyncio.Event()
    end_when_told(ended.set)
    await server.serve_on(socket.socket(fileno=descriptor), wire.tls(home, server=True))
    await ended.wait()
    return 0


async def _lines(home: Path, laid: list[tuple[str, str, int, str]]) -> int:
    lines, ended = Lines(seed=1), asyncio.Event()
    end_when_told(ended.set)
    for here, there, descriptor, to in laid:
        await lines.lay(here, there, socket.socket(fileno=descriptor), Address.of(to))
    await lines.serve(home / LINES)
    await ended.wait()
    return 0


def main(arguments: list[str]) -> int:
    """``python -m lendrill.live_site site HOME DESCRIPTOR [RAY]``, ``witness HOME DESCRIPTOR TERMS`` or ``lines HOME LAID``, the
    last two with JSON."""
    what, home, *rest = arguments
    path = Path(home)
    if what == "site":
        code = ran(path, "conductor", lambda: _site(Home(path), int(rest[0]), *map(Path, rest[1:])))
        if code == EXIT_AGAIN:
            atexit._run_exitfuncs()  # what was logged is written
            os._exit(code)  # threads that wait for a cell that hangs would be waited for
        return code
    if what == WITNESS:
        return ran(path, what, lambda: _witness(path, int(rest[0]), Terms(*json.loads(rest[1]))))
    return ran(path, what, lambda: _lines(path, json.loads(rest[0])))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
