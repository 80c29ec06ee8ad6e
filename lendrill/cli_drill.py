"""`lendrill drill`, `lendrill fault` and `lendrill sites`: a bank of several sites, what befalls it, and who leads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lendrill.cli_paths import path_given
from lendrill.errors import UserError

HELP = {"help_option_names": ["-h", "--help"]}
sites = typer.Typer(help="The sites of a live bank: how they stand, and who leads.", context_settings=HELP)
BankHome = Annotated[
    Path,
    typer.Argument(
        metavar="HOME", help="The folder of a bank that `lendrill serve --sites` serves.", parser=path_given
    ),
]
By = Annotated[list[str] | None, typer.Option("--by", metavar="NAME", help="Who decides it; two people, so twice.")]


def drill(
    name: Annotated[str | None, typer.Argument(help="A drill's name (see `lendrill drills`) or a TOML file.")] = None,
    calendar: Annotated[
        bool, typer.Option("--calendar", help="Print which drills a year asks for, and which are due by past evidence.")
    ] = False,
    runs: Annotated[
        Path | None, typer.Option(help="Of --calendar: the folder of past drills (default: runs).", parser=path_given)
    ] = None,
    random: Annotated[
        int | None, typer.Option(metavar="SEED", min=0, help="Instead of a name: faults drawn from a seed.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The drill's own folder (default: runs/drill-<name>-<time>/).", parser=path_given),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            help="Drill the bank of several sites that runs in this folder, which goes on afterwards (default: one is founded).",
            parser=path_given,
        ),
    ] = None,
    play: Annotated[
        bool, typer.Option("--play", help="Nobody is asked: decisions are taken as the file has them.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Seed of who comes and when (default: 1; with --home another one each time)."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Where each site keeps its day book, as `lendrill serve` has it; {site} is the site's name."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the verdict.")] = False,
) -> int:
    """Run a drill: a bank of several sites under load, with faults, and the evidence of how it held."""
    if (name is not None) + calendar + (random is not None) != 1:
        raise UserError("drill: give a drill's name, --random SEED or --calendar", "see: lendrill drills")
    if calendar:
        from lendrill.drills.due import calendar_command

        if out is not None or home is not None or play or seed is not None or store is not None or quiet:
            raise UserError(
                "drill --calendar: runs no drill", "leave --out, --home, --play, --seed, --store and --quiet out"
            )
        if runs is not None and not runs.is_dir():
            raise UserError(f"--runs {runs}: there is no such folder", "give the folder in which drills left theirs")
        return calendar_command(runs or Path("runs"))
    if runs is not None:
        raise UserError(f"--runs {runs}: means nothing to a drill that is run", "it goes with --calendar")
    if home is not None and store is not None:
        raise UserError(f"--store {store}: the bank in {home} has its books already", "leave --store out")
    from lendrill.drills.drill import DrillOptions, drill_command

    called = name if random is None else f"random-{random}"
    return drill_command(DrillOptions(called or "", out, home, play, seed, store, random, quiet))


def drills() -> int:
    """List the drills that come with Lendrill."""
    from scenarios.drill import drill_names, load_drill

    for name in drill_names():
        found = load_drill(name)
        typer.echo(f"{name:<22} {found.name_zh} · {found.name_en}: {found.about_en}")
    return 0


def fault(
    home: BankHome,
    what: Annotated[
        str,
        typer.Argument(
            help="kill, hang, lose, regain, cut, slow_line, full_disk, slow_disk, wrong_clock, damage_book, damage_snapshot; "
            "partner_outage, slow_partner."
        ),
    ],
    place: Annotated[
        str,
        typer.Argument(help="primary, same-city, remote or witness; of partner_… a partner: bureau, payment, sms, …"),
    ],
    to: Annotated[str | None, typer.Argument(help="Of a line: where it goes.")] = None,
    process: Annotated[
        str | None, typer.Option(help="Of kill, hang and full_disk: conductor (where none is given), gateway-0, …")
    ] = None,
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="S", min=0.1, help="Undo it after so long, and wait for that.")
    ] = None,
    one_way: Annotated[bool, typer.Option("--one-way", help="The line from PLACE to TO only.")] = False,
    delay_ms: Annotated[
        float | None, typer.Option(metavar="MS", min=0, max=60_000, help="Of slow_line, slow_disk and slow_partner.")
    ] = None,
    mbit_s: Annotated[float | None, typer.Option(metavar="N", min=0, max=100_000, help="Of slow_line.")] = None,
    loss: Annotated[
        float | None, typer.Option(metavar="SHARE", min=0, max=0.9, help="Of slow_line: segments lost, and sent again.")
    ] = None,
    ahead_s: Annotated[
        float | None, typer.Option(metavar="S", help="Of wrong_clock: so far ahead; below zero, behind.")
    ] = None,
) -> int:
    """Have something befall a bank of several sites that runs."""
    from lendrill.drills.by_hand import fault_command

    given = {
        "process": process, "to": to, "one_way": one_way or None, "delay_ms": delay_ms, "mbit_s": mbit_s, "ahead_s": ahead_s,
        "for_s": for_s, "loss": loss,
    }  # fmt: skip
    return fault_command(home, what, place, given)


def mend(home: BankHome) -> int:
    """Undo all that befell a bank's lines, places and processes."""
    from lendrill.drills.by_hand import mend_command

    return mend_command(home)


@sites.command("show")
def sites_show(home: BankHome) -> int:
    """Print how each site stands: who leads, who is in step, how far each book goes."""
    from lendrill.drills.by_hand import show_command

    return show_command(home)


@sites.command("run")
def sites_run(
    home: Annotated[
        Path, typer.Argument(metavar="SITE_HOME", help="HOME/sites/SITE, on its own machine.", parser=path_given)
    ],
    places: Annotated[
        Path, typer.Option(metavar="FILE", help='Where all stand: primary = "HOST:PORT", …, witness = "HOST:PORT".')
    ],
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where other sites reach this one, if not as the file says.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where its gateway listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    gateways: Annotated[int, typer.Option(help="Gateway processes.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only say where it listens.")] = False,
) -> int:
    """Run one site on a machine of its own."""
    from lendrill.serve import ServeOptions
    from lendrill.sites_apart import run_site

    return run_site(ServeOptions(home=home, host=host, port=port, gateways=gateways, quiet=quiet), places, listen)


@sites.command("witness")
def sites_witness(
    home: BankHome,
    places: Annotated[Path, typer.Option(metavar="FILE", help="Where all stand, as for `sites run`.")],
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where the sites reach it, if not as the file says.")
    ] = None,
) -> int:
    """Run the witness on a machine of its own."""
    from lendrill.sites_apart import run_witness

    return run_witness(home, places, listen)


@sites.command("switch")
def sites_switch(
    home: BankHome, site: Annotated[str, typer.Argument(help="Who is to lead; in step.")], by: By = None
) -> int:
    """Planned switch: the leading site finishes what is under way and hands over."""
    from lendrill.drills.by_hand import decide_command

    return decide_command(home, "switch", site, by or [])


@sites.command("take-over")
def sites_take_over(home: BankHome, site: Annotated[str, typer.Argument(help="Who is to lead.")], by: By = None) -> int:
    """Have a site lead by the decision of two people, whatever became of the others."""
    from lendrill.drills.by_hand import decide_command

    return decide_command(home, "take_over", site, by or [])
