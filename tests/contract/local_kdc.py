"""A Kerberos realm of one test: an MIT KDC on loopback, a user, and a service with its keytab."""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TOOLS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
_PATH = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"
MISSING = [name for name in _TOOLS if shutil.which(name, path=_PATH) is None] + [
    module for module in ("gssapi", "krb5") if importlib.util.find_spec(module) is None
]
REALM = "LAB.EXAMPLE"


@dataclass
class Realm:
    """``environment`` is what clients and services need to find the realm."""

    folder: Path
    environment: dict[str, str]
    password: str

    def kinit(self, user: str) -> None:
        """A ticket for the user in the realm's credential cache, as signing in to a desktop."""
        self._run(["kinit", f"{user}@{REALM}"], self.password)

    def kadmin(self, *query: str) -> None:
        self._run(["kadmin.local", "-r", REALM, "-q", " ".join(query)])

    def _run(self, command: list[str], given: str = "") -> None:
        told = subprocess.run(
            [shutil.which(command[0], path=_PATH) or command[0], *command[1:]],
            env=self.environment, input=f"{given}\n", capture_output=True, text=True, check=False,
            timeout=30,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr


@contextlib.contextmanager
def local_kdc(folder: Path, user: str, password: str, services: list[str]) -> Iterator[Realm]:
    """``services`` get keys in one keytab, the user a password."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n rdns = false\n"
        " dns_canonicalize_hostname = false\n udp_preference_limit = 1\n"
        f"[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
        f"[domain_realm]\n localhost = {REALM}\n"
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n"
        f"[realms]\n {REALM} = {{\n  database_name = {folder}/principal\n"
        f"  key_stash_file = {folder}/stash\n  acl_file = {folder}/acl\n }}\n"
        f"[logging]\n kdc = FILE:{folder}/kdc.log\n"
    )  # fmt: skip
    environment = {
        "PATH": _PATH,
        "KRB5_CONFIG": str(folder / "krb5.conf"),
        "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        "KRB5_KTNAME": f"FILE:{folder}/keytab",
        "KRB5CCNAME": f"FILE:{folder}/tickets",
    }
    realm = Realm(folder, environment, password)
    realm._run(["kdb5_util", "create", "-s", "-r", REALM, "-P", "word-of-the-database"])
    realm.kadmin("addprinc", "-pw", password, user)
    for service in services:
        realm.kadmin("addprinc", "-randkey", service)
        realm.kadmin("ktadd", "-k", str(folder / "keytab"), service)
    program = shutil.which("krb5kdc", path=_PATH) or "krb5kdc"
    kdc = subprocess.Popen([program, "-n"], env=environment, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield realm
    finally:
        kdc.terminate()
        kdc.wait(10)


def _await(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the KDC did not come up")
