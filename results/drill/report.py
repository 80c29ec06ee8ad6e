"""``report.html`` of a drill: one file that opens without a network, in Chinese or English. Its figures are those of
``evidence.json`` beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from results.charts import bilingual
from results.drill import pictures
from results.drill.record import Record
from results.drill.recovery import GAP_S
from results.drill.words import FAULTS, LABELS, OUTCOMES, SERVICES, WHATS, label, place, seconds, words_of
from results.labels import both
from results.pages import drawing, write_page

REPORT = "report.html"


def write_report(folder: Path, record: Record, evidence: dict[str, Any]) -> Path:
    """Draws the report of a drill's folder; returns its path."""
    drawn = {
        name: bilingual(build)
        for name, build in {
            "timeline": partial(pictures.timeline, evidence),
            "waits": partial(pictures.waits, evidence, record.requests),
            "errors": partial(pictures.errors, evidence),
            "recovery": partial(pictures.recovery, evidence),
        }.items()
    }
    words = {
        "t": label,
        "both": both,
        "place": place,
        "services": SERVICES,
        "whats": WHATS,
        "outcomes": OUTCOMES,
        "faults": FAULTS,
        "fault_words": pictures.fault_words,
        "fared": pictures.said,
        "after": after,
        "gap": GAP_S,
        "stay": evidence["drill"]["load"]["try_s"] + GAP_S,
        "seconds": seconds,
    }
    missed = sum(not one["held"] for one in evidence["expectations"])
    page = {
        "of": evidence,
        "drill": evidence["drill"],
        "missed": missed,
        "verdict": words_of("broken", n=missed, of=len(evidence["expectations"])) if missed else words_of("held"),
        **drawing(drawn),
        "english": f"{LABELS['title'][0]}: {evidence['drill']['name_en']}",
        "chinese": f"{LABELS['title'][1]}：{evidence['drill']['name_zh']}",
    }
    return write_page("drill.html.j2", folder / REPORT, page, words)


def after(value: float | None) -> Markup:
    """[s] A duration in both languages; a dash where there was none."""
    return Markup("–") if value is None else both(seconds(value))
