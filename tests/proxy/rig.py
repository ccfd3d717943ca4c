"""What the tests of the proxy stand on: an origin with some odd pages, certificates, and a proxy between them."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import itertools
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowprobe.core import tracing
from flowprobe.core.events import Event, ExchangeEnded, Injected
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.scenario import Fault, FaultPlan, Limit, Match, Position, When
from flowprobe.journal.reader import Follower
from flowprobe.proxy.process import EdgeSpec, ProxyProcess, Ready

STEPS = {1: "pay", 2: "notify"}
_trials = itertools.count(1)


def until(holds: Callable[[], object], *, within: float = 10.0) -> None:
    """Wait until a condition holds; fail at the deadline."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within:g} s: {holds}"
        threading.Event().wait(0.005)


def new_trial() -> str:
    return f"{0xA5A5000000000000 + next(_trials):016x}"


def marks(trial: str, *, step: int = 1, attempt: int = 1) -> dict[str, str]:
    """The headers by which a call of ours is known."""
    return {"traceparent": tracing.traceparent(tracing.call_id(trial, step, attempt))}


def fault(
    kind: Kind, *, edge: str = "payments", id: str = "", match: Match = Match(), when: When = When(),
    limit: Limit = Limit(),
) -> Fault:
    return Fault(id or edge, edge, kind, Position("test.yaml", 1, 1), match, when, limit)


def plan(*faults: Fault) -> FaultPlan:
    return FaultPlan("plan", faults)


# --- the origin -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Origin:
    """A provider: what it was asked, and a gate that holds `/gate` until it is opened."""

    url: str
    calls: list[Call] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def asked(self, path: str) -> int:
        return sum(1 for call in self.calls if call.path == path)


BODY = b'{"state": "paid", "padding": "' + b"x" * 969 + b'"}'
DOCUMENT = json.dumps({
    "user": {"email": "a@b.example", "age": 30}, "items": [{"p": 1}, {"p": 2}], "state": "paid",
}).encode()
BIG = b"b" * (3 << 20)
LATE_S = 0.4


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    origin: Origin

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.origin.calls.append(Call(self.command, self.path, headers, body))
        page = self.path.partition("?")[0].rpartition("/")[2]
        getattr(self, f"_{page}", self._plain)()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def _reply(self, body: bytes, *, status: int = 200, media_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def _plain(self) -> None:
        self._reply(BODY)

    def _echo(self) -> None:
        call = self.origin.calls[-1]
        self._reply(json.dumps({"headers": call.headers, "length": len(call.body)}).encode())

    def _made(self) -> None:
        """What was asked for is made, with the id that the caller wishes for."""
        self._reply(self.origin.calls[-1].headers["x-makes"].encode(), status=201)

    def _big(self) -> None:
        self._reply(BIG, media_type="application/octet-stream")

    def _empty(self) -> None:
        self._reply(b"")

    def _document(self) -> None:
        self._reply(DOCUMENT)

    def _gzip(self) -> None:
        body = gzip.compress(DOCUMENT)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(DOCUMENT), DOCUMENT))

    def _once(self) -> None:
        self._reply(b"{}", status=201 if self.origin.asked(self.path) == 1 else 409)

    def _count(self) -> None:
        self._reply(json.dumps({"count": len(self.origin.calls)}).encode())

    def _nothing(self) -> None:
        self.send_response(204)
        self.end_headers()

    def _gate(self) -> None:
        self.origin.gate.wait(20)
        self._reply(BODY)

    def _late(self) -> None:
        threading.Event().wait(LATE_S)
        self._reply(BODY)

    def _chunks(self, *, trailer: bytes = b"") -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"one,", b"two,", b"three"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n" + trailer + b"\r\n")

    def _trailers(self) -> None:
        self._chunks(trailer=b"X-Checksum: 1\r\n")

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"d\r\ndata: first\n\n\r\n")
        self.wfile.flush()
        self.origin.gate.wait(20)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a caller that is turned away tries again a second later

    def handle_error(self, *_: object) -> None:
        pass  # callers that go away are what these tests are about


