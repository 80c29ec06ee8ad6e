"""What is named by a reader of files alone, in a process that has worked no bank."""

from __future__ import annotations

import subprocess
import sys


def test_every_event_is_known_to_a_process_that_only_reads() -> None:
    """A room's contract must be there without anybody having built the room."""
    told = "from results.names import event_of; from results.steps import code_of; print(event_of('notices', 'notice_texted'))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.stdout.strip() != "None", done.stderr
    assert done.returncode == 0, done.stderr
