"""The lab's certificates: a certificate authority and a server certificate made for one run."""

import datetime
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=30)
# What may be wrong with a server's certificate, as ``tlconsole lab --tls`` names it.
DEFECTS = ("wrong-name", "expired", "not-yet-valid", "untrusted")
_DAY = datetime.timedelta(days=1)


class ServerCertificate:
    """A fresh authority and a certificate for 127.0.0.1, ``localhost`` and further host names.

    ``ca_pem`` is public and is what clients must trust; private keys stay in this process.
    ``defect`` (of ``DEFECTS``) spoils it, so that every client has to refuse it.
    """

    def __init__(self, host_names: Sequence[str] = (), defect: str = "") -> None:
        ca_key = ec.generate_private_key(ec.SECP256R1())
        key = ec.generate_private_key(ec.SECP256R1())
        ca = _authority(ca_key)
        leaf = _server(key, ca_key, ca, ("localhost", *host_names), defect)
        signer: bytes = ca.public_bytes(serialization.Encoding.PEM)
        # Of an authority that signed nothing, where the real one shall be unknown.
        stranger = _authority(ec.generate_private_key(ec.SECP256R1()))
        self.ca_pem: bytes = (
            stranger.public_bytes(serialization.Encoding.PEM) if defect == "untrusted" else signer
        )
        self._chain = leaf.public_bytes(serialization.Encoding.PEM) + signer
        self._key = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def server_context(self) -> ssl.SSLContext:
        """For a listening socket. The key is in a private file only while OpenSSL reads it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.TemporaryDirectory(prefix="tlconsole-lab-key-") as folder:
            path = Path(folder) / "server.pem"
            # Exclusive and private from its first moment on.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._chain + self._key)
            context.load_cert_chain(path)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    first: datetime.timedelta = -_DAY,
    last: datetime.timedelta = _LIFETIME,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + first)
        .not_valid_after(now + last)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("trusted-launch-console lab authority")
    return (
        _builder(name, name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    host_names: Sequence[str],
    defect: str,
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    names += [x509.DNSName(name) for name in dict.fromkeys(host_names)]
    if defect == "wrong-name":
        names = [x509.DNSName("elsewhere.lab.example")]
    first = {"expired": -3 * _DAY, "not-yet-valid": 2 * _DAY}.get(defect, -_DAY)
    last = -_DAY if defect == "expired" else _LIFETIME
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _builder(_name("127.0.0.1"), ca.subject, first, last)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
