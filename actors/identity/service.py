"""Everything that says who may do what, in one object (`Identity`), which each process of the gateway opens from the same folder.

STORE/identity/keys.json               the keys
STORE/identity/accounts.db             accounts, proposals, tokens
STORE/identity/holdings.db             who holds which case
STORE/identity/audit.db                the operation log
STORE/identity/sites/SITE/             copies of the operation logs of the bank's other sites
STORE/identity/first-credentials.txt   first passwords and secrets; may be deleted once they were read
STORE/audit.head                       the log's head, in a second place"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actors.identity import files
from actors.identity.accounts import Accounts
from actors.identity.audit import Audit
from actors.identity.changes import Changes
from actors.identity.database import Database
from actors.identity.errors import IdentityError
from actors.identity.holdings import Holdings
from actors.identity.keys import NAME, Keys
from actors.identity.passwords import Passwords
from actors.identity.posts import Posts
from actors.identity.rates import Rates
from actors.identity.tokens import Tokens
from actors.identity.vault import Vault
from credit.numbers import HEAD_OFFICE, person_of
from credit.policies import Overrides
from credit.policies.posts import load_posts
from credit.staff import StaffRegister

FOLDER, ACCOUNTS, HOLDINGS, LOG, HEAD = "identity", "accounts.db", "holdings.db", "audit.db", "audit.head"
SITES = "sites"
CREDENTIALS = "first-credentials.txt"
Clock = Callable[[], int]
"""Gives ms since 1970 UTC. Signing in follows the real time, also where the bank's business date is another."""


@dataclass(frozen=True)
class Identity:
    """The identity services of a bank."""

    folder: Path
    keys: Keys
    vault: Vault
    posts: Posts
    accounts: Accounts
    changes: Changes
    tokens: Tokens
    holdings: Holdings
    rates: Rates
    audit: Audit
    clock: Clock

    @classmethod
    def open(
        cls,
        store: Path,
        clock: Clock,
        *,
        anchor: Path | None = None,
        overrides: Overrides | None = None,
        passwords: Passwords | None = None,
    ) -> Identity:
        """Opens what stands in a store's folder, or makes it at the first start. `anchor`: where the log's head is kept, best on
        another disk. IdentityError, in one line, where the folder can't be used or others may read it."""
        if not store.is_dir():
            raise IdentityError(f"{store}: there is no such folder")
        folder = store / FOLDER
        keys, posts = Keys.open(folder), Posts(load_posts(overrides))
        accounts = Accounts(Database(folder / ACCOUNTS, ()), keys, posts, passwords or Passwords())
        audit = Audit(folder / LOG, anchor or store / HEAD, keys)
        return cls(
            folder,
            keys,
            Vault(keys),
            posts,
            accounts,
            Changes(accounts),
            Tokens(accounts, keys),
            Holdings(folder / HOLDINGS),
            Rates(posts.policy.rates),
            audit,
            clock,
        )

    def close(self) -> None:
        """Ends its connections."""
        self.accounts.database.close()
        self.holdings.close()
        self.audit.close()

    def first(self, register: StaffRegister) -> Path | None:
        """Opens the first accounts, once: one for each person of the staff register with the posts of his desks; the people of
        posts without a desk that begin with some (`at_first`), two administrators of each tier among them, since changes need
        two; and the OAuth clients. Returns the file with their first passwords and secrets; None where there are accounts
        already. Whoever is interrupted comes again: the same passwords follow from the same keys."""
        if not self.accounts.empty():
            return None
        held = self.posts.of_register(register) | self._without_desk(register)
        for person, posts in held.items():
            if found := self.posts.conflicts(posts):
                raise IdentityError(
                    f"person {person}: nobody may hold {found[0]}; seat somebody else at one of these desks"
                )
        clients, path = self.posts.policy.first_clients, self.folder / CREDENTIALS
        lines = [f"{'account':<24} {'first password or secret':<28} posts or scopes"]
        for person, posts in held.items():
            lines.append(f"{person:<24} {self.keys.first_secret(f'staff:{person}'):<28} {' '.join(posts)}")
        for client, scopes in clients.items():
            lines.append(f"{client:<24} {self.keys.first_secret(f'system:{client}'):<28} {' '.join(scopes)}")
        files.replace(path, ("\n".join(lines) + "\n").encode())
        now = self.clock()
        with self.accounts.database.transaction():
            if self.accounts.empty():
                self.accounts.open_staff(held.items(), now)
                for client, scopes in clients.items():
                    self.accounts.open_system(client, scopes, now)
        return path

    def _without_desk(self, register: StaffRegister) -> dict[int, tuple[str, ...]]:
        branches = sorted({branch for branch in register.branch.tolist() if branch != HEAD_OFFICE})
        return {
            person_of(branch, post.seat, number + 1): (post.key,)
            for post in self.posts
            for branch in (branches if post.at_branches else [HEAD_OFFICE])
            for number in range(post.at_first)
        }


def open_copies(store: Path) -> dict[str, Audit]:
    """The copies of other sites' operation logs in a store's folder, for reading, by the site's name."""
    folder = store / FOLDER
    found = sorted((folder / SITES).glob(f"*/{LOG}"))
    keys = Keys.open(folder) if found else None
    return {} if keys is None else {one.parent.name: Audit(one, one.parent / HEAD, keys, create=False) for one in found}


def open_audit(store: Path, anchor: Path | None = None) -> Audit:
    """The operation log of a store's folder, for reading; IdentityError where there is none."""
    folder = store / FOLDER
    if not (folder / NAME).is_file():
        raise IdentityError(f"{store}: holds no operation log; name the folder that the bank was started with")
    return Audit(folder / LOG, anchor or store / HEAD, Keys.open(folder), create=False)
