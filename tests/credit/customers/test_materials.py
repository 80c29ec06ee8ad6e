"""Uploaded materials: what counts, what is refused, what blocks, and what survives a restart."""

from __future__ import annotations

import numpy as np
import pytest

from credit.applications.contract import SubmitApplication
from credit.codes import FileFormat, Handler, Material, Uploads
from credit.customers.contract import Event, FileMaterial, HandInMaterials, Refusal
from credit.customers.materials import Materials
from credit.customers.rules import Admission
from credit.policies import ProductPolicy, load
from credit.policies.admission import AdmissionPolicy
from credit.policies.materials import MaterialPolicy
from credit.room import EVENTS, Rows
from credit.scoring.contract import ApplicationAccepted
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Bools, Ints
from tests.credit.applications.builders import DAY, MORNING, PAPERS, START, Front, Run, born, forms, no_hit
from tests.rows import sample

POLICY = load("materials", MaterialPolicy)
CASE = 3_000_000_001
MB = 1 << 20
NEXT = Window(1, DAY.until, DAY.until + DAY_MS)


def bits(papers: int) -> list[int]:
    return [int(one) for one in Material if papers & one]


def file(material: int = Material.ID_FRONT, minute: int = 1, case: int = CASE, **said: object) -> Rows:
    """One sound upload, some minutes after the first form."""
    about = {"format": FileFormat.PDF, "size": MB, "digest": f"{material:064x}"} | said
    return sample(
        FileMaterial, at=MORNING + minute * MINUTE_MS, case=case, material=int(material), request=minute, **about
    )


def hand_in(minute: int, case: int = CASE) -> Rows:
    return sample(HandInMaterials, at=MORNING + minute * MINUTE_MS, case=case, request=1_000 + minute)


def told(*words: Rows, front: Front | None = None, papers: int = 0) -> Run:
    """A day on which a form comes whose papers are uploaded, but for those in hand; then what is said of it."""
    form, kinds = forms(documents=papers, uploads=1), {one.dtype: one for one in (FileMaterial, HandInMaterials)}
    said = [(kinds[rows.dtype], rows) for rows in words]
    return (front or Front()).walk([(SubmitApplication, form), *said], [DAY], no_hit)


def everything() -> list[Rows]:
    return [file(one, 1 + n) for n, one in enumerate(bits(PAPERS))]


def reasons(run: Run) -> list[int]:
    found: list[int] = run.events_of(Event.MATERIAL_REFUSED)["reason"].tolist()
    return found


@pytest.mark.requirement("APP-10.c")
def test_a_missing_required_material_blocks_the_application_and_the_last_one_lets_it_go_on() -> None:
    *most, _ = everything()
    run = told(*most, hand_in(10))
    assert reasons(run) == [Refusal.DOCUMENT_MISSING]
    assert run.events_of(Event.MATERIAL_REFUSED)["value"].tolist() == [bits(PAPERS)[-1]]
    assert not len(run.sent(ApplicationAccepted))
    whole = told(*most, hand_in(10), file(bits(PAPERS)[-1], 15), hand_in(20))
    accepted = whole.sent(ApplicationAccepted)
    assert (accepted["case"].tolist(), accepted["documents"].tolist()) == ([CASE], [PAPERS])
    assert accepted["at"][0] > MORNING + 20 * MINUTE_MS
    assert whole.events_of(Event.MATERIALS_AWAITED)["value"].tolist() == [PAPERS]
    assert EVENTS[Event.MATERIALS_AWAITED].said.handler is Handler.CUSTOMER


@pytest.mark.requirement("APP-11.a", "APP-11.c")
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, 0),
        ({"format": 0}, Refusal.MATERIAL_FORMAT),
        ({"size": 0}, Refusal.MATERIAL_SIZE),
        ({"size": POLICY.file_bytes_max}, 0),
        ({"size": POLICY.file_bytes_max + 1}, Refusal.MATERIAL_SIZE),
        ({"material": Material.TAX_PROOF}, Refusal.MATERIAL_UNASKED),
        ({"material": Material.ID_FRONT | Material.ID_BACK}, Refusal.MATERIAL_UNASKED),
        ({"material": 0}, Refusal.MATERIAL_UNASKED),
        ({"material": -1}, Refusal.MATERIAL_UNASKED),
        ({"format": FileFormat.JPG}, Refusal.MATERIAL_UNCLEAR),
        ({"format": FileFormat.JPG, "short_side_px": 579, "sharpness": 500}, Refusal.MATERIAL_UNCLEAR),
        ({"format": FileFormat.JPG, "short_side_px": 580, "sharpness": 59}, Refusal.MATERIAL_UNCLEAR),
        ({"format": FileFormat.JPG, "short_side_px": 580, "sharpness": 60}, 0),
        ({"case": CASE + 1}, Refusal.MATERIALS_CLOSED),
    ],
)
def test_every_file_counts_or_is_refused_with_its_reason(said: dict[str, int], reason: int) -> None:
    front = Front()
    run = told(file(**said), front=front)
    assert reasons(run) == ([reason] if reason else [])
    assert len(front.export_state()["files"]) == (0 if reason else 1)


