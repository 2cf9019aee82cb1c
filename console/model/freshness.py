"""Whose word a fact is, when it was read, and what went wrong when it could not be."""

import enum

import msgspec

# Ends a text that was cut: a secret may stand cut before it, and is known by that.
CUT = "…"


def cut(text: str, most: int) -> str:
    """``text``, or so much of it that it is ``most`` characters long with the sign of the cut."""
    return text if len(text) <= most else text[: most - len(CUT)] + CUT


class Wire(enum.StrEnum):
    """The two planes that the console joins."""

    ARM = "arm"
    CLUSTER = "cluster"


class FaultCode(enum.StrEnum):
    """Every way a wire can fail that a person can do something about."""

    WRONG_CREDENTIALS = "wrong_credentials"
    SIGN_IN_REQUIRED = "sign_in_required"  # only a person can go on; what waits for it waits
    UNTRUSTED_CERTIFICATE = "untrusted_certificate"
    REFUSED = "refused"  # nothing listens there
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"  # name resolution, routing, connection reset
    MALFORMED = "malformed"  # an answer that does not decode
    MISSING_FUNCTION = "missing_function"  # the node lacks our module or a function of it
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    UNKNOWN_WORD = "unknown_word"  # an enum word that the translate tables do not know
    FOREIGN_HOST = "foreign_host"  # the server named a host outside the profile's allow-list
    REJECTED = "rejected"  # the request was understood and refused (validation, quota)
    LOST = "lost"  # contact lost after sending: the outcome is not known


class Fault(msgspec.Struct, frozen=True, gc=False):
    """One thing that went wrong, in words for a person. Never holds a secret.

    ``summary`` says what happened to what, ``kept`` what is still true, ``remedy`` what to do next;
    ``detail`` is the technical text behind one click.
    """

    code: FaultCode
    summary: str
    remedy: str = ""
    kept: str = ""
    detail: str = ""
    at: float | None = None
    # Came beside good data (one node of many silent, one row unreadable): the wire is not down.
    is_partial: bool = False


class WireReading(msgspec.Struct, frozen=True):
    """State of one wire: when it last answered well, and its present faults if any.

    ``read_at`` is None when it never answered. ``UNKNOWN_WORD`` faults come beside good data.
    """

    wire: Wire
    read_at: float | None = None
    interval: float = 10.0
    faults: tuple[Fault, ...] = ()

    def is_stale(self, now: float) -> bool:
        """Data older than three refresh intervals is drawn as stale (design/product.md)."""
        return self.read_at is None or now - self.read_at > 3 * self.interval

    @property
    def is_down(self) -> bool:
        return any(
            fault.code is not FaultCode.UNKNOWN_WORD and not fault.is_partial
            for fault in self.faults
        )
