"""Packed figures come back as they were, whatever the keys look like."""

import contextlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.channel.frames import ChannelBroken
from console.channel.packing import (
    pack_metrics,
    packed_change,
    unpack_metrics,
    unpacked_change,
)
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import VmMetrics

_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=50)
_GUIDS = st.uuids().map(str)
_KEYS = st.one_of(_GUIDS, _GUIDS.map(str.upper), _TEXT)
_MEMORY = st.none() | st.integers(0, 2**32 - 2)
_FIGURES = st.builds(VmMetrics, st.none() | st.integers(0, 254), _MEMORY, _MEMORY)


@given(st.dictionaries(_KEYS, _FIGURES, max_size=30))
def test_round_trip(figures: dict[str, VmMetrics]) -> None:
    assert dict(unpack_metrics(pack_metrics(figures.items()))) == figures


@given(st.dictionaries(_KEYS, _FIGURES, max_size=5), st.data())
def test_cut_or_changed_bytes_never_raise_anything_else(
    figures: dict[str, VmMetrics], data: st.DataObject
) -> None:
    packed = bytearray(pack_metrics(figures.items()))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(packed)))
    with contextlib.suppress(ChannelBroken):
        unpack_metrics(bytes(packed[:cut]))


def test_figures_out_of_range_are_cut() -> None:
    packed = pack_metrics([("vm", VmMetrics(1000, -5, 2**40))])
    assert unpack_metrics(packed) == (("vm", VmMetrics(254, 0, 2**32 - 2)),)


def test_two_thousand_vms_fit_in_seventy_kilobytes() -> None:
    figures = [(str(uuid.UUID(int=n)), VmMetrics(n % 100, n, n)) for n in range(2000)]
    assert len(pack_metrics(figures)) <= 33 * 2000 + 16


def test_a_delta_travels_packed() -> None:
    delta = SnapshotDelta(removed=("gone",), metrics=(("vm", VmMetrics(1, 2, 3)),))
    message = packed_change(delta)
    assert message.delta.metrics == ()
    assert unpacked_change(message) == delta
    nothing = SnapshotDelta(removed=("gone",))
    assert unpacked_change(packed_change(nothing)) == nothing


@pytest.mark.parametrize("packed", [b"", b"\x01" + b"\0" * 8, b"\x02" + b"\xff" * 8])
def test_bytes_of_another_layout_are_refused(packed: bytes) -> None:
    with pytest.raises(ChannelBroken):
        unpack_metrics(packed)
