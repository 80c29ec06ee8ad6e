"""The end of a drill: its record is judged, and ``evidence.json``, ``junit.xml`` and ``report.html`` are written beside it."""

from __future__ import annotations

import json
from pathlib import Path

from results.drill.checklist import checklist
from results.drill.evidence import evidence
from results.drill.judge import Verdict, judged
from results.drill.record import read
from results.drill.report import write_report
from results.drill.words import SIGNERS
from results.junit import write_junit

EVIDENCE, JUNIT = "evidence.json", "junit.xml"


def written(folder: Path) -> Verdict:
    """The verdict on the drill whose record is in `folder`. RecordError where it can't be read as one."""
    record = read(folder)
    found = evidence(record)
    verdict = Verdict(folder, judged(found))
    found |= {"held": verdict.held, "expectations": [line.check() for line in verdict.lines]}
    found |= {
        "checklist": checklist(found),
        "signoff": [{"role": list(words), "name": "", "signature": "", "date": "", "opinion": ""} for words in SIGNERS],
    }
    draft = folder / (EVIDENCE + ".draft")
    draft.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.replace(folder / EVIDENCE)
    write_junit(folder / JUNIT, "drill", found["expectations"])
    write_report(folder, record, found)
    return verdict
