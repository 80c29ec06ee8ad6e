"""Who calls, and what he may do: what endpoints need of `actors.gateway.login`."""

from __future__ import annotations

from actors.gateway.login import caller_of, needs
from actors.identity.caller import Caller

__all__ = ["Caller", "caller_of", "needs"]
