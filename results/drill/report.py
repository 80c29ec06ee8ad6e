"""``report.html`` of a drill: one file that opens without a network, in Chinese or English. Its figures are those of
``evidence.json`` beside it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from results.charts import bilingual
from results.drill import pictures
from results.drill.record import Record
from results.drill.recovery import GAP_S
from results.drill.words import FAULTS, LABELS, OUTCOMES, SERVICES, WHATS, label, place, seconds, words_of
from results.labels import both

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
    environment = Environment(
        loader=PackageLoader("results"),
        autoescape=select_autoescape(["html", "j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
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
    page = environment.get_template("drill.html.j2").render(
        of=evidence,
        drill=evidence["drill"],
        missed=missed,
        verdict=words_of("broken", n=missed, of=len(evidence["expectations"])) if missed else words_of("held"),
        plotly=Markup(get_plotlyjs().replace("</script", "<\\/script")),
        charts=Markup(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")),
        has={name: bool(chart["data"]) for name, chart in drawn.items()},
        english=f"{LABELS['title'][0]}: {evidence['drill']['name_en']}",
        chinese=f"{LABELS['title'][1]}：{evidence['drill']['name_zh']}",
    )
    draft = folder / (REPORT + ".draft")
    draft.write_text(page, encoding="utf-8")
    return draft.replace(folder / REPORT)


def after(value: float | None) -> Markup:
    """[s] A duration in both languages; a dash where there was none."""
    return Markup("–") if value is None else both(seconds(value))
