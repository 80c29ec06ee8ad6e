"""Figures for Prometheus: what a bank that worked tells, and that the board in docs/grafana asks for nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from actors.gateway.metrics import Meters
from tests.actors.gateway.live import LiveBank

BOARD = Path(__file__).parents[3] / "docs" / "grafana" / "lendrill.json"


def samples(bank: LiveBank) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(bank.get("/metrics"))
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def test_a_bank_tells_what_it_did_and_what_stands_in_its_book(bank: LiveBank) -> None:
    loan = bank.paid_out()
    bank.advance(days=1)
    told = samples(bank)
    assert told["lendrill_ready", frozenset()] == 1
    assert told["lendrill_stage_rows", frozenset({("stage", "repayment"), ("table", "loans")})] == 1
    of = frozenset({("gauge", "loans_active"), ("group", "0")})
    assert told["lendrill_book_count", of] == 1
    assert told["lendrill_book_amount_fen", of] == bank.get(f"/v1/loans/{loan}")["principal_fen"]
    assert told["lendrill_stage_busy_seconds_total", frozenset({("stage", "repayment")})] > 0
    assert told["lendrill_events_total", frozenset({("event", "loan_disbursed")})] == 1


def test_the_board_asks_for_figures_that_there_are(bank: LiveBank) -> None:
    names = {name for name, _ in samples(bank)}
    panels = json.loads(BOARD.read_text(encoding="utf-8"))["panels"]
    asked = re.findall(r"lendrill_\w+", json.dumps([panel["targets"] for panel in panels]))
    assert len(asked) > 20
    assert set(asked) <= names


def test_gateways_of_one_bank_are_counted_together(tmp_path: Path) -> None:
    count = (
        "from actors.gateway.metrics import Meters; meters = Meters(); meters.add('GET', '/v1/clock', 200, 0.02);"
        "print(meters.text({}).decode())"
    )
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    told = [
        subprocess.run(
            [sys.executable, "-c", count], env=environment, check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    ]
    line = 'lendrill_http_answers_total{method="GET",path="/v1/clock",status="200"} '
    assert line + "1.0" in told[0]
    assert line + "2.0" in told[1]
    assert 'lendrill_http_seconds_bucket{le="0.025",method="GET",path="/v1/clock"} 2.0' in told[1]


def test_what_a_figure_is_a_quantile_of_is_said_as_a_part_of_one() -> None:
    parts = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    told = Meters().text(dict.fromkeys(("window_ms", "commit_ms", "window_rows"), parts)).decode()
    families = text_string_to_metric_families(told)
    of = [(float(one.labels["quantile"]), one.value) for family in families for one in family.samples if one.labels]
    assert of == [(value, value) for value in parts.values()] * 3


def test_the_sites_of_a_bank_are_told_by_the_one_that_leads() -> None:
    said: dict[str, Any] = {"site": "b", "sites": ["b", "a", "far"], "epoch": 4, "in_step": ["a", "b"]}
    told = Meters().text({"site": said}).decode()
    shown = {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in told.splitlines() if "lendrill_site_" in line}
    assert shown["lendrill_site_epoch"] == "4.0"
    assert [shown[f'lendrill_site_leads{{site="{site}"}}'] for site in said["sites"]] == ["1.0", "0.0", "0.0"]
    assert [shown[f'lendrill_site_in_step{{site="{site}"}}'] for site in said["sites"]] == ["1.0", "1.0", "0.0"]
    assert "lendrill_site_" not in Meters().text({}).decode()
