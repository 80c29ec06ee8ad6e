"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, reached through a socket there and through no port,
run by somebody who is not root. Where Debian's `setpriv` is, it ends with the process that began it, even if that is killed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

PASSWORD = "p@ss:w/ord%1"
"""Of the one user who needs one, `guarded`."""
_WAIT_S = 30.0


def programs() -> Path | None:
    """The folder with `initdb` and `postgres` of the newest version that is installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


class Server:
    """A cluster in a folder; it can be ended like a machine that loses its power, and started again."""

    def __init__(self, folder: Path, bins: Path) -> None:
        self._folder, self._bins, self._who = folder, bins, _somebody()
        self._process: subprocess.Popen[bytes] | None = None
        if self._who:
            os.chown(folder, *self._who)
        self._run(
            str(bins / "initdb"), "-D", "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\nlocal all all trust\n", encoding="utf-8")
        self.start()
        with self.connect() as connection:
            connection.execute(f"CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '{PASSWORD}'")

    @property
    def pid(self) -> int:
        """Of its first process."""
        assert self._process is not None
        return self._process.pid

    def url(self, bank: str, user: str = "tester") -> str:
        return f"postgresql://{user}@/postgres?host={self._folder}&bank={bank}"

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self._folder), user="tester", dbname="postgres", autocommit=True)

    def start(self) -> None:
        dies_with_us = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        self._process = self._begun(
            *dies_with_us,
            str(self._bins / "postgres"),
            "-D",
            "data",
            "-k",
            str(self._folder),
            "-c",
            "listen_addresses=",
        )
        until = time.monotonic() + _WAIT_S
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast and orderly; SIGQUIT: at once, and the next start recovers."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(_WAIT_S)

    def _begun(self, *command: str) -> subprocess.Popen[bytes]:
        uid, gid = self._who or (None, None)
        groups: list[int] | None = [] if self._who else None
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=uid,
                group=gid,
                extra_groups=groups,
            )

    def _run(self, *command: str) -> None:
        if self._begun(*command).wait(120):
            raise RuntimeError(f"{command[0]} failed: {(self._folder / 'log').read_text(encoding='utf-8')}")


def _somebody() -> tuple[int, int] | None:
    """Whom root runs it as; None: ourselves."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise RuntimeError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


@contextmanager
def running(bins: Path) -> Iterator[Server]:
    """A server, gone with its folder at the end. The folder's name is short: a socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        Path(folder).chmod(0o755)
        server = Server(Path(folder), bins)
        try:
            yield server
        finally:
            server.stop()
