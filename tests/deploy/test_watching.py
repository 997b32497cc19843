"""What Prometheus and Grafana are given fits what the service tells; every alert has its paragraph."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from web.scenes import busy
from web.site import site_on

from cws_filedrop.model import AlarmKind
from cws_filedrop.store.outgoing import alarms

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus/alerts.yml"
NAME = re.compile(r"cws_filedrop_[a-z_]+")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[tuple[str, ...], float]]:
    """Every sample of a busy service, by name and labels."""
    with site_on(tmp_path_factory.mktemp("site")) as site:
        busy(site)
        for who in ("worker on x", "doors on x"):
            alarms.beat(site.context.db, who, now=site.clock())
        answer = site.browser().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_metrics_say_what_is_so(told: dict[str, dict[tuple[str, ...], float]]) -> None:
    assert told["cws_filedrop_lines"][("confirmed",)] == 1
    assert told["cws_filedrop_lines"][("unconfirmed",)] == told["cws_filedrop_unconfirmed_lines"][()] == 1
    assert told["cws_filedrop_uploads_total"][("ftp",)] == 4
    assert told["cws_filedrop_uploads_in_work"][("held",)] == 1
    assert told["cws_filedrop_feeds_under_way"][("stopped",)] == 1
    assert told["cws_filedrop_receipt_seconds_count"][()] == told["cws_filedrop_receipt_seconds_bucket"][("+Inf",)] == 4
    assert told["cws_filedrop_door_events_total"][("sftp", "login-refused")] == 1
    assert told["cws_filedrop_process_silent_seconds"] == {("worker on x",): 0, ("doors on x",): 0}
    assert {kind for (kind,) in told["cws_filedrop_alarms"]} == {str(kind) for kind in AlarmKind}
    assert told["cws_filedrop_disk_free_bytes"][()] > 0


def expressions() -> list[str]:
    panels = json.loads((DEPLOY / "grafana/cws_filedrop.json").read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return [*shown, *re.findall(r"expr: (?:>-\n)?\s*(.+)", RULES.read_text())]


def test_every_metric_that_is_asked_for_is_told(told: dict[str, dict[tuple[str, ...], float]]) -> None:
    asked = {name for expression in expressions() for name in NAME.findall(expression)}
    assert len(asked) > 15
    maybe = {"cws_filedrop_nearest_deadline_seconds", "cws_filedrop_feed_quota_left"}  # only where there is one
    assert asked - set(told) - maybe == set()


def test_every_alert_has_its_paragraph_and_every_paragraph_its_alert() -> None:
    alerts = re.findall(r"alert: (\w+)", RULES.read_text())
    runbook = (DEPLOY / "RUNBOOK.md").read_text()
    assert re.findall(r"^## (\w+)", runbook, re.MULTILINE) == alerts
    anchors = re.findall(r"RUNBOOK\.md#(\w+)", RULES.read_text())
    assert anchors == [alert.lower() for alert in alerts]


def test_promtool_finds_the_rules_good_and_they_fire_when_they_should() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not at hand")
    for command in (
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
        ["check", "config", "prometheus.yml"],
    ):
        done = subprocess.run(
            [promtool, *command], cwd=RULES.parent, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
