"""Frames on the pipe: four bytes of length (big-endian), then that many bytes of payload."""

import struct
from typing import Protocol

MAX_FRAME_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")
_CHUNK = 1 << 20


class ChannelBroken(Exception):  # noqa: N818 - a state of the channel, named so
    """The other end sent something that is no frame, or stopped in the middle of one."""


class ByteSource(Protocol):
    """What a frame is read from: a binary stream in blocking mode."""

    def read(self, size: int, /) -> bytes | None: ...


def pack_frame(payload: bytes) -> bytes:
    """One payload with its length in front. Raises ChannelBroken if it is over the cap."""
    if len(payload) > MAX_FRAME_BYTES:
        raise ChannelBroken(f"a message of {len(payload)} bytes is over the cap of a frame")
    return _LENGTH.pack(len(payload)) + payload


def read_frame(source: ByteSource) -> bytes | None:
    """Block for the next payload; None when the other end closed between two frames.

    Raises ChannelBroken on a length over the cap, an empty frame or an end in the middle. The
    length is checked before a byte is read for it, so garbage cannot make us reserve memory.
    """
    head = _read_exactly(source, _LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise ChannelBroken("the pipe ended in the middle of a frame's length")
    (length,) = _LENGTH.unpack(head)
    if not 0 < length <= MAX_FRAME_BYTES:
        raise ChannelBroken(f"a frame announced {length} bytes")
    payload = _read_exactly(source, length)
    if len(payload) < length:
        raise ChannelBroken(f"the pipe ended after {len(payload)} of {length} bytes")
    return payload


def _read_exactly(source: ByteSource, size: int) -> bytes:
    """``size`` bytes, or fewer if the source ends; an unbuffered pipe answers in pieces."""
    parts: list[bytes] = []
    missing = size
    while missing:
        part = source.read(min(missing, _CHUNK))
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
