"""Who is calling, as a verified token says."""

from __future__ import annotations

from dataclasses import dataclass

from actors.identity.accounts import Kind


@dataclass(frozen=True)
class Caller:
    """A customer (`party`: his customer number, 0 until known), a member of staff (`person`, `branch`, `posts`) or a system.
    `scopes`: what this token permits. Times are ms since 1970 UTC."""

    kind: Kind
    subject: str
    scopes: frozenset[str]
    person: int = 0
    branch: int = 0
    posts: tuple[str, ...] = ()
    party: int = 0
    token: str = ""
    """The token's own number, not the token."""
    family: str = ""
    """The sign-in that this token and its successors come from."""
    signed_in_at: int = 0
    expires_at: int = 0
    must_change: bool = False
    """The first password must be changed before anything else."""

    def may(self, permission: str) -> bool:
        """Whether the token carries a permission."""
        return permission in self.scopes
