"""Frames survive pieces and refuse garbage."""

import io

import pytest

from console.channel import frames
from console.channel.frames import ChannelBroken, pack_frame, read_frame


class InPieces(io.BytesIO):
    """A pipe that hands out three bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 3))


def test_two_frames_in_pieces_then_a_clean_end() -> None:
    source = InPieces(pack_frame(b"first") + pack_frame(b"the second"))
    assert read_frame(source) == b"first"
    assert read_frame(source) == b"the second"
    assert read_frame(source) is None


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x00",
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xffabc",
        b"Traceback (most recent call last)",
        pack_frame(b"whole")[:-1],
    ],
)
def test_garbage_breaks_the_channel(garbage: bytes) -> None:
    with pytest.raises(ChannelBroken):
        read_frame(io.BytesIO(garbage))


def test_a_payload_over_the_cap_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME_BYTES", 10)
    assert pack_frame(b"x" * 10)
    with pytest.raises(ChannelBroken):
        pack_frame(b"x" * 11)
