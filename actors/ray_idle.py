"""Stands in the place of an agent that Ray insists on and nobody needs, until the one that started it is gone."""

from __future__ import annotations

import os
import time

_LOOK_EVERY_S = 0.5

if __name__ == "__main__":
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
