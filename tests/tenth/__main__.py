"""Runs a scenario through the bank with the tenth room in it: ``python -m tests.tenth FOLDER SHARDS``. In a process of its own,
so that no other test's bank has a tenth room."""

from __future__ import annotations

import sys
from pathlib import Path

from actors.local import LocalExecutor
from actors.topology import Flow
from credit.bank import PIPELINE
from lendrill.run import execute
from results import folder
from tests.lendrill.harness import small
from tests.tenth.inspections.contract import room


def main(path: str, shards: str) -> None:
    """The small bank of the tests, twenty days long."""
    flow = Flow(int(shards), (*PIPELINE, room))
    execute(small(run__days=20), flow, LocalExecutor(), folder.create(Path(path)), check_every_window=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
