"""The bank's clock, health and figures over HTTP."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field

from actors.backup.keeper import ages_s
from actors.clock import ClockError
from actors.gateway.bank import Bank, bank_of, instant_of, moment
from actors.gateway.callers import Caller, needs
from actors.gateway.models import Body, shown
from actors.gateway.problems import Problem
from actors.gateway.pulse import PATIENCE_S
from actors.link import Away
from credit.times import DAY_MS, HOUR_MS

router = APIRouter(tags=["bank"])
_OPENING_MS = 9 * HOUR_MS


class Advance(Body):
    """Where the business date is to go: to an instant, or so many days on, at the opening hour."""

    model_config = shown({"days": 30})

    to: str | None = Field(default=None, max_length=40, examples=["2026-03-10T09:00"])
    days: int | None = Field(default=None, ge=1, le=400)


@router.get("/v1/clock", summary="The bank's time")
async def clock(bank: Annotated[Bank, Depends(bank_of)]) -> dict[str, Any]:
    """The instant at which the bank stands."""
    return {"now": moment((await bank.link.standing())["now"])}


@router.post("/v1/clock/advance", summary="Move the business date on")
async def advance(
    to: Advance, bank: Annotated[Bank, Depends(bank_of)], caller: Annotated[Caller, Depends(needs("clock:advance"))]
) -> dict[str, Any]:
    """Answers once the bank stands there: every end of day between is done. A bank on the wall clock refuses."""
    del caller
    if (to.to is None) == (to.days is None):
        raise Problem(422, "Invalid request", 'give either "to" or "days"', detail_zh="请填写 to 或 days 之一")
    if to.to is not None:
        target = instant_of(to.to, "to")
    else:
        now = int((await bank.link.standing())["now"])
        target = (now // DAY_MS + int(to.days or 0)) * DAY_MS + _OPENING_MS
    try:
        return {"now": moment(await bank.link.advance(target))}
    except ClockError as error:
        raise Problem(
            409, "Clock", error.user_message, detail_zh="营业日期不能后退；按实时时钟运行的银行不能调整日期"
        ) from None


@router.get("/health", summary="Live and ready", include_in_schema=True)
async def health(request: Request, response: Response) -> dict[str, Any]:
    """`ready` is false while the bank opens, closes or recovers; the answer is 503 then."""
    standing = await request.app.state.pulse.standing()
    ready = bool(standing.get("ready"))
    response.status_code = 200 if ready else 503
    kept: dict[str, Any] = {name: standing[name] for name in ("window", "queued", "under_way") if name in standing}
    return {"live": True, "ready": ready, **kept}


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """Figures of the bank and of its gateways, as Prometheus reads them."""
    bank: Bank = request.app.state.bank
    try:
        figures = await bank.link.figures(PATIENCE_S)
    except Away:
        figures = {}
    figures |= {"backup_age_s": ages_s(request.app.state.identity.folder.parent, time.time_ns() // 1_000_000)}
    return Response(request.app.state.meters.text(figures), media_type=CONTENT_TYPE_LATEST)
