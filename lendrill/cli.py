"""The commands. Each is thin: it turns words into a checked request, hands it to the module that knows, and prints what
came back. Modules are imported inside the command that needs them, so that `--help` stays instant; whatever goes
wrong leaves as one line on standard error with exit code 2 (bad input), 3 (a lost actor), 130 (Ctrl-C) or
1 (a fault of ours)."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lendrill import __version__
from lendrill.cli_audit import audit
from lendrill.cli_backup import backup, restore
from lendrill.cli_drill import drill, drills, fault, mend, sites
from lendrill.cli_paths import path_given
from lendrill.errors import (
    EXIT_BAD_INPUT,
    EXIT_CONDITION,
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_LOST,
    UserError,
    line_for,
)

TRACEBACK_SWITCH = "LENDRILL_TRACEBACK"

app = typer.Typer(
    name="lendrill",
    help="A bank's credit system as distributed actors, and the synthetic world that drills it.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(audit, name="audit")
app.add_typer(sites, name="sites")
for command in (drill, drills, fault, mend):
    app.command()(command)
app.add_typer(backup, name="backup")
app.command()(restore)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"lendrill {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """A bank's credit system as distributed actors, and the synthetic world that drills it."""


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A scenario's name (see `lendrill scenarios`) or a TOML file.")],
    customers: Annotated[int | None, typer.Option(help="Customers who come to the bank during the run.")] = None,
    days: Annotated[int | None, typer.Option(help="Virtual days to run.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every draw; the same seed gives the same digest.")] = None,
    shards: Annotated[
        int | None, typer.Option(help="Shards the branches are shared among; never changes results.")
    ] = None,
    executor: Annotated[str | None, typer.Option(help="ray or local; never changes results.")] = None,
    address: Annotated[str | None, typer.Option(help="Join this Ray cluster instead of starting one.")] = None,
    from_run: Annotated[
        Path | None, typer.Option("--from", help="Start from the end state of this run's folder.", parser=path_given)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's own folder (default: runs/<id>/).", parser=path_given)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, only where the results are.")] = False,
) -> int:
    """Run a bank through a scenario and write its report."""
    from lendrill.options import RunOptions

    options = RunOptions(scenario, customers, days, seed, shards, executor, address, from_run, out, quiet)
    from lendrill.run import run_command

    return run_command(options)


