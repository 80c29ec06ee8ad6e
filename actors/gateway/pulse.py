"""The beat of a gateway (心跳): how the bank stands, asked again and again, so that whoever asks for health is answered with what
is known already and need not wait for two more turns of a loop that has much to do; and whether the loop is late, so that it
takes on no more than it can turn over while others, health among them, are kept waiting."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

from actors.gateway.bank import Bank
from actors.link import Away

PATIENCE_S = 0.9
"""How long the bank may take to say how it stands, and how long that counts."""
_ASK_EVERY_S, _BEAT_EVERY_S = 0.3, 0.02
_LATE_S = 0.05
_BEHIND_S, _BEHIND_BEATS = 0.25, 4


class Pulse:
    """Belongs to the event loop of a gateway."""

    def __init__(self, bank: Bank) -> None:
        self._link, self._said, self._at = bank.link, dict[str, Any](), -PATIENCE_S
        self._beat_at, self._behind = math.inf, 0

    def is_late(self) -> bool:
        """Whether the turn that the loop is in has lasted too long already: its beat is overdue."""
        return time.monotonic() - self._beat_at > _LATE_S

    def is_behind(self) -> bool:
        """Whether the loop has more to do than it gets done: its last beats all came late by much."""
        return self._behind >= _BEHIND_BEATS

    async def standing(self) -> dict[str, Any]:
        """See `Conductor.standing`; empty where the bank is away."""
        if not self._link.connected or time.monotonic() - self._at >= PATIENCE_S:
            await self._ask()
        return self._said

    async def beat(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            asking = asyncio.create_task(self._ask())
            until = time.monotonic() + _ASK_EVERY_S
            while time.monotonic() < until or not asking.done():
                self._beat_at = time.monotonic() + _BEAT_EVERY_S
                await asyncio.sleep(_BEAT_EVERY_S)
                self._behind = self._behind + 1 if time.monotonic() - self._beat_at > _BEHIND_S else 0

    async def _ask(self) -> None:
        try:
            self._said = await self._link.standing(PATIENCE_S)
        except Away:
            self._said = {}
        self._at = time.monotonic()
