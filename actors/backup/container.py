"""The file of a backup, written once from its beginning to its end, and there whole or not at all.

    LENDRILL BACKUP\n
    {"version": 1, "bank": …, "kind": …, "time": …, "id": …, "key": …}\n     the head, which anybody may read
    length · frame                                                            AES-256-GCM, at most a MiB each
    …
    length · last frame                                                       the manifest
    number of frames · where the last one begins

Each backup has a cipher of its own, drawn of the key and of its id. A frame's nonce is its number and whether it is the last one,
and each frame is bound to the head: so frames that were changed, left out, moved, cut off or taken from another backup are found.
A frame holds a piece of a member: its name, and content, which is deflated where that is worth it. The manifest says size and
SHA-256 of each member, and what the backup is of."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

import msgpack
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actors.backup.errors import BackupError, DamagedBackup, NewerFormat, WrongKey
from actors.backup.key import BackupKey
from actors.identity import files

MAGIC = b"LENDRILL BACKUP\n"
VERSION = 1
SUFFIX = ".backup"
KINDS = ("full", "incremental", "key", "log")
MANIFEST = "manifest"
_HEAD_MAX = 4_096
_FRAME_BYTES = 1 << 20
_SEALED_MAX = _FRAME_BYTES + 4_096
_MANIFEST_MAX = 64 << 20
_LENGTH, _TRAILER = struct.Struct(">I"), struct.Struct(">QQ")


class Head(NamedTuple):
    """What anybody may know of a backup. `time`: ms since 1970 UTC at which it was begun; `key`: the name of its key."""

    version: int
    bank: str
    kind: str
    time: int
    id: str
    key: str

    @property
    def name(self) -> str:
        """The name of its file."""
        return named(self.time, self.kind, self.id)

    def line(self) -> bytes:
        """As it stands in the file."""
        return MAGIC + json.dumps(self._asdict(), ensure_ascii=True).encode() + b"\n"


@dataclass(frozen=True)
class Manifest:
    """What a backup is of; readable with the key only. Windows are those from `first` on and before `following`, which is
    the same number where it holds none. Seals are of the day book, in hexadecimal digits."""

    bank: str
    kind: str
    id: str
    time: int
    first: int = 0
    following: int = 0
    seal_before: str = ""
    seal: str = ""
    until: int = 0
    """The bank's instant at the end of the last window before `following`."""
    epoch: int = 0
    proved: int = -1
    chain: str = ""
    """The chain of digests after window `proved`, the last that the day book knew."""
    given_up: list[list[int]] = field(default_factory=list)
    """Each time that the day book was found to be another one than was backed up before: when, and from which window on."""
    snapshots: list[int] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """The digests of the bank's files as they were, whether they are in this backup or in an earlier one."""
    audit: int = 0
    """The last row of the operation log that is in this backup or in an earlier one."""
    logs: dict[str, list[int]] = field(default_factory=dict)
    """By file of the logs what it is known by, and how many of its bytes are in this backup or in an earlier one."""
    places: list[str] = field(default_factory=list)
    """Where copies are kept."""
    members: dict[str, list[Any]] = field(default_factory=dict)
    """Size and SHA-256 of what is in it."""

    @property
    def anew_from(self) -> int | None:
        """The first window that is not as earlier backups have it, of the backup that found so."""
        return next((window for time, window in self.given_up if time == self.time), None)

    @property
    def name(self) -> str:
        """The name of its file."""
        return named(self.time, self.kind, self.id)


def named(time: int, kind: str, backup: str) -> str:
    """The name of a backup's file: files in the order of their names are backups in the order of their times."""
    return f"{time:014d}-{kind}-{backup[:8]}{SUFFIX}"


