"""Products that misbehave: raw sockets on loopback, each connection played by a function in a thread."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Play = Callable[[socket.socket, "Server"], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Server:
    """`connections` counts what was accepted, `requests` holds the heads that were read."""

    port: int
    closing: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def read_request(self, connection: socket.socket) -> bytes:
        """One request, with the body that its Content-Length announces; b'' when the client is gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                       if line.lower().startswith(b"content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def until_gone(self, connection: socket.socket) -> None:
        """Say nothing until the client goes away."""
        self.reached.set()
        with suppress(OSError):
            while connection.recv(65536):
                pass

    def drip(self, connection: socket.socket, data: bytes, *, every: float = 0.02) -> None:
        """One byte at a time."""
        self.reached.set()
        for byte in data:
            if self.closing.wait(every):
                return
            connection.sendall(bytes([byte]))


@contextmanager
def serving(play: Play) -> Iterator[Server]:
    """A listener on a free port of loopback until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(port=listener.getsockname()[1])
    threading.Thread(target=_accept, args=(listener, play, server), daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, play: Play, server: Server) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.connections += 1
        threading.Thread(target=_run, args=(play, connection, server), daemon=True).start()


def _run(play: Play, connection: socket.socket, server: Server) -> None:
    with connection, suppress(OSError):
        play(connection, server)


# --- plays ----------------------------------------------------------------------------------------


def replies(*data: bytes) -> Play:
    """One reply for each request on a connection, in order; then it closes."""

    def play(connection: socket.socket, server: Server) -> None:
        for reply in data:
            if not server.read_request(connection):
                return
            connection.sendall(reply)

    return play


def always(reply: bytes) -> Play:
    def play(connection: socket.socket, server: Server) -> None:
        while server.read_request(connection):
            connection.sendall(reply)

    return play


def silent(connection: socket.socket, server: Server) -> None:
    server.read_request(connection)
    server.until_gone(connection)


def silent_after(head: bytes) -> Play:
    def play(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(head)
        server.until_gone(connection)

    return play


def deaf(_: socket.socket, server: Server) -> None:
    """Never reads: the client fills its buffers and waits."""
    server.reached.set()
    server.closing.wait(30)


def dripping(data: bytes) -> Play:
    def play(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        server.drip(connection, data)
        server.until_gone(connection)

    return play


def endless(head: bytes, piece: bytes) -> Play:
    """`head`, then `piece` for ever."""

    def play(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(head)
        server.reached.set()
        while not server.closing.is_set():
            connection.sendall(piece)

    return play


def resetting(data: bytes) -> Play:
    """Sends `data`, then an RST."""

    def play(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return play


def with_tls(play: Play, context: ssl.SSLContext) -> Play:
    def wrapped(connection: socket.socket, server: Server) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            play(tls, server)

    return wrapped


def forward_proxy(connection: socket.socket, server: Server) -> None:
    """CONNECT is tunnelled to loopback; anything else is answered here."""
    request = server.read_request(connection)
    if not request.startswith(b"CONNECT "):
        connection.sendall(OK)
        return
    port = int(request.split(b" ")[1].rpartition(b":")[2])
    with socket.create_connection(("127.0.0.1", port)) as upstream:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=_pump, args=(upstream, connection), daemon=True).start()
        _pump(connection, upstream)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


# --- certificates ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Authority:
    """A certificate authority of its own; `ca` is its PEM file."""

    ca: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def context(self, name: str) -> ssl.SSLContext:
        """The server side for `name`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.pair(name))
        return context

    def pair(self, name: str, *, days: int = 1, password: bytes = b"") -> tuple[Path, Path]:
        """The PEM files of a certificate and its key. It ends in so many days: a negative number has ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _certificate(name, key, issuer=self.certificate.subject, signer=self.key, days=days)
        lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        certificate, secret = (self.ca.with_name(f"{name}{part}.pem") for part in ("", "-key"))
        certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))
        return certificate, secret


def authority(folder: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"test authority {folder.name}"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = _certificate(name, key, issuer=subject, signer=key, ca=True)
    path = folder / "ca.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(path, key, certificate)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, *, issuer: x509.Name, signer: ec.EllipticCurvePrivateKey,
    ca: bool = False, days: int = 1,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=9)).not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
