"""Who may know whom, and what the core may not touch. The contracts of pyproject.toml hold for the code as it is, and
each of them is shown to catch a planted breach; a contract that cannot fail protects nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("actors", "credit", "lendrill", "loadtests", "results", "scenarios", "sim")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on the tree in `folder`, under this project's contracts."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def banned(source: str, name: str) -> str:
    """What the banned-API lint says about `source`, were it committed as `name`."""
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--no-cache", "--stdin-filename", name, "-"]
    return subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True, check=False).stdout


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """The seven packages, empty, under this project's contracts."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_keeps_to_the_contracts() -> None:
    answer = lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_empty_packages_break_no_contract(skeleton: Path) -> None:
    answer = lint_imports(skeleton)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("package", "statement"),
    [
        ("credit", "import simpy"),
        ("credit", "import ray"),
        ("credit", "import pyarrow.parquet"),
        ("credit", "import sim"),
        ("credit", "import results"),
        ("actors", "import simpy"),
        ("lendrill", "import simpy"),
        ("sim", "from faker import Faker"),
        ("credit", "import chinese_calendar"),
        ("results", "from stdnum.cn import ric"),
        ("actors", "import sim"),
        ("results", "import actors"),
        ("results", "import scenarios"),
        ("scenarios", "import lendrill"),
        ("loadtests", "import ray"),
        ("loadtests", "import credit"),
        ("lendrill", "import loadtests"),
    ],
)
def test_a_forbidden_import_is_caught(skeleton: Path, package: str, statement: str) -> None:
    (skeleton / package / "planted.py").write_text(statement + "\n", encoding="utf-8")
    answer = lint_imports(skeleton)
    assert answer.returncode == 1
    assert f"{package}.planted" in answer.stdout


@pytest.mark.parametrize(
    ("package", "statement"),
    [("sim", "import simpy, actors"), ("actors", "import ray, results"), ("lendrill", "import sim")],
)
def test_an_allowed_import_is_let_through(skeleton: Path, package: str, statement: str) -> None:
    (skeleton / package / "planted.py").write_text(statement + "\n", encoding="utf-8")
    answer = lint_imports(skeleton)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import monotonic",
        "import datetime as dt\nnow = dt.datetime.now()",
        "from datetime import datetime\nnow = datetime.utcnow()",
        "import datetime\ntoday = datetime.date.today()",
        "import random",
        "import numpy as np\ndraws = np.random.default_rng(1)",
        "from uuid import uuid4",
        "import os\nnoise = os.urandom(8)",
        "import secrets",
        "import ray",
        "import simpy",
        "import chinese_calendar",
        "from faker import Faker",
    ],
)
def test_a_clock_or_a_draw_in_the_core_is_caught(source: str) -> None:
    assert "TID251" in banned(source + "\n", "credit/planted.py")
    assert "TID251" in banned(source + "\n", "credit/approval/planted.py")


def test_hosts_and_the_world_may_have_clocks() -> None:
    assert "TID251" not in banned("import time\n", "actors/planted.py")


def test_the_core_touches_no_clock_and_draws_nothing() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--no-cache", "credit"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
