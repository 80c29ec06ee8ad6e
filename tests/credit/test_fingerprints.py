"""What another release wrote is refused by name; what has not changed has the same fingerprint in every process."""

from __future__ import annotations

import numpy as np
import pytest

from actors.wire import pack, unpack
from credit import fingerprints
from credit.bank import PIPELINE
from credit.contracts.contract import ContractSigned
from credit.contracts.subsystem import ContractsSubsystem
from credit.fingerprints import SchemaError
from credit.room import KINDS, Rows
from credit.stage import Stage
from credit.subsystem import State
from tests.rows import sample

TABLE = "bank.contracts"


def stage() -> Stage:
    return Stage(ContractsSubsystem.room, ContractsSubsystem.build())


def without(rows: Rows, name: str) -> Rows:
    form = np.dtype([(one, rows.dtype[one]) for one in rows.dtype.names or () if one != name])
    return np.zeros(len(rows), dtype=form)


def refused(state: State) -> str:
    with pytest.raises(SchemaError) as error:
        stage().import_state(state)
    return error.value.user_message


def test_a_saved_table_with_other_columns_is_refused_and_both_lists_are_said() -> None:
    state = stage().export_state()
    said = refused(state | {TABLE: without(state[TABLE], "attempt")})
    assert "table contracts.contracts has columns case:i8" in said
    assert said.count("attempt:i8") == 1
    assert "continue it with the release that wrote it" in said


def test_a_saved_table_that_is_missing_or_unknown_is_refused() -> None:
    state = stage().export_state()
    assert "table contracts.archived is missing from it" in refused({})
    assert "table contracts.seals is not known to this release" in refused(state | {"bank.seals": state[TABLE]})


def test_mail_under_way_in_a_saved_state_is_proved_too() -> None:
    state, mail = stage().export_state(), sample(ContractSigned, 2)
    stage().import_state(state | {"carried.ContractSigned": mail})
    assert "ContractSigned has columns at:i8" in refused(state | {"carried.ContractSigned": without(mail, "mode")})


def test_a_bundle_of_another_schema_is_refused_by_the_name_of_its_kind() -> None:
    [(number, schema, content)] = pack({ContractSigned.number: [sample(ContractSigned, 1)]})
    assert len(unpack([((number, schema, content),)])[number][0]) == 1
    with pytest.raises(SchemaError, match=r"ContractSigned is .* in the same release"):
        unpack([((number, "0" * 16, content),)])


def test_a_fingerprint_sees_names_types_and_order() -> None:
    forms = ["a:i8", "a:U2", "b:i8", "a:i8 b:i8", "b:i8 a:i8"]
    dtypes = [np.dtype([tuple(one.split(":")) for one in form.split()]) for form in forms]
    assert len({fingerprints.of_schema("x", form) for form in dtypes} | {fingerprints.of_schema("y", dtypes[0])}) == 6


def test_every_kind_and_every_table_of_the_bank_has_one() -> None:
    names = fingerprints.schemas().keys()
    assert {kind.name for kind in KINDS.values()} <= names
    assert {f"{room.name}.{table}" for room in PIPELINE for table in room.tables} <= names


def test_a_changed_policy_changes_its_fingerprint_alone() -> None:
    plain = fingerprints.policies()
    changed = fingerprints.policies({"collections": {"write_off": {"x": 1}}})
    assert fingerprints.differing(plain, changed) == ["collections"]
    assert fingerprints.of_all(plain) != fingerprints.of_all(changed)
