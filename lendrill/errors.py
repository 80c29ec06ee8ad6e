"""What a person is told when a request cannot be carried out. One clear line a fault that says what, where and what would
be right, exit code 2 and never a traceback. Packages that must not import this one give their exceptions a
`user_message` text instead; `line_for` treats both alike."""

from __future__ import annotations

import errno

EXIT_INTERNAL = 1
EXIT_BAD_INPUT = 2
EXIT_LOST = 3
"""An actor was killed or died: neither the request nor lendrill was wrong."""
EXIT_CONDITION = 4
"""A condition that the caller gave holds (`--fail-if`): the figures are told, and the answer is no."""
EXIT_INTERRUPTED = 130

_DISK_TROUBLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "no such file or directory",
    errno.ENOTDIR: "a part of the path is not a directory",
    errno.EEXIST: "there is something else of that name",
    errno.EISDIR: "it is a directory",
}


class UserError(Exception):
    """A request that cannot be carried out as given: `message` says what and where, `hint` what would be right."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def user_message(self) -> str:
        """The one line a person reads."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


def line_for(error: BaseException) -> str | None:
    """The line a person reads about an error that is theirs to mend, a line each where it has several; None for one of ours."""
    said = getattr(error, "user_lines", None) or [getattr(error, "user_message", None)]
    if all(isinstance(line, str) for line in said):
        return "\n".join(" ".join(line.split()) for line in said)
    if isinstance(error, OSError) and error.errno in _DISK_TROUBLE:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{_DISK_TROUBLE[error.errno]}"
    return None
