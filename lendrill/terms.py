"""`lendrill terms`: the core terms, with their counts in a run where one is named."""

from __future__ import annotations

from pathlib import Path

from credit.terms import Term, terms
from results.folder import read_scenario
from results.queries import RunQueries


def counted(folder: Path | None) -> list[tuple[Term, int | None]]:
    """The terms by the policies of a run, and of how many cases or loans each holds there; by the packaged ones, with no
    counts, where no run is named. RunFolderError where `folder` is no finished run."""
    if folder is None:
        return [(one, None) for one in terms()]
    with RunQueries(folder) as queries:
        return [*queries.terms(read_scenario(folder).get("policies"))]
