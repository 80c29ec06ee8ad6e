"""Hunts the planted bugs: ``python -m tests.sim.search [SEEDS [BUG …]]`` prints by which seed each is found, of so many."""

from __future__ import annotations

import logging
import sys
import time

from tests.sim.search.planted import BUGS, NOT_FOUND
from tests.sim.search.test_search import SEEDS_MAX, found

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    seeds = int(sys.argv[1]) if sys.argv[1:] else SEEDS_MAX
    missed = 0
    for number, bug in enumerate([*BUGS, *NOT_FOUND]):
        if not sys.argv[2:] or str(number) in sys.argv[2:]:
            began = time.process_time()
            seed = found(bug, seeds)
            missed += seed is None
            said = f"not found by {seeds} seeds" if seed is None else f"seed {seed}"
            print(f"{number:3d}  {bug.what}: {said}, {time.process_time() - began:.1f} s", flush=True)
    sys.exit(bool(missed))
