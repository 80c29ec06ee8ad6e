"""Files that only their owner may read: made whole or not at all, and refused when others could have read them."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from actors.identity.errors import IdentityError, KeysExposed

FOLDER_MODE, FILE_MODE = 0o700, 0o600
_OTHERS = 0o077


def private_folder(folder: Path) -> Path:
    """Makes a folder with mode 700, or proves that the one there is its owner's alone."""
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=False, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise IdentityError(
            f"{folder}: can't be made or read ({error.strerror}); name a folder in one that exists"
        ) from None
    if not stat.S_ISDIR(found.st_mode):
        raise IdentityError(f"{folder}: not a folder of its own; keys are kept in none that is reached by a link")
    _prove(folder, found, FOLDER_MODE)
    return folder


def create(path: Path, content: bytes) -> bool:
    """Makes a file with mode 600, whole or not at all; False where one is there already. Of several processes one wins."""
    fresh = _written_beside(path, content)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise IdentityError(f"{path}: can't be written ({error.strerror})") from None
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def replace(path: Path, content: bytes) -> None:
    """Puts a file with mode 600 in the place of whatever is there."""
    fresh = _written_beside(path, content)
    try:
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise IdentityError(f"{path}: can't be written ({error.strerror})") from None
    sync_folder(path.parent)


def read(path: Path) -> bytes:
    """The content of a file that only its owner may read; KeysExposed otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise IdentityError(f"{path}: can't be read ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        _prove(path, os.fstat(file.fileno()), FILE_MODE)
        return file.read()


def claim(path: Path) -> None:
    """Makes an empty file with mode 600, so that a library which opens it later leaves it closed to others; or proves that the
    one there is closed. That one is not opened: when a descriptor of ours is closed, the locks go that SQLite has on the file."""
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise IdentityError(
                f"{path}: can't be opened (it is no file of its own); name one that is reached by no link"
            )
        _prove(path, found, FILE_MODE)
    except OSError as error:
        raise IdentityError(f"{path}: can't be opened ({error.strerror})") from None


def _prove(path: Path, found: os.stat_result, mode: int) -> None:
    if found.st_uid != os.geteuid():
        raise KeysExposed(f"{path}: belongs to another user; the bank must run as the owner of its keys")
    if found.st_mode & _OTHERS:
        raise KeysExposed(
            f"{path}: others may read or change it (mode {stat.S_IMODE(found.st_mode):o}); "
            f"change what is in it if somebody did, then chmod {mode:o}"
        )


def _written_beside(path: Path, content: bytes) -> Path:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise IdentityError(f"{path}: can't be written ({error.strerror})") from None
    return fresh


def sync_folder(folder: Path) -> None:
    """What stands in a folder is on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
