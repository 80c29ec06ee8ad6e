"""`lendrill backup` and `lendrill restore`: the commands of a live bank's backups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lendrill.cli_paths import path_given
from lendrill.errors import UserError

_MAKE = "make"


class _OneOrOthers(TyperGroup):
    """`lendrill backup HOME` is `lendrill backup make HOME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Whatever begins with no command's name is meant for the one that makes a backup."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = [_MAKE, *args]
        return super().parse_args(ctx, args)


backup = typer.Typer(
    cls=_OneOrOthers,
    help="Backups of a live bank: `lendrill backup HOME` makes one now.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
BankHome = Annotated[Path, typer.Argument(metavar="HOME", help="The bank's own folder.", parser=path_given)]
Where = Annotated[
    Path, typer.Argument(metavar="DIR|HOME", help="A folder with backups, or the bank's own.", parser=path_given)
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", help="The file of the key (default: the home's identity/backup.key).", parser=path_given),
]


@backup.command(_MAKE)
def backup_make(
    home: BankHome,
    full: Annotated[bool, typer.Option("--full", help="All of the bank.")] = False,
    incremental: Annotated[bool, typer.Option("--incremental", help="What came since the last one.")] = False,
    to: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="One more place for a copy (may be given again).", parser=path_given),
    ] = None,
) -> int:
    """Make a backup now, whether the bank lives or is down (by itself an incremental one, where there is a full one)."""
    from lendrill.backups import backup_command

    if full and incremental:
        raise UserError("--full and --incremental: both say what is made", "give one of them")
    return backup_command(home, "full" if full else "incremental" if incremental else "", to or ())


@backup.command("list")
def backup_list(where: Where, key: KeyFile = None) -> int:
    """Print the backups in a folder, the oldest first."""
    from lendrill.restore import list_command

    return list_command(where, key)


@backup.command("verify")
def backup_verify(where: Where, key: KeyFile = None) -> int:
    """Read every copy to its last byte; exit code 1 and a line each if one is not what was written."""
    from lendrill.restore import verify_command

    return verify_command(where, key)


def restore(
    where: Annotated[
        list[Path],
        typer.Argument(metavar="DIR", help="A folder with backups; more of them may hold copies.", parser=path_given),
    ],
    home: Annotated[Path, typer.Option(help="The folder of the restored bank, a new one.", parser=path_given)],
    key: Annotated[Path, typer.Option(help="The file of the key that the backups were made with.", parser=path_given)],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As the bank was then, by its own time (2026-03-10T09:30).")
    ] = None,
    store: Annotated[str | None, typer.Option(help="Where the day book goes (default: in the new home).")] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="HOME|BOOK", help="Name what a damaged or old home's day book has and this one has not."),
    ] = None,
    requests: Annotated[
        Path | None,
        typer.Option(
            help="Name which of these acknowledged requests are lost: a number a line, or a caller and his key.",
            parser=path_given,
        ),
    ] = None,
) -> int:
    """Restore a bank from its backups into a new home, and say what is lost."""
    from lendrill.restore import RestoreOptions, restore_command

    return restore_command(RestoreOptions(tuple(where), home, key, at, store, against, requests))
