"""A run's folder: made before the first window, marked while it is being written, sealed by its summary at the end.
A folder without ``summary.json`` is not a run; a partial run says so in it; an end state is used only when every
file still has the checksum the summary gives, and says of itself that it belongs to just this run and this end of it."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from credit.compact import ABOUT, packed, unpacked
from credit.errors import CreditError
from credit.room import Rows
from credit.times import text_of

SUMMARY = "summary.json"
SCENARIO = "scenario.json"
MARK = "UNFINISHED"
STATE = "state"
_SHAPE: dict[str, type] = {
    "seed": int,
    "customers": int,
    "days": int,
    "shards": int,
    "digest": str,
    "policies": dict,
    "versions": dict,
    "next": dict,
}
"""What those who read a summary rely on."""
About = dict[str, str | int]
"""What a state file says of itself: which cell of which run it is and when that ended."""


class RunFolderError(CreditError):
    """A folder that can't be written to or read from."""


def create(path: Path) -> Path:
    """Makes the folder of a new run. An existing folder is refused unless it is empty."""
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunFolderError(f"{path}: already there and not an empty folder; give another --out")
        path.mkdir(parents=True, exist_ok=True)
        (path / MARK).write_text("This run has not ended; its files may be incomplete.\n", encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"{path}: can't write a run here ({error.strerror}); give another --out") from None
    return path


def discard(path: Path) -> None:
    """Removes a folder whose run never began."""
    shutil.rmtree(path, ignore_errors=True)


def seal(path: Path, summary: dict[str, Any]) -> None:
    """Writes the summary and takes the mark away; from here on the folder is a run."""
    text = json.dumps(summary, indent=2, ensure_ascii=False, sort_keys=False) + "\n"
    draft = path / (SUMMARY + ".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path / SUMMARY)
    (path / MARK).unlink(missing_ok=True)


def read_summary(path: Path) -> dict[str, Any]:
    """A run's summary. RunFolderError when the folder is no run, or an unfinished or damaged one."""
    if not path.is_dir():
        raise RunFolderError(f"{path}: no such folder; give the folder of a run, e.g. runs/<id>")
    file = path / SUMMARY
    if not file.is_file():
        why = "its run has not ended" if (path / MARK).exists() else "it holds no summary.json"
        raise RunFolderError(f"{path}: not a finished run ({why})")
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{file}: damaged ({error})") from None
    if not isinstance(summary, dict) or "digest" not in summary:
        raise RunFolderError(f"{file}: not a run's summary (no digest in it)")
    for key, form in _SHAPE.items():
        if key in summary and type(summary[key]) is not form:
            raise RunFolderError(f"{file}: damaged ({key} is {summary[key]!r}, where {form.__name__} belongs)")
    return summary


def read_scenario(path: Path) -> dict[str, Any]:
    """The scenario of a finished run as it was resolved. RunFolderError when the folder is no run or lacks it."""
    read_summary(path)
    file = path / SCENARIO
    try:
        scenario = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{file}: missing or damaged ({error})") from None
    if not isinstance(scenario, dict):
        raise RunFolderError(f"{file}: damaged (a table belongs there)")
    return scenario


def save_state(path: Path, name: str, state: dict[str, Rows], about: About) -> dict[str, str]:
    """Writes one named state below ``state/``, each table compact and with what it says of itself; returns its file name and
    checksum for the summary."""
    file = path / STATE / f"{name}.npz"
    file.parent.mkdir(exist_ok=True)
    told: About = {"cell": name, **about}
    file.write_bytes(packed(state, json.dumps(told)))
    return {file.name: _checksum(file)}


def load_state(path: Path, name: str, checksums: dict[str, str], about: About) -> dict[str, Rows]:
    """Reads one named state. RunFolderError when it is missing, damaged, or says of itself other than `about`."""
    file = path / STATE / f"{name}.npz"
    if not file.is_file():
        raise RunFolderError(f"{file}: missing; the run can't be continued from")
    found = _read_about(file)
    if found is not None:
        _prove_own(file, found, {"cell": name, **about})
    if _checksum(file) != checksums.get(file.name):
        raise RunFolderError(
            f"{file}: damaged (its checksum is not the one in {SUMMARY}); the run can't be continued from"
        )
    if found is None:
        raise RunFolderError(
            f"{file}: does not say which run it belongs to; continue it with the release that wrote it, or begin anew"
        )
    try:
        return unpacked(file.read_bytes())
    except KeyError:
        raise RunFolderError(
            f"{file}: another release's: its tables are not compact; continue it with the release that wrote it, or begin anew"
        ) from None


def _read_about(file: Path) -> About | None:
    """What a state file says of itself; None when that can't be read."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            found = json.loads(str(archive[ABOUT]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return found if isinstance(found, dict) else None


def _prove_own(file: Path, found: About, expected: About) -> None:
    """RunFolderError when a state file is another cell's, another run's, or of another end than the summary's."""
    wrong = [
        f"{key.removesuffix('_ms')} {_shown(key, found.get(key))} where {SUMMARY} has {_shown(key, value)}"
        for key, value in expected.items()
        if found.get(key) != value
    ]
    if wrong:
        raise RunFolderError(
            f"{file}: not the state that belongs here; it says {', '.join(wrong)}; put back the file that this run wrote, "
            "or begin anew without --from"
        )


def _shown(key: str, value: str | int | None) -> str:
    return text_of(value) if key.endswith("_ms") and isinstance(value, int) else str(value)


def _checksum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
