"""What Ray starts for an actor: has the mould (`actors.ray_head`) fork, hands over what it was given, and ends. It imports
nothing that takes long."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

MOULD = "LENDRILL_MOULD"
"""Names the mould's socket, in the environment and in the folder."""
RECORD = 1 << 16


def main() -> None:
    """Asks the mould."""
    told = {"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": str(Path.cwd())}
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(os.environ[MOULD])
        socket.send_fds(asking, [b" "], [1, 2])
        asking.sendall(json.dumps(told).encode())


if __name__ == "__main__":
    main()
