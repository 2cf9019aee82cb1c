"""The bad wires are as bad as they say: else what goes through them would prove nothing."""

import socket
import ssl

import pytest

from console.lab.certificate import ServerCertificate
from tests.faults.proxy import FINE, Mood, proxies


@pytest.mark.parametrize("is_trusting", [False, True])
def test_a_stranger_is_refused_and_one_who_trusts_it_is_found_out(is_trusting: bool) -> None:
    context = ssl.create_default_context(cadata=ServerCertificate().ca_pem.decode())
    if is_trusting:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with proxies([("127.0.0.1", 1)], 1) as (proxy,):
        proxy.mood = Mood("other certificate", has_other_certificate=True)
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as wire:
            if is_trusting:
                with context.wrap_socket(wire, server_hostname="localhost") as secure:
                    secure.sendall(b"a token")
                    assert secure.recv(10) == b""
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    context.wrap_socket(wire, server_hostname="localhost")
    assert proxy.told_to_stranger == (b"a token" if is_trusting else b"")


@pytest.mark.parametrize("is_bad", [False, True])
def test_garbage_comes_in_place_of_the_answer(is_bad: bool) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        proxies([listener.getsockname()], 1) as (proxy,),
    ):
        proxy.mood = Mood("garbage", is_garbage=True) if is_bad else FINE
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as wire:
            wire.sendall(b"asked")
            taken, _ = listener.accept()
            with taken:
                assert taken.recv(10) == b"asked"
                taken.sendall(b"answered")
                assert (wire.recv(10) == b"answered") is not is_bad
