"""Messages to bytes and back: msgpack, typed in both directions."""

import msgspec

from console.channel.frames import ChannelBroken
from console.channel.messages import ToWindow, ToWorker

_encoder = msgspec.msgpack.Encoder()
_to_window: msgspec.msgpack.Decoder[ToWindow] = msgspec.msgpack.Decoder(ToWindow)
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)


def encode(message: ToWindow | ToWorker) -> bytes:
    """A frame's payload. Raises ChannelBroken for text that has no UTF-8 form."""
    try:
        return _encoder.encode(message)
    except (UnicodeEncodeError, OverflowError) as error:
        raise ChannelBroken(f"{type(message).__name__} cannot be written: {error}") from error


def decode_for_window(payload: bytes) -> ToWindow:
    """What the worker said. Raises ChannelBroken on anything that is no message to the window."""
    try:
        return _to_window.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ChannelBroken(f"not a message to the window: {error}") from error


def decode_for_worker(payload: bytes) -> ToWorker:
    """What the window said. Raises ChannelBroken on anything that is no message to the worker."""
    try:
        return _to_worker.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ChannelBroken(f"not a message to the worker: {error}") from error
