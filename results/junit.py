"""Checks as JUnit XML, which build servers read: one test case each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET


def write_junit(file: Path, what: str, checks: Sequence[dict[str, Any]]) -> None:
    """Of each check its `name`, whether it `held`, and what was `said`. `what`: load, drill."""
    broken = [check for check in checks if not check["held"]]
    suite = ET.Element(
        "testsuite", name=f"lendrill {what}", tests=str(len(checks)), failures=str(len(broken)), errors="0"
    )
    for check in checks:
        case = ET.SubElement(suite, "testcase", classname=f"lendrill.{what}", name=check["name"])
        if not check["held"]:
            ET.SubElement(case, "failure", message=check["said"]).text = check["said"]
    ET.indent(suite)
    file.write_bytes(ET.tostring(suite, encoding="utf-8", xml_declaration=True) + b"\n")
