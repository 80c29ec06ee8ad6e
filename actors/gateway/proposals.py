"""Proposals that two people decide and that change nobody's account (`actors.identity.changes`): what their endpoints share."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path

from actors.gateway.bank import absent
from actors.gateway.callers import Identity
from actors.gateway.models import Model
from actors.identity.changes import Proposal
from actors.identity.errors import IdentityError

Number = Annotated[int, Path(ge=1, lt=1 << 63, examples=[1])]


class Proposed(Model):
    """A proposal, who made it and what became of it."""

    number: int
    reason: str
    state: str
    asked_by: str
    decided_by: str


def said_of(one: Proposal) -> dict[str, str | int]:
    """The fields of `Proposed`."""
    return {
        "number": one.number,
        "reason": one.after["reason"],
        "state": one.state,
        "asked_by": one.made_by,
        "decided_by": one.decided_by,
    }


def about_of(one: Proposal) -> str:
    """What it is about: ``loans`` of ``export:loans``."""
    return one.target.partition(":")[2]


def known(identity: Identity, what: Literal["export", "switch"], number: int) -> Proposal:
    """A proposal of a kind; Problem 404 where there is none of the number."""
    try:
        found = identity.changes.get(number)
    except IdentityError:
        raise absent(what, str(number)) from None
    if found.change != what:
        raise absent(what, str(number))
    return found
