"""The sites of the bank over HTTP: how they stand, and switches by hand (人工切换), which two people who sign in decide (DR-10).
One asks, a second one confirms, and the site does it then. Where no gateway answers any more, `lendrill sites` does the same."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from actors.book.store import StoreError
from actors.gateway.bank import Bank, bank_of
from actors.gateway.callers import Caller, needs
from actors.gateway.login import Services
from actors.gateway.models import Body, Model, shown
from actors.gateway.problems import Problem
from actors.gateway.proposals import Number, Proposed, about_of, known, said_of
from actors.identity.changes import Proposal

router = APIRouter(prefix="/v1/sites", tags=["sites"])
Switcher = Annotated[Caller, Depends(needs("sites:switch"))]
_HOW: dict[str, Literal["hand_over", "take_over"]] = {"switch": "hand_over", "take_over": "take_over"}


class Standing(Model):
    """How the site behind this door stands, and what it knows of the others."""

    site: str
    sites: list[str]
    leads: bool
    leader: str
    epoch: int
    in_step: list[str]
    windows: int
    seal: str
    damage: str
    wrong_clock: str
    worked: int
    chain: str


class Asking(Body):
    """Which site is to lead. `switch`: the leader finishes what is under way and hands over; nothing is lost. `take_over`: the
    site leads whatever became of the others, and what it lacks is told."""

    model_config = shown({"site": "same-city", "how": "switch", "reason": "主中心计划内维护"})

    site: Literal["primary", "same-city", "remote"]
    how: Literal["switch", "take_over"]
    reason: str = Field(min_length=1, max_length=200)


class Switch(Proposed):
    """A switch that was asked for, and what became of it."""

    site: str
    how: str


@router.get("", summary="How the sites stand")
async def sites(
    bank: Annotated[Bank, Depends(bank_of)], caller: Annotated[Caller, Depends(needs("status:read"))]
) -> Standing:
    """A bank of one site has none to tell of."""
    del caller
    return Standing(**await _standing(bank))


@router.post("/switches", summary="Ask for a switch to another site", status_code=201)
async def ask(body: Asking, bank: Annotated[Bank, Depends(bank_of)], identity: Services, caller: Switcher) -> Switch:
    """It waits for a second person. Ask at the door of the site that leads, for a take-over at that of the site to lead."""
    _prove_door(await _standing(bank), body.how, body.site)
    value = {"how": body.how, "reason": body.reason}
    return _shown(identity.changes.propose(caller.subject, "switch", f"site:{body.site}", value, identity.clock()))


@router.get("/switches", summary="Switches that were asked for")
def switches(
    identity: Services,
    caller: Switcher,
    after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Switch]:
    """At this site, the oldest first."""
    del caller
    return [_shown(one) for one in identity.changes.all("", after, limit, of="switch")]


@router.post("/switches/{number}/confirm", summary="Decide a switch that somebody else asked for")
async def confirm(
    number: Number, bank: Annotated[Bank, Depends(bank_of)], identity: Services, caller: Switcher
) -> Switch:
    """Done when this answers; who leads then is known a moment later. 409 where the site can't do it, and why."""
    asked = known(identity, "switch", number)
    how, site = asked.after["how"], about_of(asked)
    _prove_door(await _standing(bank), how, site)
    decided = identity.changes.confirm(caller.subject, number, identity.clock())[0]
    try:
        await bank.link.decide(_HOW[how], site, (decided.made_by, decided.decided_by))
    except StoreError as error:
        raise Problem(409, "Not switched", error.user_message, detail_zh="切换未执行") from None
    return _shown(decided)


@router.post("/switches/{number}/refuse", summary="Refuse or withdraw a switch")
def refuse(number: Number, identity: Services, caller: Switcher) -> Switch:
    """It can't be decided any more then."""
    known(identity, "switch", number)
    return _shown(identity.changes.refuse(caller.subject, number, identity.clock()))


async def _standing(bank: Bank) -> dict[str, Any]:
    if not (found := await bank.link.site()):
        raise Problem(404, "One site", "this bank has one site alone", detail_zh="本行仅一个中心")
    return found


def _prove_door(standing: dict[str, Any], how: str, site: str) -> None:
    """Problem 409 where another site's door is the right one, 422 where there is no such site."""
    if site not in standing["sites"]:
        sites = standing["sites"]
        says = f"there is no site {site}; sites: {', '.join(sites)}"
        raise Problem(422, "Invalid request", says, detail_zh=f"无此中心，应为以下之一：{'、'.join(sites)}")
    right = standing["leader"] if how == "switch" else site
    if standing["site"] != right:
        why = f"this is the door of {standing['site']}; ask at that of {right or 'the site that leads'}"
        raise Problem(409, "Another site", why, detail_zh="请在对应中心的入口办理")
    if standing["leader"] == site:
        raise Problem(409, "Leads already", f"{site} leads already", detail_zh="该中心已是主用中心")


def _shown(one: Proposal) -> Switch:
    return Switch.model_validate(said_of(one) | {"site": about_of(one), "how": one.after["how"]})
