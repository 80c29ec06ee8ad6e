"""`lendrill audit`: the commands of a live bank's operation log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lendrill.cli_paths import path_given
from lendrill.errors import EXIT_INTERNAL

audit = typer.Typer(help="The operation log of a live bank.", context_settings={"help_option_names": ["-h", "--help"]})
StoreFolder = Annotated[
    Path, typer.Argument(metavar="STORE_FOLDER", help="The folder that the bank keeps its store in.", parser=path_given)
]


@audit.command("verify")
def audit_verify(
    store: StoreFolder,
    head: Annotated[
        str | None, typer.Option(help="A head noted before (NUMBER:SEAL), which must be part of it.")
    ] = None,
    anchor: Annotated[
        Path | None, typer.Option(help="Where the head is kept, if not in the folder.", parser=path_given)
    ] = None,
) -> int:
    """Prove that the operation log, and the copies of other sites' logs, are as they were written; exit code 1 and one line if
    one is not."""
    from lendrill.audit import verified

    intact, line = verified(store, anchor, head)
    if not intact:
        typer.echo(f"lendrill: {line}", err=True)
        return EXIT_INTERNAL
    typer.echo(line)
    return 0


@audit.command("show")
def audit_show(
    store: StoreFolder,
    subject: Annotated[str, typer.Option(help="Whose deeds: staff:PERSON, customer:NUMBER, system:CLIENT.")] = "",
    person: Annotated[int, typer.Option(min=0, max=2**62, help="Whose deeds, by person number.")] = 0,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="From the beginning of this day (UTC).")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Before the beginning of this day (UTC).")] = None,
    what: Annotated[str, typer.Option(help="A method, or the beginning of a path.")] = "",
    result: Annotated[str, typer.Option(help="ok, refused, failed, or a status such as 403.")] = "",
    entity: Annotated[int, typer.Option(min=0, max=2**62, help="The case or loan that it was about.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=2**31, help="At most so many rows.")] = 100,
    form: Annotated[str, typer.Option("--format", help="text, csv or jsonl.")] = "text",
    by: Annotated[
        str | None, typer.Option(help="Count by subject, kind, branch, ip, method, path, status or day.")
    ] = None,
) -> int:
    """Print rows of the operation log, the oldest first, or count them."""
    from lendrill.audit import count, show

    wanted: dict[str, object] = {"subject": subject, "person": person, "entity": entity}
    wanted |= {"since": since, "until": until, "what": what, "result": result}
    if by is None:
        show(store, form, limit, wanted)
        return 0
    for value, rows, not_ok in count(store, by, wanted):
        typer.echo(f"{rows:>8,}  {not_ok:>8,} not ok  {value or 'nobody'}")
    return 0