@app.command()
def serve(  # noqa: PLR0913, PLR0917 - one parameter an option
    scenario: Annotated[
        str | None, typer.Argument(help="The world of a new bank: a scenario's name or file (default: baseline).")
    ] = None,
    home: Annotated[Path, typer.Option(help="The bank's own folder.", parser=path_given)] = Path("bank"),
    host: Annotated[str, typer.Option(help="Where the gateway listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    health_port: Annotated[
        int | None, typer.Option(help="Where health is told however busy the gateways are (default: the port after).")
    ] = None,
    gateways: Annotated[int, typer.Option(help="Gateway processes.")] = 1,
    shards: Annotated[int | None, typer.Option(help="Shards the branches are shared among.")] = None,
    executor: Annotated[str | None, typer.Option(help="ray or local; never changes results.")] = None,
    address: Annotated[str | None, typer.Option(help="Join this Ray cluster instead of starting one.")] = None,
    clock: Annotated[
        str | None, typer.Option(help="wall, or business: a date that moves only when it is told to.")
    ] = None,
    date: Annotated[str | None, typer.Option(metavar="DATE", help="The business date of a new bank.")] = None,
    staff: Annotated[
        str | None, typer.Option(help="simulated, people, or DESK=people,… for the desks at which people sit.")
    ] = None,
    store: Annotated[str | None, typer.Option(help="The day book: sqlite:PATH (default, in the home).")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the world of a new bank.")] = None,
    from_run: Annotated[
        Path | None,
        typer.Option("--from", help="A new bank begins with the book that this run left.", parser=path_given),
    ] = None,
    arrivals: Annotated[bool | None, typer.Option("--arrivals", help="The scenario's own customers come too.")] = None,
    seed_portfolio: Annotated[
        int | None, typer.Option(metavar="N", help="A new bank begins with the book that N customers leave, run first.")
    ] = None,
    sites: Annotated[
        int | None, typer.Option(metavar="N", help="Sites of a new bank, 1 to 3: primary, same-city, remote.")
    ] = None,
    takeover_after: Annotated[
        float | None, typer.Option(metavar="S", help="So long is the leading site silent before another takes over.")
    ] = None,
    remote_after: Annotated[
        float | None, typer.Option(metavar="S", help="So long are all near sites silent before the remote one does.")
    ] = None,
    backup_to: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="Where copies of backups are kept besides (may be given again).", parser=path_given
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only say where it listens.")] = False,
) -> int:
    """Open a live bank behind an HTTP gateway, and keep it open."""
    from lendrill.serve import ServeOptions, serve_command

    options = ServeOptions(
        scenario, home, host, port, gateways, shards, executor, address, clock, date, staff, store, seed, from_run,
        arrivals, seed_portfolio, health_port, quiet, tuple(backup_to or ()), sites, takeover_after, remote_after,
    )  # fmt: skip
    return serve_command(options)


@app.command()
def load(  # noqa: PLR0913, PLR0917 - one parameter an option
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[SHAPE|SCENARIO]",
            help="constant, ramp, stairs, spike or soak; or a scenario, whose arrivals come.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The gateway of a bank that runs.")] = "http://127.0.0.1:8000",
    rate: Annotated[float, typer.Option(help="Arrivals a second, at the highest.")] = 20.0,
    duration: Annotated[float | None, typer.Option(help="Seconds (default: 60).")] = None,
    shape: Annotated[str | None, typer.Option(help="The same as SHAPE.")] = None,
    processes: Annotated[int, typer.Option(help="Processes that make the load.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of instants, visitors and forms.")] = 1,
    warmup: Annotated[float, typer.Option(help="Seconds at the begin whose figures don't count.")] = 0.0,
    mix: Annotated[str, typer.Option(help="Who comes: third_party=3,reader=1 (default: everybody).")] = "",
    branches: Annotated[int | None, typer.Option(help="Branches that forms go to (default: the bank's).")] = None,
    decision_wait: Annotated[int, typer.Option(help="Seconds that a customer waits for his decision.")] = 10,
    instants: Annotated[
        Path | None,
        typer.Option(help="A file of instants (JSON or CSV, seconds) instead of a shape.", parser=path_given),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            help="The bank's own folder: signs everybody in, staff too, and has its day book proved.", parser=path_given
        ),
    ] = None,
    compress: Annotated[float | None, typer.Option(help="Replay a scenario so many times as fast.")] = None,
    date: Annotated[str | None, typer.Option(metavar="DATE", help="Replay this day of a scenario only.")] = None,
    simulated: Annotated[
        Path | None,
        typer.Option(help="A run of the scenario to compare with (default: one is made first).", parser=path_given),
    ] = None,
    find_limit: Annotated[bool, typer.Option("--find-limit", help="Look for the highest rate that holds.")] = False,
    p99_ms: Annotated[float | None, typer.Option(help="Threshold: p99 from the intended start.")] = None,
    error_rate: Annotated[float, typer.Option(help="Threshold: failed, of those offered.")] = 0.01,
    shed_rate: Annotated[float | None, typer.Option(help="Threshold: shed, of those offered.")] = None,
    offered_share: Annotated[float, typer.Option(help="Threshold: begun on time, of those scheduled.")] = 0.95,
    decided_within: Annotated[
        str | None,
        typer.Option(metavar="S=SHARE", help="Threshold: so many of the automatic lane decided in S seconds."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The test's own folder (default: runs/<id>/).", parser=path_given)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, only where the report is.")] = False,
) -> int:
    """Load a live bank at a rate of its customers' own, and judge how it bore that."""
    from lendrill import load_judge
    from lendrill.load import LoadOptions, load_command
    from lendrill.load_limit import find_limit_command

    if shape is not None and what not in (None, shape):
        raise UserError(f"{what} and --shape {shape}: both say when people come", "give one of them")
    within = load_judge.decided_within(decided_within)
    limits = load_judge.Limits(p99_ms, error_rate, shed_rate, offered_share, **within)
    options = LoadOptions(
        what or shape, host, rate, duration, processes, seed, warmup, mix, branches, decision_wait, compress, date,
        simulated, instants, home, out, limits, quiet,
    )  # fmt: skip
    return find_limit_command(options) if find_limit else load_command(options)


@app.command()
def replay(
    home: Annotated[
        Path,
        typer.Argument(metavar="HOME", help="The folder of a bank that `lendrill serve` founded.", parser=path_given),
    ],
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> int:
    """Work a live bank again from its day book, in one process, and compare it window by window."""
    from lendrill.live import replay_command

    return replay_command(home, quiet)


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="A client, a person's number, or a post, such as system_administrator.")],
    home: Annotated[Path, typer.Option(help="The bank's own folder.", parser=path_given)] = Path("bank"),
) -> int:
    """Print an access token for an account of a bank whose folder is yours; it lasts a quarter of an hour."""
    from lendrill.live import token_command

    return token_command(home, name)


