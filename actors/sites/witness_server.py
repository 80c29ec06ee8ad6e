"""The witness as a process: what it knows lies in a file, durable before it is told."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from actors.clock import wall_ms
from actors.frames import FrameServer, Message
from actors.identity import files
from actors.sites import wire
from actors.sites.witness import Configuration, Terms, Witness

_METHODS = frozenset({"configuration", "heard", "take_over", "hand_over", "keep_in_step"})


def kept_in(path: Path) -> Configuration | None:
    """The configuration that a witness made durable last; None where there is none yet."""
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Configuration(**found | {"in_step": tuple(found["in_step"])})


class WitnessServer(FrameServer):
    """Answers the sites, and whoever asks how they stand."""

    refusals = wire.REFUSALS

    def __init__(self, path: Path, terms: Terms) -> None:
        super().__init__()

        def keep(configuration: Configuration) -> None:
            files.replace(path, json.dumps(configuration._asdict()).encode())

        self._witness = Witness(lambda: time.monotonic_ns() // 1_000_000, keep, kept_in(path), terms, wall_ms)

    async def _do_witness(self, message: Message) -> bytes:
        return wire.called(self._witness, message, _METHODS)
