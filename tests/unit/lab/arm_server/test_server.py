"""Sockets and TLS: strangers, stalled clients, broken HTTP, an orderly end."""

import contextlib
import http.client
import socket
import ssl
import threading
import time

import pytest

from console.lab.access import LabCredentials
from console.lab.arm_server.server import ArmServer
from console.lab.certificate import ServerCertificate
from console.lab.world.site import Site
from tests.unit.lab.arm_server.conftest import Client

SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01"


def _secured(server: ArmServer, certificate: ServerCertificate) -> ssl.SSLSocket:
    context = ssl.create_default_context(cadata=certificate.ca_pem.decode())
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    return context.wrap_socket(raw, server_hostname="127.0.0.1")


def _answer_to(server: ArmServer, certificate: ServerCertificate, request: bytes) -> bytes:
    with _secured(server, certificate) as connection:
        connection.sendall(request)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


def test_one_connection_serves_many_requests(client: Client) -> None:
    assert client.get(SUBSCRIPTIONS).status == 200
    first = client.connection.sock
    assert client.get("/nowhere", version="1").status == 404
    assert client.get(SUBSCRIPTIONS).status == 200
    assert client.connection.sock is first


def test_a_client_without_the_authority_refuses(server: ArmServer) -> None:
    connection = http.client.HTTPSConnection(
        "127.0.0.1", server.port, context=ssl.create_default_context(), timeout=5
    )
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", SUBSCRIPTIONS)
    connection.close()


def test_a_stalled_handshake_and_plain_http_hold_nobody_up(
    server: ArmServer, client: Client
) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        with socket.create_connection(("127.0.0.1", server.port)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            plain.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                assert not plain.recv(100).startswith(b"HTTP")
        started = time.monotonic()
        assert client.get(SUBSCRIPTIONS).status == 200
        assert time.monotonic() - started < 2
        silent.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: -3\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"BREW / HTTP/1.1\r\n\r\n", b"501"),
    ],
)
def test_broken_http_gets_an_arm_body_and_the_end(
    server: ArmServer, certificate: ServerCertificate, head: bytes, status: bytes
) -> None:
    answer = _answer_to(server, certificate, head)
    assert status in answer.partition(b"\r\n")[0] or head == b"nonsense\r\n\r\n"
    assert b'{"error": {"code": "BadRequest"' in answer


def test_a_cut_body_is_no_request(
    server: ArmServer, certificate: ServerCertificate, site: Site
) -> None:
    before = dict(site.counters)
    with _secured(server, certificate) as connection:
        connection.sendall(
            b"PUT /x HTTP/1.1\r\nAuthorization: Bearer right\r\nContent-Length: 90\r\n\r\n{"
        )
        connection.shutdown(socket.SHUT_WR)
    assert dict(site.counters) == before


def test_it_ends_with_connections_open_and_starts_again_on_its_port(
    site: Site, certificate: ServerCertificate
) -> None:
    server = ArmServer(site, certificate, LabCredentials(token="right"))
    server.stop()  # never started
    before = threading.active_count()
    server.start()
    port, url = server.port, server.url
    client = Client(server, certificate, "right")
    assert client.get(SUBSCRIPTIONS).status == 200
    server.stop()
    server.stop()
    deadline = time.monotonic() + 2
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
    with pytest.raises((OSError, http.client.HTTPException)):
        client.get(SUBSCRIPTIONS)
    client.connection.close()
    server.start()
    assert (server.port, server.url) == (port, url)
    again = Client(server, certificate, "right")
    assert again.get(SUBSCRIPTIONS).status == 200
    again.connection.close()
    server.stop()


def test_many_clients_at_once(server: ArmServer, certificate: ServerCertificate) -> None:
    statuses: list[int] = []

    def one() -> None:
        client = Client(server, certificate, "right")
        statuses.extend(client.get(SUBSCRIPTIONS).status for _ in range(5))
        client.connection.close()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 60
