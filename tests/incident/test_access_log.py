"""Lines of nginx and of Envoy: each try of a provider, and what there was instead of a reply."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from tests.incident.recorded import FRIDAY, read_text, told

NGINX = '[$time_local] "$request" $status $request_time $proxy_host $upstream_addr $upstream_response_time $upstream_status'


def nginx(addr: str, took: str, statuses: str, *, status: str = "200", total: str = "0.300") -> str:
    return f'[20/Nov/2026:19:00:01 +0100] "POST /v1/charges?card=4242 HTTP/1.1" {status} {total} payments {addr} {took} {statuses}\n'


def test_each_try_of_nginx_is_a_call(tmp_path: Path) -> None:
    read = read_text(tmp_path, nginx("10.0.0.1:443, 10.0.0.2:443 : 10.0.0.3:443", "0.010, 0.200 : 0.090", "502, 503 : 200"), format=NGINX)
    begin = FRIDAY * 1000 + 700
    assert told(read) == [(begin, 10, "502", "payments", "POST", "/v1/charges"), (begin + 10, 200, "503", "payments", "POST", "/v1/charges"),
                          (begin + 210, 90, "200", "payments", "POST", "/v1/charges")]
    assert (read.counts.lines, read.counts.calls) == (1, 3)


def test_a_line_of_nginx_conf_is_a_format(tmp_path: Path) -> None:
    snippet = "log_format up escape=default '[$time_local] \"$request\" $status '\n   '$request_time $proxy_host '\n" \
        "   '$upstream_addr ${upstream_response_time} $upstream_status';\n"
    assert read_text(tmp_path, nginx("10.0.0.1:443", "0.300", "200"), format=snippet).counts.calls == 1


@pytest.mark.parametrize(("line", "why"), [
    (nginx("-", "-", "-"), "a request that no upstream was asked for"),
])
def test_what_asked_no_upstream_is_no_call(tmp_path: Path, line: str, why: str) -> None:
    read = read_text(tmp_path, line + nginx("10.0.0.1:443", "0.300", "200"), format=NGINX)
    assert (read.counts.calls, read.counts.skipped) == (1, {why: 1})


def test_a_caller_that_went_away_had_waited(tmp_path: Path) -> None:
    read = read_text(tmp_path, nginx("10.0.0.1:443", "0.300", "-", status="499"), format=NGINX)
    assert [call[1:3] for call in told(read)] == [(300, "hang")]


@pytest.mark.parametrize("line", [
    '10.0.0.9 - - [20/Nov/2026:19:00:01 +0100] "GET /v1/me HTTP/1.1" 200 12 "-" "curl/8" 99 0.180 [prod-payments-443] [] 10.0.0.1:443 12 0.180 200 7e57\n',
    '10.0.0.9 - - [20/Nov/2026:19:00:01 +0100] "GET /v1/me HTTP/1.1" 200 12 "-" "curl/8" rt=0.180 uct="0.001" uht="0.002" urt="0.180"\n',
    '10.0.0.9 - - [20/Nov/2026:19:00:01 +0100] "GET /v1/me HTTP/1.1" 200 12 "-" "curl/8" rt=0.180 uct=0.001 uht=0.002 urt=0.180\n',
    '[2026-11-20T18:00:00.820Z] "GET /v1/me HTTP/1.1" 200 - 0 12 180 170 "-" "curl/8" "7e57" "payments" "10.0.0.1:443"\n',
    '[2026-11-20T18:00:00.820Z] "GET /v1/me HTTP/1.1" 200 - via_upstream - "-" 0 12 180 170 "-" "curl/8" "7e57" "payments" "10.0.0.1:443" outbound|443||payments.example 10.0.0.2:1 10.0.0.3:2 10.0.0.4:3 - default\n',
    json.dumps({"time_iso8601": "2026-11-20T18:00:01+00:00", "request_method": "GET", "request_uri": "/v1/me", "status": "200", "upstream_status": "200",
                "upstream_response_time": "0.180", "request_time": "0.180", "proxy_host": "payments"}) + "\n",
    json.dumps({"start_time": "2026-11-20T18:00:00.820Z", "method": "GET", "path": "/v1/me", "response_code": 200, "response_flags": "-", "duration": 180,
                "authority": "payments", "upstream_cluster": "c"}) + "\n",
], ids=["ingress-nginx", "quoted", "labelled", "envoy", "istio", "nginx-json", "envoy-json"])
def test_known_formats_need_no_option(tmp_path: Path, line: str) -> None:
    (call,) = told(read_text(tmp_path, line, provider="payments", providers={"prod-payments-443": "payments"}))
    assert call == (FRIDAY * 1000 + 820, 180, "200", "payments", "GET", "/v1/me")


@pytest.mark.parametrize(("code", "flags", "outcome"), [
    ("504", "UT", "hang"), ("503", "UF,URX", "refused"), ("503", "UC", "reset"), ("503", "UH", "503"), ("429", "RL", "429"), ("0", "DC", "hang"),
    ("200", "DC", "200"), ("500", "-", "500"), ("503", "URX", "503"), ("503", "UpstreamConnectionTermination", "reset"),
])
def test_flags_of_envoy_say_what_there_was_instead_of_a_reply(tmp_path: Path, code: str, flags: str, outcome: str) -> None:
    line = f'[2026-11-20T18:00:00.820Z] "GET /v1/me HTTP/2" {code} {flags} 0 12 180 - "-" "-" "7e57" "payments" "-"\n'
    assert [call[2] for call in told(read_text(tmp_path, line))] == [outcome]


def test_what_envoy_had_no_route_for_is_no_call(tmp_path: Path) -> None:
    line = '[2026-11-20T18:00:00.820Z] "{}" {} {} 0 12 180 - "-" "-" "7e57" "payments" "-"\n'
    text = line.format("GET /v1/me HTTP/2", 404, "NR") + line.format("- - -", 400, "-") + line.format("GET / HTTP/2", 200, "-")
    read = read_text(tmp_path, text)
    assert (read.counts.calls, read.counts.skipped) == (1, {"a request that Envoy had no route for": 1, "a connection without a request": 1})


def test_an_envoy_format_of_ones_own(tmp_path: Path) -> None:
    form = '%START_TIME(%s.%3f)% %REQ(:METHOD)% %REQ(:PATH):200% %RESPONSE_CODE% %RESPONSE_FLAGS% %DURATION% %REQ(:AUTHORITY)%\\n'
    (call,) = told(read_text(tmp_path, "1795197600.820 GET /v1/me?x=1 200 - 180 payments\n", format=form))
    assert call == (FRIDAY * 1000 + 820, 180, "200", "payments", "GET", "/v1/me")


@pytest.mark.parametrize(("text", "options", "said"), [
    ("a line of something\n", {"kind": "access-log"}, "a.log:1:1: nothing says what the values of these lines are\nwrite --format '...'"),
    ("a line of something\n", {"format": "none"}, "--format: it has no $variable and no %OPERATOR%"),
    ("a line of something\n", {"format": "$a$b"}, "--format: nothing parts $a and $b"),
    ("x 200\n", {"format": "$remote_addr $status"}, "a.log:1:1: its lines do not say $upstream_response_time and $time_iso8601"),
    (nginx("10.0.0.1:443", "0.3", "200") + "something else\n", {"format": NGINX}, "a.log:2:1: this line is not of the format"),
    (nginx("10.0.0.1:443", "x", "200"), {"format": NGINX}, "a.log:1:1: 'x' is no time in seconds, as nginx writes it"),
    (nginx("10.0.0.1:443", "0.3", "20"), {"format": NGINX}, "a.log:1:1: '20' is no status"),
    (nginx("10.0.0.1:443", "0.3", "200").replace("Nov", "Nox"), {"format": NGINX}, "a.log:1:1: '20/Nox/2026:19:00:01 +0100' is no time"),
    (nginx("10.0.0.1:443", "0.3", "200").replace("20/Nov", "31/Nov"), {"format": NGINX}, "a.log:1:1: '31/Nov/2026:19:00:01 +0100' is no time that there is"),
    ('{"a": 1}\n', {}, "a.log:1:1: no column is known as time or latency or status among a"),
    ('{"time": "2026-11-20T18:00:00", "latency_ms": 1, "status": 200}\n', {}, "a.log:1:1: '2026-11-20T18:00:00' names no time zone"),
    ('{"time": "2026-11-20T18:00:00Z", "latency_ms": 1, "status": 200, "host": "p"}\n[]\n', {}, "a.log:2:1: this line is no JSON object"),
    ("[" * 100_000 + "\n", {"kind": "json-log"}, "a.log:1:1: this line is no JSON object"),
    (nginx("-", "-", "-"), {"format": NGINX}, "a.log: there is no call of a provider in it: 1 × a request that no upstream was asked for"),
], ids=range(14))
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path, text, "a.log", **options)
    (first,) = caught.value.problems
    assert f"{first.place}: {first.found}\n{first.instead}".replace(f"{tmp_path}/", "").startswith(said)


def test_a_line_that_was_cut_short_is_counted(tmp_path: Path) -> None:
    line = nginx("10.0.0.1:443", "0.3", "200")
    assert read_text(tmp_path, line + line[:-20], format=NGINX).counts.skipped == {"a last line that was cut short": 1}
