"""Whose name is signed under requests: systems with their secret, members of staff with their password. They stand in the file of
first credentials that a bank writes for its owner, or, for the one system that stands for all customers, in two environment
variables. A secret never stands on a command line."""

from __future__ import annotations

import os
import random
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from gevent.lock import Semaphore

CLIENT_ID, CLIENT_SECRET = "LENDRILL_CLIENT_ID", "LENDRILL_CLIENT_SECRET"
CREDENTIALS = "LENDRILL_CREDENTIALS"
"""The environment variable that names the file."""
LOAD, PARTNER = "load", "partner"
"""The systems that stand for all customers, and for another firm."""
_PEOPLE_PER_BRANCH = 1_000_000
_LINE = re.compile(r"(?P<name>\w+)\s+(?P<secret>\S+)\s+(?P<posts>\S.*)")


class BadCredentials(ValueError):
    """A file of credentials that can't be used; its text is the one line that says why."""


@dataclass(eq=False)
class Account:
    """One account. Nobody's has no name."""

    name: str = ""
    secret: str = field(default="", repr=False)
    posts: tuple[str, ...] = ()
    """Of staff; the scopes of a system."""
    authorisation: dict[str, str] = field(default_factory=dict, repr=False)
    refused: bool = False
    """It was not let in: it is not tried again, for accounts are locked after some wrong passwords."""
    signing_in: Any = field(default_factory=Semaphore, repr=False)

    @property
    def is_staff(self) -> bool:
        """Whether a person stands behind it."""
        return self.name.isdecimal()

    @property
    def branch(self) -> int:
        """Where a person works; 0 is head office."""
        return int(self.name) // _PEOPLE_PER_BRANCH

    @property
    def can_sign_in(self) -> bool:
        """Whether trying makes sense."""
        return bool(self.name and self.secret) and not self.refused

    @property
    def own_password(self) -> str:
        """What a load test has the first password changed to; the same in every test, so that the next one is let in."""
        return "Load-" + sha256(self.secret.encode()).hexdigest()[:24]

    @property
    def passwords(self) -> Sequence[str]:
        """What may let it in, in the order of trying."""
        return (self.own_password, self.secret) if self.is_staff else (self.secret,)

    def must_change(self, password: str) -> bool:
        """Whether nothing is allowed before a password was changed."""
        return self.is_staff and password == self.secret

    def grant(self, password: str) -> tuple[dict[str, str], dict[str, str]]:
        """Form and headers with which a token is asked for (OAuth 2.0)."""
        if self.is_staff:
            return {"grant_type": "password", "client_id": "terminal", "username": self.name, "password": password}, {}
        basic = b64encode(f"{self.name}:{password}".encode()).decode()
        return {"grant_type": "client_credentials"}, {"Authorization": f"Basic {basic}"}


NOBODY = Account()


@dataclass
class Accounts:
    """All accounts that one process of a load test has. People belong to one process each, which alone knows whether they have
    signed in."""

    systems: dict[str, Account] = field(default_factory=dict)
    people: list[Account] = field(default_factory=list)

    def system(self, *names: str) -> Account:
        """The first of some systems that is known; the one of all customers otherwise, nobody where even that is not."""
        return next((self.systems[name] for name in (*names, LOAD) if name in self.systems), NOBODY)

    def with_post(self, *posts: str) -> list[Account]:
        """The people who hold one of some posts."""
        return [one for one in self.people if set(posts) & set(one.posts)]

    def one_with(self, draw: random.Random, *posts: str) -> Account:
        """Somebody who holds one of some posts; nobody where there is none."""
        found = self.with_post(*posts)
        return draw.choice(found) if found else NOBODY


def accounts(file: str = "", place: int = 0, of: int = 1) -> Accounts:
    """What process `place` of so many has: of a file (empty: none) and of the environment. BadCredentials for a file that can't
    be read or holds no account."""
    listed = list(_listed(Path(file))) if file else []
    found = Accounts(
        {one.name: one for one in listed if not one.is_staff}, [one for one in listed if one.is_staff][place::of]
    )
    name, secret = os.environ.get(CLIENT_ID, ""), os.environ.get(CLIENT_SECRET, "")
    if name and secret:
        found.systems[LOAD] = Account(name, secret)
    return found


def _listed(file: Path) -> Iterator[Account]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadCredentials(f"{file}: can't be read: {error}") from None
    accounts_ = [
        Account(one["name"], one["secret"], tuple(one["posts"].split())) for one in map(_LINE.fullmatch, lines) if one
    ]
    known = [one for one in accounts_ if one.is_staff or one.name in (LOAD, PARTNER)]
    if not known:
        raise BadCredentials(f"{file}: holds no account; a bank writes them into HOME/identity/first-credentials.txt")
    yield from known
