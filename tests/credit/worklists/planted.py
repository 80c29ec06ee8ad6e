"""A planted bug: desks that ask nobody who he is and what he has done before."""

from __future__ import annotations

import numpy as np
import pytest

from credit.worklists.worklist import Worklist


def anybody_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule about people is left out, of claims and of decisions."""
    monkeypatch.setattr(Worklist, "_person_faults", lambda self, found, *more: np.zeros(len(found), dtype=np.int64))
    monkeypatch.setattr(Worklist, "_has_acted", lambda self, entity, *people: np.zeros(len(entity), dtype=bool))