@contextmanager
def serve_origin(context: ssl.SSLContext | None = None) -> Iterator[Origin]:
    """An origin on a free port, over TLS where a context is given."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    origin = Origin(f"http://127.0.0.1:{server.server_port}" if context is None
                    else f"https://localhost:{server.server_port}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"origin": origin})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        origin.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


# --- certificates ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificates:
    """A certificate authority of our own, and a server's context with a leaf of it for localhost."""

    ca: Path
    server: ssl.SSLContext


_MAY_SIGN = x509.KeyUsage(False, False, False, False, False, True, True, False, False)


def make_certificates(folder: Path) -> Certificates:
    ca_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    own = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        _builder(name, name, ca_key).add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(own, False).add_extension(_MAY_SIGN, True)
    )
    leaf_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([
        x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    leaf = _builder(leaf_name, name, leaf_key).add_extension(names, False).add_extension(issuer, False)
    signed = [each.sign(ca_key, hashes.SHA256()) for each in (ca, leaf)]
    paths = [folder / "ca.pem", folder / "leaf.pem"]
    for path, certificate in zip(paths, signed, strict=True):
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    with paths[1].open("ab") as file:
        file.write(leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths[1])
    return Certificates(paths[0], context)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


# --- the proxy ------------------------------------------------------------------------------------


@dataclass
class Rig:
    """A running proxy with what stands around it, and its journal as far as it was read."""

    proxy: ProxyProcess
    ready: Ready
    origin: Origin
    tls_origin: Origin | None
    journal: Path
    _follower: Follower = field(init=False)
    _events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._follower = Follower(self.journal)

    def events(self) -> list[Event]:
        self._events += [stamped.event for stamped in self._follower.new()]
        return self._events

    @property
    def gaps(self) -> list[str]:
        self.events()
        return self._follower.gaps

    def exchanges(self, trial: str | None) -> list[ExchangeEnded]:
        return [event for event in self.events() if isinstance(event, ExchangeEnded) and event.trial == trial]

    def receipts(self, trial: str) -> list[Injected]:
        return [event for event in self.events() if isinstance(event, Injected) and event.trial == trial]

    @contextmanager
    def armed(self, trial: str, *faults: Fault, seed: int = 1, **options: Any) -> Iterator[None]:
        lease = f"lease-{trial}"
        self.proxy.apply(lease=lease, trial=trial, plan=plan(*faults), seed=seed, steps=STEPS, **options)
        try:
            yield
        finally:
            self.proxy.release(lease)

    def client(self, edge: str = "payments", **options: object) -> httpx.Client:
        """A caller of one edge: of a base URL, or through a proxy."""
        options.setdefault("timeout", 10)
        if edge == "payments":
            return httpx.Client(base_url=self.ready.edges[edge], trust_env=False, **options)
        url = self.ready.user_proxy if edge == "user" else self.ready.edges[edge]
        context = ssl.create_default_context(cafile=self.ready.ca_cert)
        return httpx.Client(proxy=url, verify=context, trust_env=False, **options)


@contextmanager
def run_proxy(
    folder: Path, origin: Origin, *, tls_origin: Origin | None = None, edges: Sequence[EdgeSpec] | None = None,
    owned: bool = False, injector: bool = True, upstream_ca: Path | None = None, fail_in: str = "",
    more: Sequence[EdgeSpec] = (), **settings: Any,
) -> Iterator[Rig]:
    """A proxy with the edges payments (reverse), mail (forward, redirected) and user, and more."""
    hosts = {origin.url: None} | ({tls_origin.url: None} if tls_origin else {})
    standard = (
        EdgeSpec("payments", "reverse", origin.url),
        EdgeSpec("dead", "reverse", "http://127.0.0.1:9"),
        EdgeSpec("mail", "forward", hosts={"https://api.mail.example": origin.url, "http://mail.example": origin.url}),
        EdgeSpec("user", "forward", hosts=hosts),
    )
    journal = folder / "proxy.jsonl"
    proxy = ProxyProcess(
        run="run-1", edges=(*(standard if edges is None else edges), *more), journal=journal, owned=owned, injector=injector,
        upstream_ca=upstream_ca, fail_in=fail_in, **settings,
    )
    with proxy:
        yield Rig(proxy, proxy.ready(), origin, tls_origin, journal)
