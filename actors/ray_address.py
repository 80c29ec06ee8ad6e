"""Is there a Ray cluster at an address? Left to itself, Ray asks a dead address for minutes; this finds out in seconds.
Nothing here imports Ray, because Ray reads its authentication mode once, when it is imported."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from credit.errors import CreditError

_CONNECT_S = 5
_HEALTH_S = 15
_MODE = "RAY_AUTH_MODE"
_ADVICE = "check --address, or leave it out to start Ray here"


class RayUnavailable(CreditError):
    """Ray can't be reached or started here."""


def prove_cluster(address: str) -> None:
    """Proves that a Ray cluster answers at ``host:port``, and takes the authentication mode in which it does. Ray's own names
    (auto, local) and client addresses (ray://) are left to Ray. Raises RayUnavailable. Call it before Ray is imported."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        if address in ("auto", "local"):
            return
        raise RayUnavailable(f"--address {address}: not an address; give host:port, or auto")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise RayUnavailable(f"no Ray cluster answers at {address} ({reason}); {_ADVICE}") from None
    if address.startswith("ray://") or _is_healthy(address, os.environ.get(_MODE)):
        return
    if _MODE not in os.environ and _is_healthy(address, "token"):
        os.environ[_MODE] = "token"
        return
    raise RayUnavailable(
        f"something answers at {address}, but it is no healthy Ray cluster, or it wants another token; {_ADVICE}"
    )


def _is_healthy(address: str, mode: str | None) -> bool:
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    environment = os.environ | ({_MODE: mode} if mode is not None else {})
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=_HEALTH_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