class Writer:
    """Writes a backup into a folder; it has its name there once it is whole and on the disk."""

    def __init__(self, folder: Path, head: Head, key: BackupKey) -> None:
        self.path, self._about = folder / head.name, head.line()
        self._fresh = folder / f".{head.name}.{os.getpid()}"
        self._cipher, self._number, self._at = key.cipher(head.id), 0, 0
        self._members: dict[str, tuple[int, Any]] = {}

    def __enter__(self) -> Self:
        descriptor = os.open(self._fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, files.FILE_MODE)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(self._about)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._fresh.unlink(missing_ok=True)

    def add(self, name: str, pieces: Iterable[bytes], deflated: bool = False) -> str:
        """A member, or more of it; the SHA-256 of all of it so far."""
        size, digest = self._members.get(name, (0, hashlib.sha256()))
        for piece in pieces:
            for begin in range(0, len(piece), _FRAME_BYTES):
                part = piece[begin : begin + _FRAME_BYTES]
                size += len(part)
                digest.update(part)
                self._frame(msgpack.packb((name, deflated, zlib.compress(part, 1) if deflated else part)))
        self._members[name] = (size, digest)
        return str(digest.hexdigest())

    def finish(self, manifest: Manifest) -> Manifest:
        """Writes the manifest, and gives the file its name; the manifest as it was written."""
        members = {name: [size, digest.hexdigest()] for name, (size, digest) in self._members.items()}
        manifest = Manifest(**asdict(manifest) | {"members": members})
        begin = self._file.tell()
        self._frame(msgpack.packb((MANIFEST, False, json.dumps(asdict(manifest)).encode())), last=True)
        self._file.write(_TRAILER.pack(self._number, begin))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._fresh.rename(self.path)
        files.sync_folder(self.path.parent)
        return manifest

    def _frame(self, content: bytes, last: bool = False) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), content, self._about)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1


def head_of(path: Path) -> Head:
    """The head of a backup. DamagedBackup where it is none, NewerFormat where another release is needed to read it."""
    with _opened(path) as file:
        return _head(path, file)[0]


def manifest_of(path: Path, key: BackupKey) -> Manifest:
    """The manifest of a backup, without reading what stands before it."""
    with _opened(path) as file:
        reading = _begun(path, file, key)
        begin, end = file.tell(), file.seek(0, os.SEEK_END) - _TRAILER.size
        if end < begin:
            raise _cut(path)
        file.seek(end)
        frames, last = _TRAILER.unpack(file.read(_TRAILER.size))
        if not begin <= last <= end - _LENGTH.size or not 0 < frames <= 1 << 40:
            raise _damaged(path, "its end")
        file.seek(last)
        return _manifest(reading, *_piece(reading, frames - 1, last=True))


def pieces_of(path: Path, key: BackupKey) -> Iterator[tuple[str, bytes]]:
    """The members of a backup, piece by piece, in the order in which they were written. DamagedBackup where anything of the file
    is not what was written: at the latest after the last piece."""
    with _opened(path) as file:
        reading, size = _begun(path, file, key), os.fstat(file.fileno()).st_size
        read: dict[str, tuple[int, Any]] = {}
        for number in count():
            begin = file.tell()
            (length,) = _LENGTH.unpack(_exactly(path, file, _LENGTH.size))
            last = begin + _LENGTH.size + length + _TRAILER.size == size
            file.seek(begin)
            name, content = _piece(reading, number, last)
            if last:
                break
            so_far, digest = read.get(name, (0, hashlib.sha256()))
            digest.update(content)
            read[name] = (so_far + len(content), digest)
            yield name, content
        there = {one: of for one, of in _manifest(reading, name, content).members.items() if of[0]}
        if {one: [length, digest.hexdigest()] for one, (length, digest) in read.items()} != there:
            raise _damaged(path, "what its manifest says of its members")
        if _TRAILER.unpack(_exactly(path, file, _TRAILER.size)) != (number + 1, begin):
            raise _damaged(path, "its end")


