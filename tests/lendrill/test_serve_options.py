"""What `lendrill serve` refuses before it founds anything: one line that names what is wrong and what would be right."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lendrill.cli import main
from lendrill.errors import UserError
from lendrill.serve import people_at
from tests.lendrill.test_cli_errors import complaint

NEW = ["serve", "--home", "new"]


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--staff", "initial_approver=people,initial_approver=simulated"],
            "initial_approver is named twice (name each",
        ),
        (["--store", "sqlite"], "--store sqlite: says no place (give sqlite:PATH"),
        (["--store", "postgresql"], "--store postgresql: says no place"),
        (["--clock", "business", "--date", "2026-09-01"], "(give --date 2026-02-02, the scenario's own first day)"),
        ([], "(give --date 2026-02-02, the scenario's own first day)"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_right(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    of_scenario = ["serve", "zhang_consumer_loan", "--home", "new", "--executor", "local", *arguments]
    assert main(of_scenario if "--date" in says else [*NEW, "--executor", "local", *arguments]) == 2
    assert says in complaint(capsys)
    assert not list(tmp_path.iterdir())


def test_a_cluster_that_nobody_answers_for_is_named_before_a_bank_is_founded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    address = f"127.0.0.1:{closed_port()}"
    for more in ([], ["--seed-portfolio", "5"]):
        assert main([*NEW, "--executor", "ray", "--address", address, *more]) == 2
        assert f"no Ray cluster answers at {address}" in complaint(capsys)
        assert not list(tmp_path.iterdir())


def test_desks_are_named_once_each() -> None:
    assert people_at("collector_early=people, initial_approver=simulated") == ["collector_early"]
    with pytest.raises(UserError, match="initial_approver is named twice"):
        people_at("initial_approver=people,initial_approver=people")


def test_help_says_as_many_sites_as_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--sites", "0"]) == 2
    assert "1 to 3: primary, same-city, remote" in complaint(capsys)
    main(["serve", "--help"])
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Sites of a new bank, 1 to 3" in said
