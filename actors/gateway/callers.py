"""Who calls, and what he may do: what endpoints need of `actors.gateway.login`."""

from __future__ import annotations

from actors.gateway.login import caller_of, identity_of, needs
from actors.identity.caller import Caller
from actors.identity.service import Identity

__all__ = ["Caller", "Identity", "caller_of", "identity_of", "needs"]
