"""Faults, switches and looks by hand, at a bank of several sites that runs."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from actors.sites.witness import PEOPLE_NEEDED, people
from lendrill.drills import befall
from lendrill.errors import UserError
from lendrill.interruption import Interruption
from lendrill.live_site import WITNESS
from lendrill.sites import site_standing
from scenarios.drill import Befalls
from scenarios.planned import STRIKE_PARTNERS

_FIELDS = dict.fromkeys(STRIKE_PARTNERS, "partner") | {"branch_outage": "branch"}
"""What the place of a fault is, where it is no place."""


def fault_command(home: Path, what: str, place: str, given: dict[str, Any]) -> int:
    """0 once it has befallen the bank, and, where it is for a time, was undone."""
    where = int(place) if what == "branch_outage" and place.isdecimal() else place
    try:
        one = Befalls.model_validate(
            {"at_s": 0, "what": what, _FIELDS.get(what, "place"): where}
            | {n: of for n, of in given.items() if of is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = " ".join(str(step) for step in first["loc"])
        raise UserError(
            f"fault {what} {place}: {field + ': ' if field else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from None
    if one.branch:
        raise UserError(
            "fault branch_outage: whoever comes to a branch comes from outside",
            "it goes with a drill's file, whose clients it cuts off",
        )
    if not one.partner and place != WITNESS:
        befall.site_home(home, place)
    with Interruption(), _alone(home, one):  # who ends it early has it undone, too
        undo = befall.befall(home, one)
        typer.echo(f"{what} {place}{f' {one.to}' if one.to else ''}: done")
        if one.for_s is not None:
            try:
                time.sleep(one.for_s)
            finally:
                undo()
            typer.echo("undone")
    return 0


@contextmanager
def _alone(home: Path, one: Befalls) -> Iterator[None]:
    """Holds what undoing it would undo of others. UserError where another `lendrill fault` does."""
    if one.for_s is None:
        yield
        return
    with ExitStack() as held:
        for name in sorted(one.holds):
            file = held.enter_context((home / f".fault-{name}.lock").open("w"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"fault {one.what} {one.where}: one stands there already, whose end would end this one too",
                    "wait for it, or lendrill mend HOME",
                ) from None
        yield


def mend_command(home: Path) -> int:
    """0 once lines carry all again, places are regained, processes go on and disks have room."""
    befall.mend(home)
    typer.echo("mended")
    return 0


def show_command(home: Path) -> int:
    """0 when a site leads, 1 when none does."""
    table = Table()
    for column in ("site", "leads", "epoch", "in step", "windows", "worked", "last seal", "wrong"):
        table.add_column(column, no_wrap=column != "wrong")
    standing = {path.name: site_standing(path) for path in sorted((home / "sites").glob("*"))}
    if not standing:
        raise UserError(f"{home}: no bank of several sites", "give the folder that `lendrill serve --sites` made")
    leader = max(
        (one for one in standing.values() if one.get("leads")), key=lambda one: int(one["epoch"]), default=None
    )
    for name, one in standing.items():
        in_step = name in leader["in_step"] if leader else False
        if one:
            table.add_row(
                name, "●" if one is leader else "", str(one["epoch"]), "✓" if in_step else "–", f"{one['windows']:,}",
                f"{one['worked'] + 1:,}", one["seal"][:8], one["damage"] or one["wrong_clock"],
            )  # fmt: skip
        else:
            table.add_row(name, "", "", "–", "", "", "", "does not answer")
    Console().print(table)
    return 0 if leader else 1


def decide_command(home: Path, what: str, site: str, by: Sequence[str]) -> int:
    """0 once it is decided; two people do."""
    befall.site_home(home, site)
    if len(people(by)) < PEOPLE_NEEDED:
        raise UserError(f"{what}: decided by {', '.join(by) or 'nobody'}", "two people decide it: --by NAME --by NAME")
    befall.decided(home, what, site, by)
    typer.echo(f"decided: {site} is to lead")
    return 0
