"""The code's own style, checked like any other rule: sizes, docstrings, tests that can fail, nothing of one machine in
what is committed, and no order in the core that a hash seed decides. A limit with exceptions is a ratchet; an
exception that has become roomier than its code must be tightened."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import LONGEST

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
FUNCTION_EXCEPTIONS: dict[str, int] = {}
"""`path::function` → the lines it has today. May only shrink."""
ORDERED_PACKAGES = ("credit/", "sim/", "actors/")
"""Packages whose results may not depend on PYTHONHASHSEED."""
LOCKS = ("requirements-bootstrap.lock", "requirements.lock", "requirements-dev.lock")
_SKIPPED_FOLDERS = {".venv", ".git", "runs", "__pycache__", "build", "dist"}

# Written in pieces, so that this file does not name what it forbids.
_FOREIGN = {
    "a registry host": re.compile(
        "pypi" + r"\.org|python" + r"hosted\.org|registry\.npm" + r"js|deb\.debian" + r"\.org"
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.$}/-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+|op" + r"t/\w+|Us" + r"ers/\w+)(?=/|\b)"
    ),
}


def committed() -> list[str]:
    """Paths git holds, or every file where there is no git (a source archive)."""
    try:
        answer = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
        names = [name for name in answer.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
    if not names:
        every = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        names = sorted(path.as_posix() for path in every if not _SKIPPED_FOLDERS.intersection(path.parts))
    return [name for name in names if (ROOT / name).is_file()]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


MODULES = [name for name in committed() if name.endswith(".py")]
TEST_MODULES = [name for name in MODULES if Path(name).name.startswith("test_")]


def test_the_files_that_are_begun_first_are_there() -> None:
    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []


@cache
def parsed(source: str) -> ast.Module:
    """Read once, whatever number of rules looks at it."""
    return ast.parse(source)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def size_faults(source: str, name: str, exceptions: dict[str, int]) -> list[str]:
    """A module or function over its limit, or an exception roomier than its function."""
    count = len(source.splitlines())
    faults = [f"{name}: {count} lines, at most {MODULE_LINES_MAX}"] if count > MODULE_LINES_MAX else []
    for node in functions(parsed(source)):
        key = f"{name}::{node.name}"
        limit, lines = exceptions.get(key, FUNCTION_LINES_MAX), lines_of(node)
        if lines > limit:
            faults.append(f"{key}: {lines} lines, at most {limit}")
        elif key in exceptions and lines < limit:
            faults.append(f"{key}: {lines} lines now, so lower its exception from {limit}")
    return faults


def docstring_faults(source: str, name: str) -> list[str]:
    """A module that does not open with its one job; only an empty file needs no word."""
    tree = parsed(source)
    return [f"{name}: no docstring"] if tree.body and not ast.get_docstring(tree) else []


def _can_fail(node: ast.AST) -> bool:
    """An assert, a `raises`, a planned failure, or a call of a helper that is named for checking."""
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called in {"raises", "fail"} or called.lstrip("_").startswith(("assert", "check", "expect", "verify"))


def idle_tests(source: str, name: str) -> list[str]:
    """Tests that cannot fail but by accident, and test files without a test."""
    tests = [node for node in functions(parsed(source)) if node.name.startswith("test")]
    faults = [f"{name}::{test.name}: asserts nothing" for test in tests if not any(map(_can_fail, ast.walk(test)))]
    machines = any(
        isinstance(node, ast.ClassDef) and "Machine" in ast.unparse(node) for node in ast.walk(parsed(source))
    )
    return faults if tests or machines else [f"{name}: holds no test"]


def foreign_faults(text: str, name: str) -> list[str]:
    """Lines that name a registry host or a path of one machine."""
    return [
        f"{name}:{number}: {what}: {found[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in _FOREIGN.items()
        if (found := pattern.search(line))
    ]


def _is_set(node: ast.AST, names: frozenset[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return _is_set(node.left, names) or _is_set(node.right, names)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"set", "frozenset"}


def _names_of_sets(tree: ast.AST) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_set(node.value, frozenset()):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            target = node.arg if isinstance(node, ast.arg) else getattr(node.target, "id", "")
            if re.match(r"(typing\.)?(frozenset|set|Set|FrozenSet)\b", ast.unparse(node.annotation)):
                found.add(target)
    return frozenset(found)


_ORDER_TAKERS = {"list", "tuple", "iter", "enumerate", "array", "fromiter", "asarray", "join", "next", "zip", "map"}


def _takes_order(node: ast.AST, names: frozenset[str]) -> str | None:
    """What in this node lets the hash seed decide, or None."""
    if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) and _is_set(node.iter, names):
        return "iterates over a set"
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id == "hash":
        return "hash() differs between processes"
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in _ORDER_TAKERS and any(_is_set(argument, names) for argument in node.args):
        return f"{called}() takes the order of a set"
    if called == "pop" and isinstance(node.func, ast.Attribute) and _is_set(node.func.value, names):
        return "set.pop takes whichever comes first"
    return None


def order_faults(source: str, name: str) -> list[str]:
    """Places where the order of a set or the value of hash() could reach a result; `sorted(...)` is the way out."""
    tree = parsed(source)
    names = _names_of_sets(tree)
    found = [(node, _takes_order(node, names)) for node in ast.walk(tree)]
    return [f"{name}:{getattr(node, 'lineno', '?')}: {why}" for node, why in found if why]


def test_modules_and_functions_stay_small() -> None:
    faults = [fault for name in MODULES for fault in size_faults(read(name), name, FUNCTION_EXCEPTIONS)]
    assert not faults, "\n".join(faults)


def test_every_exception_to_a_size_still_names_a_function() -> None:
    known = {f"{name}::{node.name}" for name in MODULES for node in functions(parsed(read(name)))}
    assert set(FUNCTION_EXCEPTIONS) <= known


def test_every_module_opens_with_its_one_job() -> None:
    faults = [fault for name in MODULES for fault in docstring_faults(read(name), name)]
    assert not faults, "\n".join(faults)


def test_every_test_can_fail() -> None:
    faults = [fault for name in TEST_MODULES for fault in idle_tests(read(name), name)]
    assert TEST_MODULES
    assert not faults, "\n".join(faults)


def test_nothing_committed_names_a_registry_or_a_machine() -> None:
    texts = [name for name in committed() if b"\0" not in (ROOT / name).read_bytes()[:4096]]
    faults = [fault for name in texts for fault in foreign_faults(read(name), name)]
    assert not faults, "\n".join(faults)


def test_no_result_takes_its_order_from_a_hash() -> None:
    ordered = [name for name in MODULES if name.startswith(ORDERED_PACKAGES)]
    faults = [fault for name in ordered for fault in order_faults(read(name), name)]
    assert not faults, "\n".join(faults)


def test_lock_files_pin_every_package_with_a_hash() -> None:
    for name in LOCKS:
        pins = [block for block in re.split(r"\n(?=\S)", read(name)) if block.strip() and not block.startswith("#")]
        assert pins
        assert [pin.splitlines()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_each_folder_of_tests_is_a_package() -> None:
    folders = {Path(name).parent for name in TEST_MODULES}
    assert [folder.as_posix() for folder in sorted(folders) if not (ROOT / folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize(
    "planted",
    [
        "for x in {1, 2}:\n    print(x)",
        "seen = set()\nrows = [x for x in seen]",
        "def f(ids: set[int]) -> list[int]:\n    return list(ids)",
        "seen = {1} | {2}\nfirst = seen.pop()",
        "import numpy as np\nkeys = np.array(set(names))",
        "key = hash('loan')",
        "text = ','.join({'a', 'b'})",
    ],
)
def test_an_order_taken_from_a_hash_is_caught(planted: str) -> None:
    assert order_faults(planted, "planted.py")


@pytest.mark.parametrize(
    "sound",
    [
        "for x in sorted({1, 2}):\n    print(x)",
        "seen = set()\nfound = 3 in seen",
        "stack = [1, 2]\nlast = stack.pop()",
        "keys = {'a': 1}\nfor key in keys:\n    print(key)",
        "size = len({1, 2})",
    ],
)
def test_an_order_that_is_certain_is_let_through(sound: str) -> None:
    assert order_faults(sound, "sound.py") == []


def test_the_size_rule_is_a_ratchet() -> None:
    long = "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX
    assert size_faults(long, "m.py", {})
    assert size_faults(long, "m.py", {"m.py::f": FUNCTION_LINES_MAX + 1}) == []
    assert size_faults(long, "m.py", {"m.py::f": FUNCTION_LINES_MAX + 9})
    assert size_faults("x = 1\n" * (MODULE_LINES_MAX + 1), "m.py", {})


def test_an_idle_test_and_a_silent_module_are_caught() -> None:
    assert idle_tests("def test_nothing():\n    run()\n", "test_m.py")
    assert idle_tests("x = 1\n", "test_m.py")
    assert idle_tests("def test_something():\n    assert run() == 3\n", "test_m.py") == []
    assert docstring_faults("x = 1\n", "m.py")


def test_a_machine_path_and_a_registry_host_are_caught() -> None:
    assert foreign_faults("see /wo" + "rk/main/x.py", "m.py")
    assert foreign_faults("--index-url https://py" + "pi.org/simple", "m.py")
    assert foreign_faults("data/work/x.py and https://example.org/home/page", "m.py") == []
