"""What can be wrong with backups, each in one line that a person can act upon."""

from __future__ import annotations

from credit.errors import CreditError


class BackupError(CreditError):
    """A backup, a place or a key that can't be used."""


class DamagedBackup(BackupError):
    """A file that is not what was written."""


class WrongKey(BackupError):
    """A backup that was made with another key."""


class NewerFormat(BackupError):
    """A backup of a release that writes another form."""