@pytest.mark.requirement("APP-12.a")
def test_all_files_together_stay_within_the_limit_and_one_that_comes_again_counts_once() -> None:
    sizes = dict.fromkeys((*bits(PAPERS), int(Material.WORK_PROOF)), POLICY.file_bytes_max)
    full = [file(one, 1 + n, size=size) for n, (one, size) in enumerate(sizes.items())]
    assert sum(sizes.values()) == POLICY.total_bytes_max
    assert reasons(told(*full, file(Material.RESIDENCE_PROOF, 20, size=1))) == [Refusal.MATERIAL_TOTAL]
    again = told(
        *full,
        file(Material.ID_FRONT, 20, size=POLICY.file_bytes_max - 1, digest="b" * 64),
        file(Material.RESIDENCE_PROOF, 21, size=1),
    )
    assert reasons(again) == []


def test_an_unclear_image_is_missing_until_it_is_uploaded_again() -> None:
    *most, last = everything()
    blurred = last.copy()
    for name, value in (("format", FileFormat.JPG), ("short_side_px", 2_000), ("sharpness", 5)):
        blurred[name] = value
    run = told(*most, blurred, hand_in(10), file(bits(PAPERS)[-1], 15), hand_in(20))
    assert reasons(run) == [Refusal.MATERIAL_UNCLEAR, Refusal.DOCUMENT_MISSING]
    assert len(run.sent(ApplicationAccepted)) == 1


