"""Alerts fire when they should, and go by metrics that there are."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from camerastream_operator.restarts import STATUS_NAMES
from tests.e2e.observability.grafana import targets
from tests.testbed.cache import cache_folder
from tests.testbed.tools.catalog import CATALOG
from tests.testbed.tools.gomodule import GoProgram
from tests.unit.chart.cases import CASES, KAFKA
from tests.unit.chart.helm import CHART, ROOT, HelmError, only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.chart.helm import Helm

ALERTS = CHART / "files/alerts.yaml"
CASES_OF_ALERTS = Path(__file__).parent / "alerts/alerts.test.yaml"
RUNBOOKS = ROOT / "docs/runbooks"
_METRIC = re.compile(r"\b(?:kube_)?camerastream_[a-z_]+")


@pytest.fixture(scope="module")
def promtool() -> Path:
    program = CATALOG["promtool"]
    assert isinstance(program, GoProgram)
    path = cache_folder() / "promtool" / program.cache_version / "promtool"
    if not path.is_file():
        pytest.skip("promtool is not built; build it with: .venv/bin/testbed tools path promtool")
    return path


def run(promtool: Path, *arguments: object) -> None:
    command = [str(promtool), *(str(item) for item in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rules(text: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return rules(ALERTS.read_text(encoding="utf-8"))


def existing_metrics() -> set[str]:
    """Return the names of the metrics that stream and operator serve, from their sources."""
    names = set()
    for file, prefix in (
        ("stream/src/camerastream/health/metrics.py", "camerastream_"),
        ("operator/src/camerastream_operator/runtime/metrics.py", "camerastream_operator_"),
        ("operator/src/camerastream_operator/runtime/operator.py", "camerastream_operator_"),
        ("operator/src/camerastream_operator/runtime/listed_cameras.py", "camerastream_operator_"),
    ):
        text = (ROOT / file).read_text(encoding="utf-8").replace('_PREFIX + "', '"')
        found = re.findall(r'"(?:\{_PREFIX\})?([a-z]+(?:_[a-z]+)*)"', text)
        names |= {prefix + name for name in found}
    return names


def kube_state_metrics() -> dict[str, Any]:
    """Return what is told about the one kind of resource."""
    config = yaml.safe_load((CHART / "files/kube-state-metrics.yaml").read_text("utf-8"))
    (resource,) = config["spec"]["resources"]
    return dict(resource)


def used_metrics(text: str) -> Iterator[str]:
    return (match for match in _METRIC.findall(text))


def test_promtool_takes_the_alerts(promtool: Path) -> None:
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", ALERTS)


def test_alerts_fire_when_they_should(promtool: Path) -> None:
    run(promtool, "test", "rules", CASES_OF_ALERTS)


def test_every_alert_is_tested() -> None:
    cases = yaml.safe_load(CASES_OF_ALERTS.read_text(encoding="utf-8"))
    fired = {
        case["alertname"]
        for test in cases["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in alerts()}


def test_every_alert_has_a_runbook_and_no_runbook_is_left_over() -> None:
    pages = {page.stem for page in RUNBOOKS.glob("*.md")}
    assert pages == {rule["alert"] for rule in alerts()}


@pytest.mark.parametrize("file", ["alerts.yaml", "dashboard.json"])
def test_it_goes_by_metrics_that_there_are(file: str) -> None:
    known = existing_metrics()
    # prometheus_client adds _total to the names of counters.
    known |= {f"{name}_total" for name in known}
    known |= {f"{name}_bucket" for name in known}
    resource = kube_state_metrics()
    prefix = resource["metricNamePrefix"]
    known |= {f"{prefix}_{metric['name']}" for metric in resource["metrics"]}
    used = set(used_metrics((CHART / "files" / file).read_text(encoding="utf-8")))
    assert used
    assert used <= known


def test_the_chart_wraps_the_alerts_unchanged(helm: Helm, promtool: Path, tmp_path: Path) -> None:
    values = {**KAFKA, "monitoring": {"prometheusRule": {"enabled": True}}}
    made = only(helm.template(values), "PrometheusRule")["spec"]
    file = tmp_path / "rendered.yaml"
    file.write_text(yaml.safe_dump(made), encoding="utf-8")
    run(promtool, "check", "rules", file)
    for rule in rules(file.read_text(encoding="utf-8")):
        assert rule["annotations"].pop("runbook_url") == f"docs/runbooks/{rule['alert']}.md"
    found = [rule for group in made["groups"] for rule in group["rules"]]
    for rule in found:
        rule["annotations"].pop("runbook_url")
    assert found == alerts()


def test_alerts_can_be_labelled_left_out_and_led_to_another_runbook(helm: Helm) -> None:
    made = only(helm.template(CASES["monitored"]), "PrometheusRule")["spec"]
    found = {rule["alert"]: rule for group in made["groups"] for rule in group["rules"]}
    assert "CameraStreamCameraUnstable" not in found
    for name, rule in found.items():
        assert rule["labels"]["team"] == "video"
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        url = f"https://wiki.example/runbooks/{name}.md"
        assert rule["annotations"]["runbook_url"] == url


def test_an_alert_that_does_not_exist_cannot_be_left_out(helm: Helm) -> None:
    values = {**KAFKA, "monitoring": {"prometheusRule": {"disabled": ["KafkaDown"]}}}
    with pytest.raises(HelmError, match='"KafkaDown", which is no alert of this chart'):
        helm.template(values)


def test_the_dashboard_is_found_by_grafanas_sidecar(helm: Helm) -> None:
    objects = helm.template(CASES["monitored"])
    made = only(objects, "ConfigMap", "camerastream-dashboard")
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    found = json.loads(made["data"]["camerastream.json"])
    text = (CHART / "files/dashboard.json").read_text(encoding="utf-8")
    assert found == json.loads(text.replace('"docs/runbooks"', '"https://wiki.example/runbooks"'))


def dashboard() -> dict[str, Any]:
    """Return the dashboard as it is kept."""
    found: dict[str, Any] = json.loads((CHART / "files/dashboard.json").read_text("utf-8"))
    return found


def test_every_panel_is_explained_and_has_a_place_of_its_own() -> None:
    everything = dashboard()["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    covered: set[tuple[int, int]] = set()
    for panel in everything:
        place = panel["gridPos"]
        cells = {
            (place["x"] + column, place["y"] + line)
            for column in range(place["w"])
            for line in range(place["h"])
        }
        assert not covered & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        covered |= cells
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert "unit" in panel["fieldConfig"]["defaults"] or panel["type"] == "table"


def test_runbooks_that_panels_name_exist() -> None:
    named = {
        name
        for panel in dashboard()["panels"]
        for name in re.findall(r"CameraStream[A-Z][A-Za-z]+", panel.get("description", ""))
    }
    assert len(named) > 8
    assert named <= {"CameraStreams", *(rule["alert"] for rule in alerts())}


def test_a_target_of_a_table_is_renamed_for_people() -> None:
    for panel in dashboard()["panels"]:
        if panel["type"] != "table":
            continue
        (organize,) = (
            item["options"] for item in panel["transformations"] if item["id"] == "organize"
        )
        overridden = {item["matcher"]["options"] for item in panel["fieldConfig"]["overrides"]}
        assert overridden <= set(organize["renameByName"].values()), panel["title"]
        if len(panel["targets"]) > 1:
            shown = set(organize["renameByName"]) | set(organize["excludeByName"])
            assert {f"Value #{target['refId']}" for target in panel["targets"]} <= shown


def test_the_dashboards_queries_are_promql(promtool: Path, tmp_path: Path) -> None:
    queries = [target.expression for target in targets(dashboard())]
    assert len(queries) > 30
    records = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    groups = {"groups": [{"name": "dashboard", "rules": records}]}
    file.write_text(yaml.safe_dump(groups), encoding="utf-8")
    run(promtool, "check", "rules", "--lint=none", file)


def test_what_kube_state_metrics_reads_is_in_the_crd() -> None:
    resource = kube_state_metrics()
    crd = yaml.safe_load((CHART / "files/camerastreams.yaml").read_text("utf-8"))
    assert resource["groupVersionKind"]["group"] == crd["spec"]["group"]
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    paths = []
    for metric in resource["metrics"]:
        each = metric["each"]
        paths += [each[kind]["path"] for kind in ("gauge", "stateSet") if kind in each]
        paths += list(each["info"]["labelsFromPath"].values()) if "info" in each else []
        if "stateSet" in each:
            known = node_at(schema, each["stateSet"]["path"])["enum"]
            assert each["stateSet"]["list"] == known, metric["name"]
    for path in paths:
        node_at(schema, path)


def node_at(schema: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Return the schema of a field; every object has metadata, which its schema does not say."""
    if path[0] == "metadata":
        return {}
    node = schema
    for key in path:
        assert key in node["properties"], path
        node = node["properties"][key]
    return node


