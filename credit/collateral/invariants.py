"""What must always hold of collateral. These functions share no code with the rules they watch; each violation names the case."""

from __future__ import annotations

import numpy as np

from credit.codes import Collateral
from credit.collateral.rules import Security
from credit.collateral.states import DESK_OF, CollateralState
from credit.masks import true_rows
from credit.money import PPM
from credit.room import Rows
from credit.rows import among
from credit.table import Table
from credit.times import Bools, Ints
from credit.worklists.states import TaskState

_S = CollateralState
_HELD, _WAITING = [_S.IN_FORCE, _S.REVALUING, _S.RELEASING, _S.RETURNING], list(DESK_OF)


def register(register: Table, applications: Table, security: Security) -> list[str]:
    """Each row is where its facts say it can be: an application waits while its collateral is to be valued and no longer;
    nothing is held that a registrar and another person did not put in place; no more is settled than was paid."""
    if not len(register) and not len(applications):
        return []
    case, state = register["case"], register["state"]
    waits = applications.find(case) >= 0
    found = _named(case, waits != (state == _S.OFFERED), "is valued or not, unlike its application; state", state)
    lost = register.find(applications["case"]) < 0
    found += _named(
        applications["case"], lost, "waits for a valuation that nobody was asked for; branch", applications["branch"]
    )
    held = among(state, _HELD)
    registrar, custodian = register["registrar"], register["custodian"]
    alone = held & ((registrar == 0) | (custodian == 0) | (registrar == custodian))
    found += _named(case, alone, "is in force without two people; registrar", registrar)
    thing = register["kind"] != Collateral.GUARANTOR
    bare = held & thing & (register["valuer"] == 0)
    found += _named(case, bare, "is held and was never valued; kind", register["kind"])
    more = register["settled"] > register["loans"]
    found += _named(case, more, "has settled more loans than it was paid:", register["settled"])
    unknown = security.kind[register["product"]] != register["kind"]
    return found + _named(case, unknown, "is secured by what its product is not secured by:", register["kind"])


def asked(register: Table, tasks: Table) -> list[str]:
    """What waits for a desk has one open task there, and nothing else has one."""
    is_open = tasks["state"] < TaskState.DONE
    owner, desk = tasks["case"][is_open], tasks["desk"][is_open]
    if not len(register):
        return _named(owner, np.ones(len(owner), dtype=bool), "is not in the register and has a task at desk", desk)
    case, state = register["case"], register["state"]
    counted = np.zeros(len(case), dtype=np.int64)
    place = register.find(owner)
    np.add.at(counted, place[place >= 0], 1)
    found = _named(
        case, (counted == 1) != among(state, _WAITING), "has not the one task that it waits for; state", state
    )
    wanted = np.array([int(DESK_OF.get(_S(one), 0)) for one in register.get("state", place, int(_S.CLOSED)).tolist()])
    return found + _named(owner, desk != wanted, "is before a desk that it does not wait for:", desk)


def placed(rows: Rows, security: Security) -> list[str]:
    """What was put in place covers what is lent against it, by a share of its value."""
    share = security.loan_to_value_ppm[rows["kind"]]
    over = (share > 0) & (rows["amount_fen"] > rows["value_fen"] * (share / PPM) + 1)
    found = _named(rows["case"], over, "is lent more than its collateral allows, in fen:", rows["amount_fen"])
    early = rows["established_at"] < rows["valued_at"]
    return found + _named(rows["case"], early, "was in place before it was valued, at", rows["established_at"])


def _named(ids: Ints, wrong: Bools, how: str, value: Ints) -> list[str]:
    return [f"collateral of case {ids[row]} {how} {value[row]}" for row in true_rows(wrong).tolist()]
