"""A bank whose sites stand on machines of their own: each runs one site, or the witness, and knows from one file where the others
are. There are no lines between them but the real ones.

    lendrill serve --sites 3 --home bank            founds it on one machine; ended again, its folders are carried to the others
    lendrill sites run bank/sites/primary …         on each machine its own site
    lendrill sites witness bank …                   on a fourth, or beside the remote one"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

from actors.book.opening import is_server
from actors.ray_start import Enclosure
from actors.sites.wire import CERTIFICATE, Address
from lendrill import bank_file
from lendrill.bank_file import BANK_FILE, DAY_BOOK
from lendrill.errors import UserError
from lendrill.listening import listens, url_of
from lendrill.live_site import WITNESS, Net
from lendrill.progress import say
from lendrill.serve import SITES, ServeOptions, alone, health_door, keep_alive, say_where
from lendrill.sites import NEAR
from lendrill.supervisor import Child, Supervisor, children_of


def places_in(file: Path) -> dict[str, Address]:
    """Where each site and the witness listen for the others, from a file with a line ``primary = "HOST:PORT"`` each. UserError
    where it can't be used."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--places {file}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None
    except ValueError as error:
        raise UserError(f"--places {file}: not valid TOML: {error}") from None
    found = {}
    for name, at in content.items():
        if name not in (*SITES, WITNESS):
            raise UserError(f"--places {file}: {name}: no such place", f"places are {', '.join((*SITES, WITNESS))}")
        try:
            found[name] = Address.of(str(at))
        except ValueError as error:
            raise UserError(f"--places {file}: {name}: {error}") from None
    for needed in (SITES[0], WITNESS):
        if needed not in found:
            raise UserError(f"--places {file}: says nothing of {needed}", f'add {needed} = "HOST:PORT"')
    return found


def _listening_at(given: str | None, known: Address) -> Address:
    if given is None:
        return known
    try:
        return Address.of(given)
    except ValueError as error:
        raise UserError(f"--listen {error}") from None


def run_site(options: ServeOptions, places: Path, listen: str | None) -> int:
    """Serves the site whose home it is until Ctrl-C or SIGTERM; 0 then. `listen`: where other sites reach it, if that is not what
    the file says."""
    home, known = options.home.resolve(), places_in(places)
    if not (home / BANK_FILE).is_file():
        raise UserError(
            f"{home}: no site's home (it holds no {BANK_FILE})", "give HOME/sites/SITE that `serve --sites` made"
        )
    with alone(home):
        bank = bank_file.read(home)
        name = bank.get("site", "")
        if name not in known:
            raise UserError(f"--places {places}: says nothing of {name or 'this site'}", f'add {name} = "HOST:PORT"')
        own = _listening_at(listen, known[name])
        if not is_server(bank["store"]):
            bank["store"] = f"sqlite:{home / DAY_BOOK}"
        bank_file.write(home, bank)
        peers = {other: at for other, at in known.items() if other not in (name, WITNESS)}
        sites = tuple(one for one in SITES if one in known)
        Net(name, sites, NEAR, peers, known[WITNESS]).write(home)
        door, gateways = listens(own.host, own.port), listens(options.host, options.port)
        enclosure = Enclosure() if bank["executor"] == "ray" and not bank["address"] else None
        supervisor = Supervisor(home, children_of(home, options.gateways, gateways, enclosure, door))
        health = health_door(options, gateways, supervisor.health)

        def opened() -> None:
            supervisor.patient = True
            say_where(f"{bank['name']}, {name}: {url_of(gateways)} (API: {url_of(gateways)}/docs)")

        say(options.quiet, f"Opening {name}; it waits for the witness at {known[WITNESS].host}:{known[WITNESS].port} …")
        try:
            keep_alive(replace(options, home=home), [supervisor], url_of(gateways), opened)
        finally:
            if enclosure is not None:
                enclosure.leave()
            health.shutdown()
            health.server_close()
            for one in (door, gateways):
                one.close()
    return 0


def run_witness(home: Path, places: Path, listen: str | None) -> int:
    """Runs the witness until Ctrl-C or SIGTERM; 0 then."""
    home, known = home.resolve(), places_in(places)
    if not (home / CERTIFICATE).is_file():
        raise UserError(f"{home}: holds no {CERTIFICATE}", "give the home that `lendrill serve --sites` founded")
    own = _listening_at(listen, known[WITNESS])
    door = listens(own.host, own.port)
    terms = json.dumps([round(1_000 * seconds) for seconds in bank_file.read(home)["terms_s"]])
    command = [sys.executable, "-m", "lendrill.live_site", WITNESS, str(home), str(door.fileno()), terms]
    supervisor = Supervisor(home, [Child(WITNESS, command, keep=(door.fileno(),))])
    say_where(f"witness: {own.host}:{own.port}")
    try:
        keep_alive(ServeOptions(home=home, quiet=True), [supervisor], None, bool)
    finally:
        door.close()
    return 0
