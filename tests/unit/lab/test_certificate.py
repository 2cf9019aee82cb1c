import socket
import ssl
import threading

import pytest

from console.lab.access import LabCredentials
from console.lab.certificate import ServerCertificate


def _handshake(certificate: ServerCertificate, ca_pem: bytes, host: str) -> str | None:
    server_end, client_end = socket.socketpair()
    refused: list[str] = []

    def serve() -> None:
        try:
            with certificate.server_context().wrap_socket(server_end, server_side=True) as tls:
                tls.sendall(b"x")
        except OSError as error:
            refused.append(str(error))

    thread = threading.Thread(target=serve)
    thread.start()
    context = ssl.create_default_context(cadata=ca_pem.decode())
    # Newer Pythons verify strictly by default: be as strict on all.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        with context.wrap_socket(client_end, server_hostname=host) as tls:
            tls.recv(1)
            return tls.version()
    finally:
        client_end.close()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LAB-N1"])
def test_client_that_trusts_the_authority_is_served(host: str) -> None:
    certificate = ServerCertificate(("LAB-N1",))
    assert _handshake(certificate, certificate.ca_pem, host) == "TLSv1.3"


def test_other_host_names_and_other_runs_are_not_trusted() -> None:
    certificate, other = ServerCertificate(), ServerCertificate()
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _handshake(certificate, certificate.ca_pem, "LAB-N1")
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(certificate, other.ca_pem, "127.0.0.1")


def test_credentials_differ_each_run_and_do_not_show() -> None:
    one, two = LabCredentials(), LabCredentials()
    assert one.token != two.token
    assert one.password != two.password
    assert one.token not in repr(one)
    assert one.password not in repr(one)
