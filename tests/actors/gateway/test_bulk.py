"""Many applications at once: the same rules as for one form, answers by position, and what is wrong named by row and column."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from actors.gateway import bodies, bulk
from actors.gateway.applications import ZHANG
from credit.applications.contract import FormText
from credit.texts import Field, cut, cut_columns
from tests.actors.gateway.live import LiveBank

ARROW = "application/vnd.apache.arrow.stream"


def forms(bank: LiveBank, count: int) -> list[dict[str, Any]]:
    return [ZHANG | {"id_number": next(bank.people)} for _ in range(count)]


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    lines = [",".join(rows[0])]
    lines += [",".join("|".join(of) if isinstance(of, list) else str(of) for of in row.values()) for row in rows]
    return "\n".join(lines).encode()


def as_arrow(rows: list[dict[str, Any]]) -> bytes:
    return written(pa.Table.from_pylist(rows))


def written(table: pa.Table, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def hand_in(bank: LiveBank, body: bytes, media: str = "text/csv", status: int = 202, **headers: str) -> Any:
    answer = bank.client.post(
        "/v1/applications/bulk",
        content=body,
        headers={"Content-Type": media, **{name.replace("_", "-"): of for name, of in headers.items()}},
    )
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize(("media", "form"), [("text/csv", as_csv), (ARROW, as_arrow)])
def test_each_row_is_answered_by_its_position(bank: LiveBank, media: str, form: Any) -> None:
    rows = forms(bank, 4)
    rows[1]["amount_fen"] = 1
    rows[2]["mobile"] = "1"
    said = hand_in(bank, form(rows), media)
    assert (said["rows"], said["refused"], said["reasons"]) == (4, 2, [0, 142, 121, 0])
    assert said["codes"]["121"] == ["mobile malformed", "手机号格式错误"]
    assert len(set(said["cases"])) == 4
    for case, reason in zip(said["cases"], said["reasons"], strict=True):
        events = [one["event"] for one in bank.get(f"/v1/applications/{case}")["events"]]
        assert ("application_refused" in events) == (reason > 0)


def test_a_table_sent_twice_under_one_key_is_one(bank: LiveBank) -> None:
    body = as_csv(forms(bank, 3))
    first = hand_in(bank, body, Idempotency_Key="bulk-1")
    assert hand_in(bank, body, Idempotency_Key="bulk-1") == first
    other = hand_in(bank, as_csv(forms(bank, 3)), Idempotency_Key="bulk-1")
    assert other["reasons"] == [90, 90, 90]


def test_one_form_and_a_table_of_one_are_the_same_form(bank: LiveBank) -> None:
    [form] = forms(bank, 1)
    one = bank.post("/v1/applications", form, 202, Prefer="wait=20")
    case = hand_in(bank, as_csv([form]))["cases"][0]
    files = [bank.state("customers")["customers-0.bank.customers"] for _ in (one, case)]
    [file] = [row for row in files[0] if row["id_number"] == form["id_number"]]
    assert (file["at1"] > file["at2"], file["at2"] > 0, file["name"]) == (True, True, "张建国")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("amount_fen", "much"),
        ("amount_fen", "-1"),
        ("amount_fen", str(1 << 53)),
        ("amount_fen", "99999999999999999999999"),
        ("term_months", "1001"),
        ("channel", "pigeon"),
        ("documents", "id_front|poem"),
        ("consents", "everything"),
        ("account", "123"),
        ("account", "9999999999999999999"),
        ("branch", "5"),
        ("name", "张" * 121),
        ("id_number", "1" * 21),
    ],
)
def test_what_can_be_no_form_is_handed_back_with_row_and_column(bank: LiveBank, column: str, value: str) -> None:
    rows = [dict(ZHANG), dict(ZHANG) | {column: value}]
    before = bank.get("/metrics")
    [wrong] = hand_in(bank, as_csv(rows), status=422)["errors"]
    assert (wrong["row"], wrong["column"]) == (2, column)
    single = ZHANG | {
        column: int(value) if value.lstrip("-").isdigit() and column.endswith(("fen", "months", "branch")) else value
    }
    if isinstance(ZHANG[column], list):
        single[column] = value.split("|")
    bank.post("/v1/applications", single, 422)
    count = [line for line in before.splitlines() if line.startswith("lendrill_commands_total")]
    assert count[0] in bank.get("/metrics").splitlines()


def test_what_is_no_table_is_refused(bank: LiveBank) -> None:
    assert hand_in(bank, b"{}", "application/json", 415)["title"] == "Unsupported media type"
    assert "lacking" in hand_in(bank, b"branch\n1\n", status=422)["detail"]
    assert "no column 'hat'" in hand_in(bank, as_csv([ZHANG | {"hat": 1}]), status=422)["detail"]
    hand_in(bank, ",".join(ZHANG).encode(), status=422)
    for body in (b"", b"\xff\xfe\x00", b"a,b\n1\n"):
        hand_in(bank, body, status=422)
    for body in ("branch,名称\n1,2\n".encode("gbk"), b"\x80a,b\n1,2\n"):
        assert "UTF-8" in hand_in(bank, body, status=422)["detail"]
    for body in (b"", b"ARROW1", as_arrow([dict(ZHANG)])[:-200]):
        hand_in(bank, body, ARROW, 422)
    assert "at most 20 forms" in hand_in(bank, as_csv([dict(ZHANG)] * 21), status=422)["detail"]


def test_a_small_body_can_not_become_a_large_table(bank: LiveBank) -> None:
    plain = pa.Table.from_pylist([dict(ZHANG)] * 3)
    for compression in ("zstd", "lz4"):
        assert "compressed" in hand_in(bank, written(plain, compression), ARROW, 422)["detail"]
    place = plain.column_names.index("name")
    for strange in (
        pa.array(["x" * 1_000] * 3).dictionary_encode(),
        pa.array(["x" * 1_000] * 3).cast(pa.string_view()),
        pa.array([{"x": 1}] * 3),
        pa.array([1.5] * 3),
        pa.nulls(3),
    ):
        detail = hand_in(bank, written(plain.set_column(place, "name", strange)), ARROW, 422)["detail"]
        assert "column 'name' is of type" in detail
    lists = plain.set_column(place, "name", pa.array([["x"]] * 3))
    assert hand_in(bank, written(lists), ARROW, 422)["field"] == "name"
    place = plain.column_names.index("purpose")
    numbers = plain.set_column(place, "purpose", pa.array([7, None, -1]))
    assert hand_in(bank, written(numbers), ARROW)["rows"] == 3


def test_a_table_may_not_be_too_long_or_too_large(bank: LiveBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS_MAX", 2)
    assert hand_in(bank, as_csv(forms(bank, 3)), status=413)["title"] == "Too large"
    monkeypatch.setattr(bodies, "FILES_MAX", 1 << 10)
    assert hand_in(bank, b"x" * 2_000, status=413)["detail"] == "at most 1 KiB are taken here"


def test_columns_of_texts_are_cut_as_texts_are_one_by_one() -> None:
    texts = np.array(["", "a" * 31, "b" * 32, "c" * 33, "长" * 100])
    whole = cut_columns(FormText, Field.REMARK, texts, at=1, party=np.arange(5), branch=2)
    single = [
        cut(FormText, Field.REMARK, text, at=1, party=n, branch=2) for n, text in enumerate(texts.tolist()) if text
    ]
    assert np.array_equal(whole, np.concatenate(single))


def test_texts_too_long_for_a_column_come_with_their_form(bank: LiveBank) -> None:
    long = {"name": "张" * 30, "remark": "备注" * 100, "address": "北京市" * 40}
    case = bank.apply(**long)["case"]
    assert "text_refused" not in bank.get("/metrics")
    assert "customer_created" in [one["event"] for one in bank.get(f"/v1/applications/{case}")["events"]]
    rows = [row | long for row in forms(bank, 2)]
    assert hand_in(bank, as_csv(rows))["reasons"] == [0, 0]
    assert "text_refused" not in bank.get("/metrics")