@app.command()
def scenarios() -> int:
    """List the scenarios that come with Lendrill, and what each is for."""
    from lendrill.tables import scenarios_table
    from scenarios.loading import load_scenario, packaged_names

    scenarios_table([load_scenario(name) for name in packaged_names()])
    return 0


@app.command()
def fields(
    prefix: Annotated[
        str, typer.Argument(metavar="[PATH-PREFIX]", help="A field or a part of one's path, e.g. staff.committee.")
    ] = "",
    as_markdown: Annotated[bool, typer.Option("--markdown", help="All of them as a page (docs/fields.md).")] = False,
) -> int:
    """Print every field of scenarios and policies: type, unit, what is allowed, default, what it does, source."""
    from lendrill import fields as reference
    from lendrill.tables import fields_table

    if as_markdown:
        typer.echo(reference.markdown(), nl=False)
    else:
        fields_table(reference.fields(prefix))
    return 0


@app.command()
def terms(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The folder of a run, to count them in.", parser=path_given)
    ] = None,
) -> int:
    """Print the core terms of lending: what each means here, what makes it so, and of how many it holds in a run."""
    from lendrill.tables import terms_table
    from lendrill.terms import counted

    terms_table(counted(folder))
    return 0


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a run.", parser=path_given)],
) -> int:
    """Draw the report of a run anew, from its files."""
    from results.report import write_report

    typer.echo(write_report(folder))
    return 0


@app.command()
def explain(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", parser=path_given)],
    case: Annotated[str, typer.Argument(metavar="CASE", help="The number of an application (see its cases.parquet).")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> int:
    """Tell one customer's whole story, form to ledger, in causal order."""
    from lendrill.explain import explained

    for line in explained(folder, case, as_json):
        typer.echo(line)
    return 0


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of one run.", parser=path_given)],
    second: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the other.", parser=path_given)],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    page: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with both side by side.", parser=path_given),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(help="A condition over the figures; exit code 4 where it holds. May be given more than once."),
    ] = None,
) -> int:
    """Put two runs side by side, and pair what became of the same applications in each."""
    from lendrill.conditions import holds
    from lendrill.tables import comparison_tables
    from results.compare import compare as compared

    found = compared(first, second)
    pairs = {name: (one, other) for name, one, other in found.figures}
    held = [condition for condition in fail_if or () if holds(condition, pairs)]
    if as_json:
        typer.echo(json.dumps(found.as_json() | {"fail_if": held}, ensure_ascii=False, indent=1))
    else:
        comparison_tables(found)
    if page is not None:
        from results.compare_page import write_page

        write_page(found, page)
        typer.echo(f"page: {page}", err=as_json)
    for condition in held:
        _say(f"--fail-if: {condition}: this holds", EXIT_CONDITION)
    return EXIT_CONDITION if held else 0


