"""Tokens: short signed ones (JWT, RFC 9068) that say who calls and what he may do, and opaque ones that prolong a sign-in once
each. A refresh token that comes a second time was stolen, now or then, so its whole family ends, access tokens included.

Every process sees a revocation at once: each verification asks the database whether the account is as it was when the token was
made (its generation), and whether token or family are on the list."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from actors.identity.accounts import Account, Accounts
from actors.identity.caller import Caller
from actors.identity.errors import IdentityError, TokenRefused
from actors.identity.keys import Keys, digest_of
from credit.times import HOUR_MS, MINUTE_MS, SECOND_MS

ALGORITHM = "HS256"
AUDIENCE = "lendrill"
TYPE = "at+jwt"
LENGTH_MAX = 8_192
_SEEN_MAX = 2_048
_NOT_GOOD = "the token is not of this bank, or not valid now; sign in again"
_NUMBER_BYTES = 16
_REFRESH_BYTES = 32
_INTS = ("person", "branch", "party", "gen", "auth_time")
_TEXTS = ("kind", "scope", "sid", "posts")
_CLAIMS = ("iss", "aud", "sub", "jti", "iat", "nbf", "exp", *_INTS, *_TEXTS)
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)

TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS refreshes (digest BLOB PRIMARY KEY, family TEXT NOT NULL, subject TEXT NOT NULL, "
        "generation INTEGER NOT NULL, scope TEXT NOT NULL, auth_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, "
        "used INTEGER NOT NULL DEFAULT 0)"
    ),
    "CREATE INDEX IF NOT EXISTS refreshes_by_end ON refreshes (ends_at)",
    "CREATE TABLE IF NOT EXISTS revoked (number TEXT PRIMARY KEY, ends_at INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS revoked_by_end ON revoked (ends_at)",
)
_STANDING = (
    "SELECT generation, active, hash IS NULL AS unchanged, EXISTS (SELECT 1 FROM revoked WHERE number IN (?, ?)) AS revoked "
    "FROM accounts WHERE subject = ?"
)
_ANY: dict[str, Any] = {name: {"essential": True} for name in _CLAIMS} | {
    name: {"essential": True, "allow_blank": True} for name in ("scope", "posts")
}
"""Every claim must be there; only these two may be empty."""


class Grant(NamedTuple):
    """What a sign-in gives. `refresh` is empty for systems, which sign in again, and before the first password is changed."""

    access: str
    expires_s: int
    refresh: str
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Grant {' '.join(self.scopes)}>"


class Tokens:
    """Issues, verifies, prolongs and revokes. Times are ms since 1970 UTC; in tokens they are whole seconds."""

    def __init__(self, accounts: Accounts, keys: Keys, issuer: str = "lendrill") -> None:
        self._accounts, self._database, self._rules = accounts, accounts.database, accounts.rules
        self._key, self._number, self._issuer = OctKey.import_key(keys.signing()), keys.number, issuer
        self._seen: dict[str, dict[str, Any]] = {}
        self._required = _ANY | {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": AUDIENCE},
        }
        with self._database.transaction():
            for table in TABLES:
                self._database.run(table)

    def __repr__(self) -> str:
        return f"<Tokens of {self._issuer}, key {self._number}>"

    # issuing ----------------------------------------------------------------------------------------------------------

    def issue(self, account: Account, now: int, scopes: Iterable[str] | None = None) -> Grant:
        """Tokens for an account that has just signed in, with all it may do or only the `scopes` it asked for; IdentityError
        where it asks for more than that."""
        family = os.urandom(_NUMBER_BYTES).hex()
        held = tuple(sorted(self._held(account)))
        chosen = held if scopes is None else tuple(sorted(set(scopes)))
        if more := [name for name in chosen if name not in held]:
            raise IdentityError(f"scope {more[0][:60]!r}: not among what this account may do")
        access = self._access(account, chosen, family, now, now)
        wanted = "" if scopes is None else " ".join(chosen)
        with_refresh = account.kind != "system" and not account.must_change
        ends = now + self._rules.refresh_hours * HOUR_MS
        refresh = self._refresh(account, family, wanted, now, ends, now) if with_refresh else ""
        return Grant(access, self._rules.token_minutes * 60, refresh, chosen)

    def refresh(self, token: str, now: int) -> Grant:
        """New tokens for a refresh token, which is then used up. TokenRefused where it is unknown, expired or revoked; where it
        was used before, nothing of its family is good any more."""
        digest = digest_of(token)
        with self._database.transaction():
            row = self._database.row("SELECT * FROM refreshes WHERE digest = ?", digest)
            replayed = row is not None and bool(row["used"])
            if row is not None and replayed:
                self._revoke(row["family"], row["ends_at"] + self._rules.token_minutes * MINUTE_MS, now)
            elif row is not None:
                self._database.run("UPDATE refreshes SET used = 1 WHERE digest = ?", digest)
        if row is None or replayed or now >= row["ends_at"] or self._is_revoked(row["family"]):
            raise TokenRefused("the refresh token is not good, or no longer; sign in again")
        account = self._accounts.get(row["subject"])
        if not account.active or account.generation != row["generation"]:
            raise TokenRefused("the account has changed since; sign in again")
        held = self._held(account)
        scopes = tuple(sorted(held)) if not row["scope"] else tuple(s for s in row["scope"].split() if s in held)
        access = self._access(account, scopes, row["family"], row["auth_at"], now)
        with self._database.transaction():
            again = self._refresh(account, row["family"], row["scope"], row["auth_at"], row["ends_at"], now)
        return Grant(access, self._rules.token_minutes * 60, again, scopes)

    def _held(self, account: Account) -> frozenset[str]:
        if account.must_change and account.kind != "system":
            return frozenset()
        if account.kind == "staff":
            return self._accounts.posts.permissions(account.posts)
        return frozenset(account.scopes if account.kind == "system" else self._accounts.posts.policy.customers)

    def _access(self, account: Account, scopes: tuple[str, ...], family: str, auth_at: int, now: int) -> str:
        second = now // SECOND_MS
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": account.subject,
            "jti": os.urandom(_NUMBER_BYTES).hex(),
            "iat": second,
            "nbf": second,
            "exp": second + self._rules.token_minutes * 60,
            "auth_time": auth_at // SECOND_MS,
            "kind": account.kind,
            "person": account.person,
            "branch": account.branch,
            "party": account.party,
            "posts": " ".join(account.posts),
            "scope": " ".join(scopes),
            "sid": family,
            "gen": account.generation,
        }
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self._number}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])

    def _refresh(self, account: Account, family: str, scope: str, auth_at: int, ends: int, now: int) -> str:
        token = base64.urlsafe_b64encode(os.urandom(_REFRESH_BYTES)).decode().rstrip("=")
        self._database.run("DELETE FROM refreshes WHERE ends_at <= ?", now)
        self._database.run(
            "INSERT INTO refreshes (digest, family, subject, generation, scope, auth_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(digest_of(token), family, account.subject, account.generation, scope, auth_at, ends),
        )
        return token

    # verifying --------------------------------------------------------------------------------------------------------

    def verify(self, token: str, now: int) -> Caller:
        """Who a token speaks for. TokenRefused where it is not ours, not for us, not yet or no longer valid, or revoked."""
        claims = self._claims(token, now)
        row = self._database.row(_STANDING, claims["jti"], claims["sid"], claims["sub"])
        if row is None or not row["active"] or row["generation"] != claims["gen"]:
            raise TokenRefused("the account has changed since the token was made; sign in again")
        if row["revoked"]:
            raise TokenRefused("the token was revoked; sign in again")
        return Caller(
            kind=claims["kind"],
            subject=claims["sub"],
            scopes=frozenset(claims["scope"].split()),
            person=claims["person"],
            branch=claims["branch"],
            posts=tuple(claims["posts"].split()),
            party=claims["party"],
            token=claims["jti"],
            family=claims["sid"],
            signed_in_at=claims["auth_time"] * SECOND_MS,
            expires_at=claims["exp"] * SECOND_MS,
            must_change=bool(row["unchanged"]) and not claims["scope"],  # only the owner of the keys issues both
        )

    def _claims(self, token: str, now: int) -> dict[str, Any]:
        """What a token says, if it is ours and valid now. A token that comes again is not read again, only its times are."""
        known = self._seen.get(token)
        if known is None:
            known = self._read(token, now)
            if len(self._seen) >= _SEEN_MAX:
                self._seen.clear()
            self._seen[token] = known
        elif not known["nbf"] <= now // SECOND_MS < known["exp"]:
            raise TokenRefused(_NOT_GOOD)
        return known

    def _read(self, token: str, now: int) -> dict[str, Any]:
        if len(token) > LENGTH_MAX or not _JWT.fullmatch(token):
            raise TokenRefused(_NOT_GOOD)
        try:
            read = jwt.decode(token, self._key, algorithms=[ALGORITHM])
            if read.header.get("kid") != self._number or read.header.get("typ") != TYPE:
                raise TokenRefused(_NOT_GOOD)
            JWTClaimsRegistry(now=now // SECOND_MS, leeway=0, **self._required).validate(read.claims)
        except (JoseError, ValueError, TypeError):
            raise TokenRefused(_NOT_GOOD) from None
        claims: dict[str, Any] = read.claims
        right = all(type(claims[name]) is int for name in _INTS) and all(
            isinstance(claims[name], str) for name in _TEXTS
        )
        if not right or claims["aud"] != AUDIENCE:
            raise TokenRefused(_NOT_GOOD)
        return claims

    # revoking ---------------------------------------------------------------------------------------------------------

    def sign_out(self, caller: Caller, now: int) -> None:
        """Ends a sign-in: this token, its successors and its refresh tokens."""
        with self._database.transaction():
            self._revoke(caller.family, now + (self._rules.refresh_hours + 1) * HOUR_MS, now)

    def drop(self, refresh_token: str, now: int) -> None:
        """Ends the sign-in that a refresh token belongs to; an unknown one ends nothing (RFC 7009)."""
        with self._database.transaction():
            row = self._database.row("SELECT family, ends_at FROM refreshes WHERE digest = ?", digest_of(refresh_token))
            if row is not None:
                self._revoke(row["family"], row["ends_at"] + HOUR_MS, now)

    def revoke(self, number: str, until: int, now: int) -> None:
        """Puts one token (`Caller.token`) on the list until it has expired anyway."""
        with self._database.transaction():
            self._revoke(number, until, now)

    def _revoke(self, number: str, until: int, now: int) -> None:
        self._database.run("DELETE FROM revoked WHERE ends_at <= ?", now)
        self._database.run(
            "INSERT INTO revoked (number, ends_at) VALUES (?, ?) "
            "ON CONFLICT (number) DO UPDATE SET ends_at = max(ends_at, excluded.ends_at)",
            number,
            until,
        )

    def _is_revoked(self, number: str) -> bool:
        return self._database.row("SELECT 1 FROM revoked WHERE number = ?", number) is not None