def test_kube_state_metrics_tells_restarts_by_every_reason() -> None:
    told = {
        metric["commonLabels"]["reason"]: metric["each"]["gauge"]["path"][-1]
        for metric in kube_state_metrics()["metrics"]
        if metric["name"] == "status_restarts"
    }
    assert told == {reason.value: field for reason, field in STATUS_NAMES.items()}


def test_the_page_on_monitoring_says_what_there_is() -> None:
    page = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
    assert f"| {len(alerts())} alerts, each with a page" in page
    resource = kube_state_metrics()
    told = {f"{resource['metricNamePrefix']}_{metric['name']}" for metric in resource["metrics"]}
    rows = re.findall(r"^\| (`.*`) \|", page, re.MULTILINE)
    named = [re.sub(r"\{.*\}", "", name) for row in rows for name in re.findall(r"`([^`]+)`", row)]
    prefix = resource["metricNamePrefix"]
    full = {name if name.startswith(prefix) else f"{prefix}{name}" for name in named}
    assert told <= full
    assert {name for name in full if name.startswith(f"{prefix}_")} == told


def test_the_rights_of_kube_state_metrics_are_the_same_everywhere() -> None:
    page = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
    (block,) = (
        yaml.safe_load(block)
        for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
        if "extraRules" in block
    )
    text = (ROOT / "examples/monitoring/kube-state-metrics.yaml").read_text(encoding="utf-8")
    (role,) = (item for item in yaml.safe_load_all(text) if item["kind"] == "ClusterRole")
    assert block["kube-state-metrics"]["rbac"]["extraRules"] == role["rules"]


def test_streams_are_scraped_with_the_name_of_their_camera(helm: Helm) -> None:
    made = only(helm.template(CASES["monitored"]), "PodMonitor", "camerastream-streams")
    endpoint = made["spec"]["podMetricsEndpoints"][0]
    assert {"targetLabel": "camera"}.items() <= endpoint["relabelings"][0].items()
    assert made["spec"]["namespaceSelector"] == {"matchNames": ["shop"]}
    everywhere = helm.template({**KAFKA, "monitoring": {"podMonitor": {"enabled": True}}})
    made = only(everywhere, "PodMonitor", "camerastream-streams")
    assert made["spec"]["namespaceSelector"] == {"any": True}
