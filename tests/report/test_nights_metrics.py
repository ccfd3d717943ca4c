from __future__ import annotations

import json
import re

from flowprobe.core.nights.model import Overview
from flowprobe.core.redact import Redactor
from flowprobe.report.nights_metrics import Gauge, Point, gauges
from flowprobe.report.otlp_metrics import metrics_request
from flowprobe.report.prometheus import prometheus_text
from tests.nights import NAMES, overview

_LINE = re.compile(r'[a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)+\})? -?[0-9.e+-]+')


def value(name: str, /, **labels: str) -> float:
    gauge, = (each for each in gauges(overview()) if each.name == name)
    found, = (each.value for each in gauge.points if labels.items() <= each.labels.items())
    return found


def test_the_newest_night_is_told_as_gauges() -> None:
    assert value("flowprobe_night_info", night=NAMES[-1], verdict="fail", state="ended") == 1
    assert value("flowprobe_night_duration_seconds") == 65
    assert value("flowprobe_night_exit_code", environment="production") == 1
    assert value("flowprobe_journey_green", scenario="Search", plan="slow-index") == 0
    assert value("flowprobe_journey_green", scenario="Search", plan="none") == 1
    assert value("flowprobe_journey_outcome", plan="slow-index", outcome="fail") == 1
    assert value("flowprobe_journey_outcome", plan="slow-index", outcome="pass") == 0
    assert value("flowprobe_journey_attempts", plan="slow-index") == 3
    assert value("flowprobe_latency_seconds", name="find") == 0.3
    assert value("flowprobe_latency_usual_seconds", name="find") == 0.2
    assert value("flowprobe_latency_changed", name="find") == 1
    assert value("flowprobe_latency_changed", name="index") == 0
    assert value("flowprobe_journey_flake_ratio", scenario="Export") == 0.08
    assert value("flowprobe_journey_quarantined", scenario="Export") == 1
    assert value("flowprobe_alerts_open", severity="page") == 1
    assert value("flowprobe_alerts_open", severity="notice") == 1


def test_the_attempts_at_a_journey_are_not_said_to_be_how_often_it_was_made() -> None:
    attempts, = (each for each in gauges(overview()) if each.name == "flowprobe_journey_attempts")
    assert attempts.about.startswith("The attempts at the journey in the newest night: 1 where nothing failed")
    assert value("flowprobe_journey_attempts", scenario="Search", plan="none") == 1


def test_what_is_still_learning_has_no_baseline() -> None:
    usual, = (each for each in gauges(overview()) if each.name == "flowprobe_latency_usual_seconds")
    assert not [each for each in usual.points if each.labels["name"] == "open"]


def test_before_the_first_night_there_is_only_that_nobody_is_alerted() -> None:
    assert [each.name for each in gauges(Overview("new", (), {}))] == ["flowprobe_alerts_open"]


def test_each_line_is_one_that_prometheus_reads_and_each_metric_is_described_once() -> None:
    text = "".join(prometheus_text(gauges(overview())))
    lines = text.splitlines()
    assert text.endswith("\n")
    assert [line for line in lines if not line.startswith("#") and not _LINE.fullmatch(line)] == []
    described = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(described) == len(set(described))
    assert {re.split(r"[ {]", line)[0] for line in lines if not line.startswith("#")} == set(described)


def test_a_label_may_say_anything_but_a_secret() -> None:
    hostile = Gauge("x", "About.", (Point({"name": 'a"b\\c\nd\x1b s3cr3t-token'}, 1.5),))
    line = "".join(prometheus_text([hostile], Redactor(["s3cr3t-token"]))).splitlines()[-1]
    assert _LINE.fullmatch(line)
    assert line.startswith(r'x{name="a\"b\\c d\\x1b ')
    assert "s3cr3t-token" not in line


def test_the_same_gauges_are_a_request_that_opentelemetry_reads() -> None:
    from google.protobuf.json_format import Parse
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    text = metrics_request(gauges(overview()), version="0.1.0", environment="production", at=1_790_000_000.5)
    request = Parse(text, ExportMetricsServiceRequest())
    metrics = {each.name: each for each in request.resource_metrics[0].scope_metrics[0].metrics}
    point, = metrics["flowprobe.night_duration_seconds"].gauge.data_points
    assert (point.as_double, point.time_unix_nano) == (65, 1_790_000_000_500_000_000)
    assert metrics["flowprobe.latency_seconds"].unit == "s"
    assert json.loads(text)["resourceMetrics"][0]["resource"]["attributes"][0]["value"] == {"stringValue": "flowprobe"}
