"""The cluster's nodes on loopback: each on a port of its own, all accepted by one thread."""

import contextlib
import selectors
import socket
import ssl
import threading
from typing import Any

from console.lab.access import LabCredentials
from console.lab.certificate import ServerCertificate
from console.lab.world.site import Site
from console.lab.wsman_server.acting_twins import all_twins
from console.lab.wsman_server.connection import Connection, reset
from console.lab.wsman_server.dispatcher import Dispatcher
from console.lab.wsman_server.engine import Engine
from console.lab.wsman_server.pipe import Runner

_FROZEN_LOOK_S = 0.1
_GREETING_S = 1.0


class NodeDoor:
    """One node's listener: its shells, and whether it answers at all."""

    def __init__(
        self,
        site: Site,
        node: str,
        runner: Runner,
        credentials: LabCredentials,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.site = site
        self.node = node
        self.dispatcher = Dispatcher(node, runner)
        self.credentials = credentials
        self.tls = tls
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.listener.getsockname()[1]
        self.is_closing = threading.Event()
        self._open: set[socket.socket] = set()  # also wrapped ones
        self._lock = threading.Lock()

    @property
    def is_down(self) -> bool:
        """No power, or its service is ending; a quarantined node still answers."""
        node = self.site.nodes[self.node]
        return self.is_closing.is_set() or (node.state == "Down" and not node.status_flags)

    def refuses_everybody(self) -> bool:
        return self.site.faults.wrong_password

    def wait_until_answering(self) -> bool:
        """Blocks while the node is frozen, then for its delay; false if it went down meanwhile."""
        node = self.site.nodes[self.node]
        while node.is_frozen and not self.is_closing.wait(_FROZEN_LOOK_S):
            pass
        if node.wsman_delay_s:
            self.is_closing.wait(node.wsman_delay_s)
        return not self.is_down

    def take(self, client: socket.socket) -> None:
        """A connection was accepted; it is served on a thread of its own."""
        with self._lock:
            self._open.add(client)
        threading.Thread(
            target=self._serve, args=(client,), name=f"lab {self.node}", daemon=True
        ).start()

    def close(self) -> None:
        """Hang up on everybody."""
        self.is_closing.set()
        self.listener.close()
        self.dispatcher.close()
        with self._lock:
            for client in self._open:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def _serve(self, client: socket.socket) -> None:
        connection: Any = client
        try:
            with self.site.look():
                pass  # a death that is due is noticed before the first byte
            if self.is_down:
                self.dispatcher.close()
            if not self.wait_until_answering():
                # After the first byte: a client that is reset even before it greets (ssl of
                # Python 3.11) loses its socket.
                client.settimeout(_GREETING_S)
                client.recv(1)
                reset(client)
                return
            address = client.getpeername()
            if self.tls is not None:
                # Shaken hands here, on the connection's own thread: a silent client stalls nobody.
                connection = self.tls.wrap_socket(client, server_side=True)
                with self._lock:
                    self._open.add(connection)
            Connection(connection, address, self)
        except (OSError, ValueError):
            pass  # a client that hangs up, or does not trust us, is none of our concern
        finally:
            with self._lock:
                self._open.discard(client)
                self._open.discard(connection)
            with contextlib.suppress(OSError):
                connection.close()
            client.close()


class WsmanServer:
    """Every node of the site on a port of its own. ``start``, ``stop``, ``ports`` by node name.

    Without ``use_tls`` only Negotiate with sealed messages is accepted, as WinRM does on 5985.
    """

    def __init__(
        self,
        site: Site,
        tls: ServerCertificate,
        credentials: LabCredentials,
        *,
        use_tls: bool = True,
    ) -> None:
        self._site = site
        self._context = tls.server_context() if use_tls else None
        self._credentials = credentials
        self._doors: dict[str, NodeDoor] = {}
        self._wake, self._woken = socket.socketpair()
        self._thread: threading.Thread | None = None

    @property
    def ports(self) -> dict[str, int]:
        return {name: door.port for name, door in self._doors.items()}

    def runner_for(self, node: str) -> Runner:
        """What executes the pipelines of one node; tests put slower ones in its place."""
        return Engine(self._site, node, all_twins(self._site, node))

    def start(self) -> None:
        """Listen on 127.0.0.1, one free port a node."""
        for name in self._site.nodes:
            self._doors[name] = NodeDoor(
                self._site, name, self.runner_for(name), self._credentials, self._context
            )
        self._thread = threading.Thread(target=self._accept, name="lab wsman", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody and end."""
        self._wake.close()
        if self._thread is not None:
            self._thread.join(5)
        for door in self._doors.values():
            door.close()
        self._doors.clear()
        self._woken.close()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            for door in self._doors.values():
                selector.register(door.listener, selectors.EVENT_READ, door)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    with contextlib.suppress(OSError):
                        client, _address = key.data.listener.accept()
                        key.data.take(client)
