"""What the smallest windows cost: seeds of the fault search, whose banks have one to five customers, under cProfile. Calls are
the same in each run; seconds are not, and say under a profiler only what share a function has.

    python -m bench.small_windows [SEEDS [FUNCTIONS]]"""

from __future__ import annotations

import cProfile
import logging
import pstats
import sys

from lendrill.search import searcher
from sim.search.plan import drawn

_FIRST = 10
"""Seeds before build what is built once in a process."""


def main(seeds: int = 30, functions: int = 30) -> None:
    """Prints the calls and the dearest functions."""
    logging.disable(logging.CRITICAL)
    for seed in range(_FIRST):
        searcher().run(seed, drawn(seed))
    profile = cProfile.Profile()
    with profile:
        for seed in range(_FIRST, _FIRST + seeds):
            searcher().run(seed, drawn(seed))
    pstats.Stats(profile).sort_stats("tottime").print_stats(functions)


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