def test_what_is_handed_in_takes_no_more_files_and_is_not_handed_in_twice() -> None:
    run = told(*everything(), hand_in(10), file(Material.WORK_PROOF, 11), hand_in(12))
    assert reasons(run) == [Refusal.MATERIALS_CLOSED, Refusal.MATERIALS_CLOSED]
    assert len(run.sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("APP-05.a")
def test_what_is_on_file_or_in_hand_need_not_be_uploaded() -> None:
    known = int(Material.ID_FRONT | Material.ID_BACK)
    rest = [file(one, 1 + n) for n, one in enumerate(bits(PAPERS & ~known))]
    assert len(told(*rest, hand_in(10), papers=known).sent(ApplicationAccepted)) == 1
    front = Front()
    front.walk([(SubmitApplication, forms(id_number=born(35, 0)))], [DAY], no_hit)
    later = forms(id_number=born(35, 0), documents=0, uploads=1, at=NEXT.start)
    minutes = DAY_MS // MINUTE_MS
    mail = [(FileMaterial, file(one, minutes + n, CASE + 1)) for n, one in enumerate(bits(PAPERS & ~known))]
    run = front.walk(
        [(SubmitApplication, later), *mail, (HandInMaterials, hand_in(minutes + 9, CASE + 1))], [NEXT], no_hit
    )
    assert run.sent(ApplicationAccepted)["case"].tolist() == [CASE + 1]


@pytest.mark.requirement("APP-05.a")
@pytest.mark.parametrize(("uploads", "let_in"), [(Uploads.BESIDE_FILE, 2), (Uploads.ALONE, 1)])
def test_papers_of_whom_nobody_has_proved_it_is_are_not_put_on_file(uploads: Uploads, let_in: int) -> None:
    thin = PAPERS & ~int(Material.ID_FRONT | Material.ID_BACK)
    rows = forms(2, id_number=born(35, 0), documents=[0, thin], uploads=[uploads, 0], party=1)
    rows["at"][1] = NEXT.start
    said = [(FileMaterial, one) for one in everything()]
    mail = [(SubmitApplication, rows), *said, (HandInMaterials, hand_in(10))]
    assert len(Front().walk(mail, [DAY, NEXT], no_hit).sent(ApplicationAccepted)) == let_in


@pytest.mark.parametrize(("uploads", "mobile"), [(Uploads.BESIDE_FILE, "13900000009"), (Uploads.ALONE, "13800000001")])
def test_who_a_customer_is_changes_by_a_proven_form_alone(uploads: Uploads, mobile: str) -> None:
    front, minutes = Front(), DAY_MS // MINUTE_MS
    front.walk([(SubmitApplication, forms(id_number=born(35, 0)))], [DAY], no_hit)
    later = forms(id_number=born(35, 0), documents=0, uploads=uploads, mobile="13900000009", at=NEXT.start)
    said = [(FileMaterial, file(one, minutes + n, CASE + 1)) for n, one in enumerate(bits(PAPERS))]
    mail = [(SubmitApplication, later), *said, (HandInMaterials, hand_in(minutes + 9, CASE + 1))]
    assert len(front.walk(mail, [NEXT], no_hit).sent(ApplicationAccepted)) == 1
    assert front.customers.identity(1).mobile == mobile


@pytest.mark.requirement("CUS-10.c")
@pytest.mark.parametrize(
    ("uploads", "name", "told", "kept"),
    [
        (Uploads.BESIDE_FILE, "张建军", Event.NAME_CHANGED, "张建军"),
        (Uploads.ALONE, "张建军", Event.NAME_DIFFERS, "张建国"),
        (Uploads.BESIDE_FILE, "张建国", None, "张建国"),
        (Uploads.ALONE, "张建国", None, "张建国"),
        (Uploads.ALONE, "张 建国", None, "张建国"),
    ],
)
def test_another_name_under_a_known_id_number_is_told(
    uploads: Uploads, name: str, told: Event | None, kept: str
) -> None:
    front, minutes = Front(), DAY_MS // MINUTE_MS
    first = front.walk([(SubmitApplication, forms(id_number=born(35, 0)))], [DAY], no_hit)
    later = forms(id_number=born(35, 0), documents=0, uploads=uploads, name=name, at=NEXT.start)
    said = [(FileMaterial, file(one, minutes + n, CASE + 1)) for n, one in enumerate(bits(PAPERS))]
    run = front.walk(
        [(SubmitApplication, later), *said, (HandInMaterials, hand_in(minutes + 9, CASE + 1))], [NEXT], no_hit
    )
    for event in (Event.NAME_CHANGED, Event.NAME_DIFFERS):
        assert not len(first.events_of(event))
        found = run.events_of(event)
        assert list(zip(found["case"].tolist(), found["value"].tolist(), strict=True)) == [(CASE + 1, 1)] * (
            event == told
        )
    assert front.customers.identity(1).name == kept


def test_who_is_not_let_in_is_told_before_he_uploads() -> None:
    front = Front()
    run = front.walk([(SubmitApplication, forms(documents=0, uploads=1, employment_months=0))], [DAY], no_hit)
    assert len(run.events_of(Event.CUSTOMER_DECLINED)) == 1
    assert not len(front.export_state()["waiting"])


def test_an_application_whose_materials_do_not_come_is_closed_to_the_millisecond() -> None:
    end = MORNING + POLICY.wait_days * DAY_MS
    spans = [Window(n, START + n * DAY_MS, START + (n + 1) * DAY_MS) for n in range(POLICY.wait_days + 1)]
    front = Front()
    run = front.walk([(SubmitApplication, forms(documents=0, uploads=1)), (FileMaterial, file())], spans, no_hit)
    overdue = run.events_of(Event.MATERIALS_OVERDUE)
    assert (overdue["at"].tolist(), overdue["reason"].tolist()) == ([end], [Refusal.DOCUMENT_MISSING])
    assert not len(front.export_state()["files"])
    assert not len(front.export_state()["waiting"])


def test_what_was_uploaded_survives_in_the_saved_state() -> None:
    first, second = Front(), Front()
    *most, last = everything()
    told(*most, front=first)
    second.import_state(first.export_state())
    last["at"] = NEXT.start + HOUR_MS
    word = hand_in(0)
    word["at"] = NEXT.start + 2 * HOUR_MS
    runs = [
        front.walk([(FileMaterial, last.copy()), (HandInMaterials, word)], [NEXT], no_hit) for front in (first, second)
    ]
    assert [run.sent(ApplicationAccepted)["documents"].tolist() for run in runs] == [[PAPERS]] * 2
    assert np.array_equal(first.export_state()["files"], second.export_state()["files"])


@pytest.mark.planted
@pytest.mark.requirement("APP-10.c")
def test_planted_completeness_that_is_not_checked_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(self: Admission, forms: Rows, documents: Ints) -> Bools:
        return np.ones(len(forms), dtype=bool)

    monkeypatch.setattr(Admission, "has_required", generous)
    with pytest.raises(AssertionError, match=f"case {CASE}: handed in without materials {PAPERS}"):
        told(hand_in(1))


@pytest.mark.planted
@pytest.mark.requirement("APP-12.a")
def test_planted_total_that_is_not_checked_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(self: Materials, uploads: Rows) -> Ints:
        return np.zeros(len(uploads), dtype=np.int64)

    monkeypatch.setattr(Materials, "_total_with", nothing)
    all_of_it = [*bits(PAPERS), int(Material.WORK_PROOF), int(Material.RESIDENCE_PROOF)]
    with pytest.raises(AssertionError, match=f"case {CASE}: files of {6 * POLICY.file_bytes_max} bytes"):
        told(*(file(one, 1 + n, size=POLICY.file_bytes_max) for n, one in enumerate(all_of_it)))


@pytest.mark.requirement("APP-11.b")
def test_the_formats_taken_are_the_policys() -> None:
    narrow = Front({"materials": {"formats": ["jpg"]}})
    assert reasons(told(file(format=FileFormat.PDF), front=narrow)) == [Refusal.MATERIAL_FORMAT]
    assert reasons(told(file(format=FileFormat.PDF))) == []


@pytest.mark.requirement("APP-17.b")
def test_risk_before_scoring_rises_with_the_third_application_and_a_new_customers_large_amount() -> None:
    rules = Admission(load("admission", AdmissionPolicy), load("products", ProductPolicy))
    large = 100_000_000
    amount, recent = np.array([large - 1, large, large, 1, 1, large]), np.array([0, 0, 0, 2, 3, 3])
    existing = np.array([0, 0, 1, 0, 0, 0])
    assert rules.risk_level(amount, recent, existing).tolist() == [0, 1, 0, 0, 1, 2]
