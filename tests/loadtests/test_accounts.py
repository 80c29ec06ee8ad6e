"""Whose name is signed: read from the bank's file, dealt to processes, signed in once; and those at desks are the bank's own."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from actors.gateway.tasks import Decision
from actors.gateway.worklists import LISTS
from credit.numbers import branch_of_person
from credit.policies import load
from credit.policies.posts import PostPolicy
from loadtests import inspection
from loadtests.accounts import BadCredentials, accounts
from loadtests.client import Client
from loadtests.visitors import DESKS, VISITORS, CounterClerk
from results.load_report import WHO
from tests.loadtests.stub import Stub, serving

FILE = """account                  first password or secret     posts or scopes
30001                    5hezw-3kc6f-3lli7-cp3st      risk_specialist
1010001                  aaaaa-3kc6f-3lli7-cp3st      initial_approver re_reviewer
4420001                  bbbbb-3kc6f-3lli7-cp3st      counter_clerk
load                     j2uou-4t6cs-hvbil-6ehzh      applications:read applications:submit
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "first.txt").write_text(FILE, encoding="utf-8")
    return tmp_path / "first.txt"


def test_people_belong_to_one_process_each_and_systems_to_all(file: Path) -> None:
    parts = [accounts(str(file), place, 2) for place in range(2)]
    assert Counter(one.name for of in parts for one in of.people) == Counter(("30001", "1010001", "4420001"))
    assert [of.system("partner").name for of in parts] == ["load", "load"]
    whole = accounts(str(file))
    assert all(one.branch == branch_of_person(int(one.name)) for one in whole.people)
    assert whole.one_with(random.Random(1), "re_reviewer").name == "1010001"


@pytest.mark.parametrize("text", ["", "what is this\n"])
def test_a_file_without_accounts_is_refused(text: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadCredentials, match=r"first\.txt: holds no account"):
        accounts(str(file))


def test_a_first_password_is_changed_once_and_never_tried_again(file: Path) -> None:
    with serving(Stub(token="abc", passwords={"1010001": "aaaaa-3kc6f-3lli7-cp3st", "4420001": "not told"})) as stub:
        for _ in range(3):
            client = Client(stub.url)
            first, known = (accounts(str(file)).with_post(post)[0] for post in ("initial_approver", "counter_clerk"))
            assert client.get("/v1/tasks", first).ok
            assert [client.sign_in(known) for _ in range(5)] == [False] * 5
            client.close()
    assert stub.passwords["1010001"] == first.own_password
    assert stub.wrong == {"1010001": 1, "4420001": 6}


def test_the_report_has_a_name_for_everybody_who_comes() -> None:
    assert [one.name for one in VISITORS] == list(WHO)


def test_those_at_desks_hold_the_banks_posts_and_say_what_its_lists_ask() -> None:
    posts = {one.key: one for one in load("posts", PostPolicy).posts}
    assert {*CounterClerk.posts, *inspection.TASK_READERS} <= set(posts)
    assert "tasks:read" in posts["approval_administrator"].permissions
    played_by_the_world = {"site_investigator", "financial_analyst"}  # whose papers nobody uploads under load
    others = {*LISTS.of_desk} - {desk for one in DESKS for desk in one.desks}
    idle = {"administrator", "list_reviewer"}  # the one appoints deputies, and under load nobody appeals
    assert others == idle | played_by_the_world
    for one in DESKS:
        assert set(one.desks) == set(posts[one.name].desks) - played_by_the_world
        assert {"tasks:read", "tasks:work"} <= set(posts[one.name].permissions)
        for said in one.says:
            assert {*said} <= {*LISTS.of_desk[one.desks[0]][1].kinds.decides}
            Decision.model_validate(said)