@app.command()
def schedule(
    amount: Annotated[str, typer.Option(help="The loan in yuan, e.g. 50000 or 50,000.05.")],
    months: Annotated[int, typer.Option(help="How many monthly instalments.")],
    monthly_rate: Annotated[str, typer.Option(help="Per cent a month, e.g. 0.5.")],
    method: Annotated[
        str, typer.Option(help="equal-instalment (等额本息), equal-principal (等额本金) or interest-first (先息后本).")
    ] = "equal-instalment",
    first_due: Annotated[
        str | None, typer.Option(metavar="DATE", help="When the first instalment is due (default: in a month).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> int:
    """Print the repayment schedule of a loan, to the fen."""
    import datetime as dt

    from lendrill import schedule as plans
    from lendrill.tables import schedule_table

    request = plans.read_request(amount, months, monthly_rate, method, first_due, dt.date.today())
    plan = plans.as_json(plans.schedule_of(request))
    if as_json:
        typer.echo(json.dumps(plan, indent=1))
    else:
        schedule_table(plan)
    return 0


@app.command()
def requirements(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Only these, e.g. CUS-04 (default: all).")
    ] = None,
    state: Annotated[str | None, typer.Option(help="Only these: shown, part, open or failing.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Run their tests first; exit code 1 unless all pass.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> int:
    """Print every requirement by its clauses: which are shown, by which tests and in which run, and which are missing."""
    from lendrill import requirements as catalogue
    from lendrill.tables import requirements_table

    if state is not None and state not in catalogue.STATES:
        raise UserError(f"--state {state}: no such state", f"give one of {', '.join(catalogue.STATES)}")
    root = catalogue.repository()
    if root is None and check:
        raise UserError("the tests are not part of this installation", "run it from a clone of the repository")
    entries = catalogue.table(root)
    if unknown := [one for one in ids or () if one not in {entry.id for entry in entries}]:
        raise UserError(
            f"{unknown[0]}: no such requirement", "give ids of docs/requirements.md without a clause's letter"
        )

    shown = [one for one in entries if (not ids or one.id in ids) and state in (None, one.state)]
    if not shown:
        raise UserError(
            f"no requirement {' or '.join(ids) + ' ' if ids else ''}is in state {state}",
            "leave out --state to see the states",
        )
    if root is not None and check:
        catalogue.check(root, shown, sys.stderr if as_json else None)
        again = {entry.id: entry for entry in catalogue.table(root)}
        entries, shown = list(again.values()), [again[entry.id] for entry in shown]
    if as_json:
        rows = [asdict(entry) | {"state": entry.state} for entry in shown]
        totals = {"requirements": rows, "counts": catalogue.counts(entries), "clauses": catalogue.outcomes_of(shown)}
        typer.echo(json.dumps(totals, ensure_ascii=False, indent=1))
    else:
        requirements_table(shown, entries)
    if root is None:
        typer.echo("The tests are not part of this installation; run it from a clone to see how they go.", err=True)
    went = catalogue.outcomes_of(shown)
    unproved = any(ids for outcome, ids in went.items() if outcome != "passed")
    return int(check and (unproved or bool(catalogue.untested(shown))))


@app.command()
def search(
    seeds: Annotated[int, typer.Option(help="How many seeds.")] = 1_000,
    first: Annotated[int, typer.Option(metavar="SEED", help="The first of them.")] = 0,
    profile: Annotated[
        str | None,
        typer.Option(
            help="What is drawn: swarm (half of the kinds, other ones each seed; the default), mixed, crashes, lines, backups."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="A fault instead of those drawn: TICK KIND SITE OTHER TICKS NTH; none: nothing befalls."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(help="Processes at once; 0, as if not given: one a processor.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, only what was found.")] = False,
) -> int:
    """Have faults drawn by seed befall a bank on three sites, in one process and in virtual time, and prove each time that
    what it has said yes to holds, once."""
    from lendrill.search import SearchOptions, search_command

    return search_command(SearchOptions(seeds, first, profile, fault or (), processes, quiet))


def main(arguments: list[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code; nothing escapes but SystemExit."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(args=words or ["--help"], prog_name="lendrill", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _say("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # whoever read us has gone; let the exit be quiet
        return EXIT_INTERNAL
    except typer.Abort:
        return _say("interrupted", EXIT_INTERRUPTED)
    except typer.TyperException as error:
        return _say(_usage(error), EXIT_BAD_INPUT)
    except Exception as error:  # the last line of defence against a traceback
        return _failed(error)
    return code if isinstance(code, int) else 0


def _say(line: str, code: int) -> int:
    for one in line.splitlines():
        typer.echo(f"lendrill: {one}", err=True)
    return code


def _usage(error: typer.TyperException) -> str:
    """Typer's own complaint on one line, with the help that answers it."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "lendrill"
    return f"{' '.join(error.format_message().split())} (see: {path} --help)"


def _failed(error: Exception) -> int:
    if os.environ.get(TRACEBACK_SWITCH):
        raise error
    line = line_for(error)
    if line is not None:
        return _say(line, _code_of(error))
    fault = f"a fault of lendrill's own, {type(error).__name__}: {' '.join(str(error).split())}"
    return _say(f"{fault} (set {TRACEBACK_SWITCH}=1 to see where)", EXIT_INTERNAL)


def _code_of(error: Exception) -> int:
    """A broken invariant and a lost actor have a clear line too, but no other input would have mended them."""
    from actors.pipeline import CellLost
    from credit.errors import InvariantViolation

    if isinstance(error, CellLost):
        return EXIT_LOST
    return EXIT_INTERNAL if isinstance(error, InvariantViolation) else EXIT_BAD_INPUT
