"""Sessions to all nodes, one a node for each use; silent nodes are passed over."""

from collections.abc import Callable
from typing import Protocol

from console.backends import BackendError
from console.backends.azure_local.connections import ClusterConnection
from console.backends.azure_local.node_catalogue import FUNCTIONS, misuse
from console.backends.azure_local.node_session import (
    PATIENCE_S,
    Parameters,
    PypsrpNodeSession,
)
from console.model.freshness import Fault, FaultCode

# An act may take the cluster a while to accept.
ACT_PATIENCE_S = 30.0
# A year of figures may take a node long to gather.
HISTORY_PATIENCE_S = 45.0
# These are about the account or the profile, not about one node: the next node would say the same.
_SAME_EVERYWHERE = (FaultCode.WRONG_CREDENTIALS, FaultCode.UNTRUSTED_CERTIFICATE)


class NodeSession(Protocol):
    """What this module needs of a session; ``PypsrpNodeSession`` is the one that ships."""

    async def run(
        self,
        function: str,
        parameters: Parameters,
        *,
        is_act: bool = False,
        patience: float = PATIENCE_S,
    ) -> str: ...

    def close(self) -> None: ...


NewSession = Callable[[str, ClusterConnection], NodeSession]


class NodeSessions:
    """Asks nodes by name, or any node that answers. Raises BackendError and NodeRefusal."""

    def __init__(
        self, connection: ClusterConnection, new_session: NewSession = PypsrpNodeSession
    ) -> None:
        self._connection = connection
        self._new_session = new_session
        self._reading: dict[str, NodeSession] = {}
        self._acting: dict[str, NodeSession] = {}
        self._aside: dict[str, NodeSession] = {}
        # The node that answered last is asked first.
        self._favourite = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Nodes that the profile can reach, in its order."""
        return tuple(self._connection.nodes)

    def spelled(self, node: str) -> str | None:
        """The profile's spelling of a node's name, None if it cannot reach it."""
        wanted = node.split(".")[0].casefold()
        return next((n for n in self.names if n.split(".")[0].casefold() == wanted), None)

    async def read(self, node: str, function: str, parameters: Parameters | None = None) -> str:
        """Ask one node."""
        _check(function, parameters or {}, is_act=False)
        session = self._reading.get(node)
        if session is None:
            session = self._reading[node] = self._new_session(node, self._connection)
        return await session.run(function, parameters or {})

    async def read_any(
        self, function: str, parameters: Parameters | None = None, first: str | None = None
    ) -> str:
        """Ask ``first`` and then the others until one answers; raises the first node's fault."""
        failure: BackendError | None = None
        for node in self.in_order(first):
            try:
                text = await self.read(node, function, parameters)
            except BackendError as error:
                failure = failure or error
                if error.fault.code in _SAME_EVERYWHERE:
                    break
            else:
                self._favourite = node
                return text
        raise failure or BackendError(_no_nodes())

    async def read_aside(self, node: str, function: str, parameters: Parameters) -> str:
        """Ask one node something slow, in a session of its own: the watcher's is not held up."""
        _check(function, parameters, is_act=False)
        session = self._aside.get(node)
        if session is None:
            session = self._aside[node] = self._new_session(node, self._connection)
        return await session.run(function, parameters, patience=HISTORY_PATIENCE_S)

    async def act(self, function: str, parameters: Parameters, first: str | None = None) -> str:
        """Send once. Another node is tried only where the call surely did not leave."""
        _check(function, parameters, is_act=True)
        failure: BackendError | None = None
        for node in self.in_order(first):
            session = self._acting.get(node)
            if session is None:
                session = self._acting[node] = self._new_session(node, self._connection)
            try:
                text = await session.run(function, parameters, is_act=True, patience=ACT_PATIENCE_S)
            except BackendError as error:
                if error.was_sent:
                    raise
                failure = failure or error
                if error.fault.code in _SAME_EVERYWHERE:
                    break
            else:
                return text
        raise failure or BackendError(_no_nodes())

    def close(self) -> None:
        for session in (
            *self._reading.values(),
            *self._acting.values(),
            *self._aside.values(),
        ):
            session.close()

    def in_order(self, first: str | None = None) -> list[str]:
        """``first`` if the profile reaches it, then the favourite, then the rest in order."""
        wanted = [self.spelled(first) if first else None, self._favourite or None, *self.names]
        return list(dict.fromkeys(name for name in wanted if name))


def _check(function: str, parameters: Parameters, *, is_act: bool) -> None:
    """Only functions of the catalogue, and only as what they are, leave this house."""
    if FUNCTIONS[function].is_act is not is_act:
        raise ValueError(f"{function} is called as what it is not")
    complaint = misuse(function, parameters)
    if complaint:
        raise BackendError(
            Fault(
                FaultCode.REJECTED,
                summary="The cluster was not asked: a name or id is not one it could take.",
                kept="Nothing was sent.",
                detail=complaint,
            )
        )


def _no_nodes() -> Fault:
    return Fault(
        FaultCode.REJECTED,
        summary="This profile names no node of the cluster.",
        remedy="Add the nodes to the profile.",
    )