def member(path: Path, key: BackupKey, wanted: str) -> bytes:
    """One member of a backup, which is read as far as it goes; empty where it holds none of that name."""
    found = b""
    for name, piece in pieces_of(path, key):
        if name == wanted:
            found += piece
        elif found:
            break
    return found


def check(path: Path, key: BackupKey) -> Manifest:
    """Reads all of a backup; its manifest. DamagedBackup where anything of it is not what was written."""
    for _ in pieces_of(path, key):
        pass
    return manifest_of(path, key)


def _head(path: Path, file: BinaryIO) -> tuple[Head, bytes]:
    content = file.read(len(MAGIC) + _HEAD_MAX)
    line, end, _ = content.removeprefix(MAGIC).partition(b"\n")
    if not content.startswith(MAGIC) or not end:
        raise _damaged(path, "its head (it is no backup, or no longer one)")
    try:
        said = json.loads(line)
        version = said["version"]
        if type(version) is int and version > VERSION:
            raise NewerFormat(
                f"{path}: written in form {version}, this release reads {VERSION}; use the release that wrote it"
            )
        head = Head(**said)
    except (ValueError, TypeError, KeyError) as error:
        if isinstance(error, BackupError):
            raise
        raise _damaged(path, "its head") from None
    about = MAGIC + line + b"\n"
    if head.line() != about or head.kind not in KINDS or type(head.time) is not int or type(head.id) is not str:
        raise _damaged(path, "its head")
    file.seek(len(about))
    return head, about


class _Reading(NamedTuple):
    """A backup that is being read: its head, as it is and as it stands there, and its cipher."""

    path: Path
    file: BinaryIO
    head: Head
    about: bytes
    cipher: AESGCM


def _begun(path: Path, file: BinaryIO, key: BackupKey) -> _Reading:
    """With the file at its first frame."""
    head, about = _head(path, file)
    if head.key != key.name:
        raise WrongKey(f"{path}: made with the key {head.key}, not with {key.name}; give the key of the bank it is of")
    return _Reading(path, file, head, about, key.cipher(head.id))


def _piece(reading: _Reading, number: int, last: bool) -> tuple[str, bytes]:
    """The frame that comes next in the file: the name of its member, and a piece of that."""
    path, file, _, about, cipher = reading
    begin = file.tell()
    (length,) = _LENGTH.unpack(_exactly(path, file, _LENGTH.size))
    if length > (_MANIFEST_MAX if last else _SEALED_MAX):
        raise _damaged(path, f"byte {begin:,} (the length of frame {number})")
    sealed = _exactly(path, file, length)
    try:
        name, deflated, part = msgpack.unpackb(cipher.decrypt(_nonce(number, last), sealed, about))
        return str(name), zlib.decompress(part) if deflated else bytes(part)
    except InvalidTag:
        raise _damaged(path, f"bytes {begin + 4:,} to {begin + 4 + length:,} (frame {number}), or its head") from None
    except (ValueError, TypeError, zlib.error):  # which whoever has the key alone can have written
        raise _damaged(path, f"frame {number}") from None


def _manifest(reading: _Reading, name: str, content: bytes) -> Manifest:
    path, head = reading.path, reading.head
    try:
        manifest = Manifest(**json.loads(content))
    except (ValueError, TypeError):
        raise _damaged(path, "its manifest") from None
    if (name, manifest.id, manifest.kind, manifest.time) != (MANIFEST, head.id, head.kind, head.time):
        raise _damaged(path, "its manifest, which is of another backup")
    return manifest


def _exactly(path: Path, file: BinaryIO, size: int) -> bytes:
    content = file.read(size)
    if len(content) != size:
        raise _cut(path)
    return content


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise BackupError(f"{path}: can't be read ({error.strerror})") from None


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _damaged(path: Path, where: str) -> DamagedBackup:
    return DamagedBackup(f"{path}: damaged: {where} is not what was written; use another copy")


def _cut(path: Path) -> DamagedBackup:
    return DamagedBackup(f"{path}: damaged: it is cut short; use another copy")
