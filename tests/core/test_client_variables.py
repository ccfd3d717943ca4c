"""What a product's clients are given, and how shells write it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.client_variables import SHELLS, base_variable, client_variables, java_options, rendered

PROXY = "http://flowprobe:t0k3n@10.0.0.5:9100"
WHOLE = client_variables(proxy=PROXY, bundle="/run/ca.pem", bases={"mail": "http://127.0.0.1:1"}, hosts=["api.mail.example"])


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE",
                                  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "PIP_CERT"])
def test_every_variable_for_an_authority_is_set(name: str) -> None:
    assert WHOLE[name] == "/run/ca.pem"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"])
def test_the_variables_for_a_proxy_are_set_in_both_cases(name: str) -> None:
    assert WHOLE[name] == WHOLE[name.lower()] == ("localhost,127.0.0.1,::1" if name == "NO_PROXY" else PROXY)


def test_a_provider_on_this_machine_is_not_kept_from_the_proxy() -> None:
    assert client_variables(proxy=PROXY, bundle="b", bases={}, hosts=["localhost"])["NO_PROXY"] == "127.0.0.1,::1"


def test_without_a_forward_edge_there_are_base_urls_alone() -> None:
    assert client_variables(bases={"payments": "http://x", "scanner.webhooks": "http://y"}) == {
        "FLOWPROBE_PAYMENTS_URL": "http://x", "FLOWPROBE_SCANNER_WEBHOOKS_URL": "http://y"}
    assert base_variable("my-shop") == "FLOWPROBE_MY_SHOP_URL"


def test_a_jvm_is_told_by_its_options() -> None:
    said = java_options(PROXY, "/run/truststore")
    assert "-Dhttps.proxyHost=10.0.0.5 -Dhttps.proxyPort=9100" in said
    assert "-Djavax.net.ssl.trustStore=/run/truststore" in said
    assert "t0k3n" not in said


@pytest.mark.parametrize(("shell", "written"), [
    ("bash", "export A='it'\"'\"'s $HOME'"), ("fish", r"set -gx A 'it\'s $HOME'"), ("powershell", "$env:A = 'it''s $HOME'"),
    ("dotenv", 'A="it\'s $HOME"'), ("json", '{\n "A": "it\'s $HOME"\n}'),
])
def test_each_shell_has_its_own_quotes(shell: str, written: str) -> None:
    assert rendered({"A": "it's $HOME"}, shell) == written


def test_every_shell_that_is_offered_can_be_written() -> None:
    assert all(rendered(WHOLE, shell) for shell in SHELLS)
    with pytest.raises(ValueError, match="cmd"):
        rendered(WHOLE, "cmd")


TEXTS = st.text(st.characters(codec="ascii", exclude_characters="\0\n\r"), max_size=20)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.from_regex("V[A-Z]{1,8}", fullmatch=True), TEXTS, min_size=1))
def test_bash_reads_back_what_was_written(variables: dict[str, str]) -> None:
    script = rendered(variables, "bash") + "\nexec env -0"
    done = subprocess.run([shutil.which("bash") or "bash", "-c", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=True)
    found = dict(pair.split("=", 1) for pair in done.stdout.decode().split("\0") if "=" in pair)
    assert variables.items() <= found.items()
    assert json.loads(rendered(variables, "json")) == variables
