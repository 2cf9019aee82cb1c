"""Messages keep their types across the pipe; anything else breaks it."""

import msgspec
import pytest

from console.channel.codec import decode_for_window, decode_for_worker, encode
from console.channel.frames import ChannelBroken
from console.channel.messages import OperationChanged, Ping, Pong, Submit
from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate

MOVE = LiveMigrate("key", "vm", "N1", "N2")


def test_a_submit_and_a_record_come_back_equal() -> None:
    submit = Submit("op", MOVE, group_id="g", secrets={"admin_password": "x"})
    assert decode_for_worker(encode(submit)) == submit
    changed = OperationChanged(OperationRecord("op", MOVE, "Move", OperationState.RUNNING, 1.0))
    assert decode_for_window(encode(changed)) == changed


@pytest.mark.parametrize(
    "payload",
    [
        b"\xc1",
        b"",
        msgspec.msgpack.encode({"type": "ping", "number": "one"}),
        msgspec.msgpack.encode({"type": "format_disk"}),
        b"\x91" * 100_000,
    ],
)
def test_garbage_is_refused_in_both_directions(payload: bytes) -> None:
    with pytest.raises(ChannelBroken):
        decode_for_worker(payload)
    with pytest.raises(ChannelBroken):
        decode_for_window(payload)


def test_a_message_of_the_other_direction_is_refused() -> None:
    with pytest.raises(ChannelBroken):
        decode_for_window(encode(Ping(1)))
    with pytest.raises(ChannelBroken):
        decode_for_worker(encode(Pong(1)))


def test_text_without_a_utf8_form_is_refused() -> None:
    with pytest.raises(ChannelBroken):
        encode(Submit("op", LiveMigrate("key", "\ud800", "N1", "N2")))
