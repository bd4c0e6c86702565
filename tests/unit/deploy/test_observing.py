"""Dashboard and alerts: every name in them is one of ours, every file exists, every alert says what to do."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from shared.kafka.topics import SERVICES
from shared.ops import metrics

ROOT = Path(__file__).parents[3]
PROMETHEUS, GRAFANA = ROOT / "deploy" / "prometheus", ROOT / "deploy" / "grafana"
OF_PROMETHEUS = {"job", "instance", "le"}
OF_THE_CLIENT = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}


def registry() -> dict[str, set[str]]:
    """Every series that a process shows, with its labels."""
    found: dict[str, set[str]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(str(metric._type), [""])
            found |= {metric._name + suffix: set(metric._labelnames) for suffix in suffixes}
    return found


SERIES = registry()


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def alerts() -> list[dict[str, Any]]:
    return [rule for group in read(PROMETHEUS / "alerts.yml")["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    dashboard = json.loads((GRAFANA / "dashboards" / "express-entry.json").read_text("utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str, str]]:
    """Where, the expression, and the text that shows its labels."""
    for rule in alerts():
        yield rule["alert"], rule["expr"], rule["annotations"]["summary"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m"), target["legendFormat"]


def queries(node: Any) -> Iterator[str]:
    """Every expression at any depth of a document: in a row that is folded, an annotation, a variable, a rule."""
    if isinstance(node, list):
        for one in node:
            yield from queries(one)
    elif isinstance(node, dict):
        yield from (node[key] for key in ("expr", "definition") if isinstance(node.get(key), str))
        if isinstance(node.get("query"), str) and node.get("type") != "datasource":
            yield node["query"]
        yield from queries(list(node.values()))


CASES = [pytest.param(expr, shown, id=where) for where, expr, shown in expressions()]


@pytest.mark.parametrize(("expr", "shown"), CASES)
def test_every_expression_can_be_read_and_names_series_and_labels_that_exist(expr: str, shown: str) -> None:
    promql_parser.parse(expr)
    named = set(re.findall(r"\b(?:ee|process)_\w+|\bup\b", expr))
    assert named
    assert named <= SERIES.keys() | OF_THE_CLIENT
    labels = OF_PROMETHEUS.union(*(SERIES.get(name, set()) for name in named))
    grouped = {label for group in re.findall(r"by \((.*?)\)", expr) for label in group.split(", ")}
    matched = set(re.findall(r"[{,]\s*(\w+)\s*(?:=|!)", expr))
    assert grouped | matched <= labels
    told = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)", shown)) - {"value"}
    assert told <= (grouped or labels)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_the_alerts_say_what_happened_and_nothing_else() -> None:
    argv = ["promtool", "test", "rules", str(Path(__file__).with_name("alerts.yaml"))]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_expression_is_left_unchecked() -> None:
    files = [*PROMETHEUS.glob("**/*.yml"), *GRAFANA.glob("**/*.yml"), *GRAFANA.glob("**/*.json")]
    there = [expr.replace("$__rate_interval", "1m") for file in files for expr in queries(read(file))]
    assert sorted(there) == sorted(expr for _, expr, _ in expressions())


def test_every_metric_of_ours_is_shown() -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in SERIES}
    assert {name for name in families if not re.search(rf"\b{name}(_bucket|_sum|_count)?\b", shown)} == set()


def test_every_alert_leads_to_its_heading_in_the_runbook() -> None:
    for rule in alerts():
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
        assert rule["alert"] in headings
        assert anchor == rule["alert"].lower()
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_every_alert_of_the_runbook_exists() -> None:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    section = page.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### (\w+)$", section, re.MULTILINE)) == {rule["alert"] for rule in alerts()}


def test_prometheus_scrapes_every_service_under_its_name_and_reads_the_rules() -> None:
    config = read(PROMETHEUS / "prometheus.yml")
    assert all((PROMETHEUS / name).is_file() for name in config["rule_files"])
    jobs = {job["job_name"]: job["dns_sd_configs"] for job in config["scrape_configs"]}
    assert jobs.keys() == set(SERVICES)
    for service, places in jobs.items():
        assert [(place["names"], place["port"]) for place in places] == [([service], 8080)]


def test_the_panels_ask_the_data_source_that_is_provisioned() -> None:
    (source,) = read(GRAFANA / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    dashboard = json.loads((GRAFANA / "dashboards" / "express-entry.json").read_text("utf-8"))
    (variable,) = dashboard["templating"]["list"]
    assert variable["current"]["value"] == source["uid"]
    assert {panel["datasource"]["uid"] for panel in panels()} == {f"${{{variable['name']}}}"}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
