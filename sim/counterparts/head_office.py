"""The world opposite head office: the same people as at the branch, one rank higher."""

from __future__ import annotations

from sim.counterparts.approval import opposite

__all__ = ["opposite"]
