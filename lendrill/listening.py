"""Where a bank listens."""

from __future__ import annotations

import errno
import os
import socket

from lendrill.errors import UserError


def url_of(listening: socket.socket) -> str:
    """Where a gateway's socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listens(host: str, port: int) -> socket.socket:
    """A socket that listens there, for processes that inherit it. UserError where it can't be had."""
    if port > 65_535:
        raise UserError(f"port {port}: impossible; several sites take ports 10 apart", "give a lower --port, or 0")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2_048)
        listening.set_inheritable(True)
    except socket.gaierror:
        raise UserError(f"--host {host}: no address of that name", "give one of this machine's own") from None
    except OSError as error:
        right = "one of this machine's own addresses" if error.errno == errno.EADDRNOTAVAIL else "another port"
        raise UserError(
            f"--host {host} --port {port}: {os.strerror(error.errno or 0).lower()}", f"give {right}"
        ) from None
    return listening
