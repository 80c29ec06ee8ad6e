"""What people may do by the posts they hold (SEC-02): permissions, tier, reach, and which of their posts conflict (SEC-03)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from actors.identity.errors import IdentityError
from credit.policies.posts import SCOPES, Post, PostPolicy, Scope, Tier
from credit.room import DESKS
from credit.staff import StaffRegister


class Found(NamedTuple):
    """Two posts that one person may not hold together, and why."""

    first: str
    second: str
    source: str

    def __str__(self) -> str:
        return f"{self.first} and {self.second} ({self.source})"


class Posts:
    """The posts of a bank, asked by their keys. Unknown posts are an IdentityError."""

    def __init__(self, policy: PostPolicy) -> None:
        self.policy = policy
        self._posts: Mapping[str, Post] = {post.key: post for post in policy.posts}

    def __iter__(self) -> Iterator[Post]:
        return iter(self._posts.values())

    def __getitem__(self, key: str) -> Post:
        if key not in self._posts:
            raise IdentityError(f"post {key!r}: there is no such post; known: {', '.join(self._posts)}")
        return self._posts[key]

    def permissions(self, posts: Iterable[str]) -> frozenset[str]:
        """Everything that holders of these posts may do."""
        return frozenset(name for key in posts for name in self[key].permissions)

    def tier(self, posts: Iterable[str]) -> Tier:
        """The highest tier among them; ordinary staff where there are none."""
        return max((self[key].rank for key in posts), default=Tier.STAFF)

    def reach(self, posts: Iterable[str], permission: str = "") -> Scope:
        """The widest data scope among these posts, or among those of them that carry a permission."""
        scopes = [self[key].scope for key in posts if not permission or permission in self[key].permissions]
        return max(scopes, key=SCOPES.index, default="none")

    def at_desk(self, desk: int) -> tuple[str, ...]:
        """The posts of people at a desk."""
        label = DESKS[desk].label if desk in DESKS else ""
        named = tuple(key for key, post in self._posts.items() if label in post.desks)
        return named or (self.policy.other_desks,)

    def of_register(self, register: StaffRegister) -> dict[int, tuple[str, ...]]:
        """Each person of a staff register with the posts of all desks he has a seat at, in the order of the numbers."""
        held: dict[int, dict[str, None]] = {}
        for person, desk in sorted(zip(register.person.tolist(), register.desk.tolist(), strict=True)):
            held.setdefault(person, {}).update(dict.fromkeys(self.at_desk(desk)))
        return {person: tuple(posts) for person, posts in held.items()}

    def conflicts(self, posts: Iterable[str]) -> list[Found]:
        """Every pair among these posts that one person may not hold together, with its source (SEC-03)."""
        held = {self[key].key: None for key in posts}
        return [
            Found(first, second, rule.source)
            for rule in self.policy.conflicts
            for first in rule.posts
            for second in rule.against
            if first in held and second in held
        ]
