"""Before whom a standing proxy stands, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.proxy.edges import EdgeSpec, listeners
from flowprobe.running.offered import Listen, edges_of, environment_of, listen_at

PROJECT = """\
flowprobe: 1
environments:
  staging:
    targets: {api: "https://api.staging.example", auth: "https://auth.staging.example"}
    providers:
      payments: {url: "https://api.payments.example", listen: "127.0.0.1:9100"}
      mail: {url: "https://api.mail.example", upstream: "http://127.0.0.1:9025", edge: forward}
      scanner: {url: "https://scanner.example", webhooks: auth}
  bare: {target: "http://127.0.0.1:9"}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flowprobe.yaml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_environment_has_all_of_its_providers_and_the_user_edge() -> None:
    edges = edges_of(environment_of("staging", (), ()), Listen())
    assert [(edge.name, edge.mode, edge.listen) for edge in edges] == [
        ("payments", "reverse", ("127.0.0.1", 9100)), ("mail", "forward", ("127.0.0.1", 0)), ("mail", "reverse", ("127.0.0.1", 0)),
        ("scanner", "reverse", ("127.0.0.1", 0)), ("scanner.webhooks", "reverse", ("127.0.0.1", 0)), ("user", "forward", ("127.0.0.1", 0)),
    ]
    assert edges[1].hosts == {"https://api.mail.example": "http://127.0.0.1:9025"}
    assert edges[2].upstream == "http://127.0.0.1:9025"
    assert edges[4].upstream == "https://auth.staging.example"
    assert len(listeners(edges)) == 6


def test_providers_are_chosen_and_added() -> None:
    environment = environment_of("staging", ("payments",), ("maps=https://maps.example", "post=forward:https://post.example"))
    assert list(environment.providers) == ["payments", "maps", "post"]
    assert environment.providers["post"].edge == "forward"


def test_the_command_line_alone_needs_no_project(project: Path) -> None:
    (project / "flowprobe.yaml").unlink()
    (edge,) = edges_of(environment_of(None, (), ("shop=http://127.0.0.1:1",)), Listen())
    assert edge == EdgeSpec("shop", "reverse", upstream="http://127.0.0.1:1")


def test_a_first_port_is_counted_up_from_and_forward_edges_share_theirs() -> None:
    environment = environment_of("staging", (), ("post=forward:https://post.example",))
    ports = [(edge.name, edge.mode, edge.listen[1]) for edge in edges_of(environment, Listen(port=9200))]
    assert ports == [("payments", "reverse", 9200), ("mail", "forward", 9201), ("mail", "reverse", 9202), ("scanner", "reverse", 9203),
                     ("scanner.webhooks", "reverse", 9204), ("post", "forward", 9201), ("post", "reverse", 9205), ("user", "forward", 9206)]


@pytest.mark.parametrize(("text", "listen", "offered"), [
    (None, Listen(), False), ("0.0.0.0", Listen("0.0.0.0"), True), ("127.0.0.1:9100", Listen("127.0.0.1", 9100), False),
    ("[::]:9100", Listen("::", 9100), True), ("10.0.0.5", Listen("10.0.0.5"), True),
])
def test_an_interface_may_have_a_first_port(text: str | None, listen: Listen, offered: bool) -> None:
    assert (listen_at(text), listen_at(text).offered) == (listen, offered)
    assert listen.called not in ("0.0.0.0", "::")


@pytest.mark.parametrize(("name", "chosen", "added", "says"), [
    ("staging", ("maps",), (), "has no provider 'maps'"), ("bare", (), (), "nothing to stand before"),
    (None, (), ("shop",), "is no provider"), (None, (), ("ca=http://x.example",), "taken by FlowProbe"),
    (None, (), ("a=http://x.example", "a=http://y.example"), "given twice"),
    (None, (), ("a=http://u:secret@x.example",), "the URL of a has a user"),
    (None, (), ("a=forward:https://x.example/v1?k=1",), "a query"), (None, (), ("a=http://x.example#f",), "a fragment"),
    (None, (), ("a-b=http://x.example", "A_b=http://y.example"), "'a-b' and 'A_b' would both be FLOWPROBE_A_B_URL"), ("stagin", (), (), "did you mean 'staging'"),
])
def test_what_cannot_be_is_said(name: str | None, chosen: tuple[str, ...], added: tuple[str, ...], says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        environment_of(name, chosen, added)
    assert "secret" not in str(caught.value)
