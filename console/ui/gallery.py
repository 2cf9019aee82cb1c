"""A picture of any view: ``python -m console.ui.gallery VIEW --scenario S --theme T --out F``.

The scenario is read from a lab over its sockets, by the console itself (``console snapshot``), or
from a file that it printed before (``--snapshot``). ``--list`` names the views.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from console.model.fleet import FleetSnapshot
from console.model.snapshot import ClusterSnapshot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_SETTLE_ROUNDS = 30


def read_scenario(name: str) -> ClusterSnapshot:
    """The scenario as the console reads it from a lab. Raises CalledProcessError."""
    answer = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "console", "snapshot", "--scenario", name],
        capture_output=True,
        check=True,
    )
    return msgspec.msgpack.decode(answer.stdout, type=ClusterSnapshot)


def read_fleet(name: str) -> FleetSnapshot:
    """The scenario's fleet as the console reads it from a lab. Raises CalledProcessError."""
    answer = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "console", "snapshot", "--fleet", "--scenario", name],
        capture_output=True,
        check=True,
    )
    return msgspec.msgpack.decode(answer.stdout, type=FleetSnapshot)


def freshened(snapshot: ClusterSnapshot) -> ClusterSnapshot:
    """The same, read just now: a stored picture of a fresh cluster is not stale."""
    now = time.time()
    replace = msgspec.structs.replace
    return replace(
        snapshot,
        arm=replace(snapshot.arm, read_at=now),
        cluster_wire=replace(snapshot.cluster_wire, read_at=now),
        nodes=tuple(replace(n, read_at=now if n.read_at else None) for n in snapshot.nodes),
    )


def main(arguments: list[str] | None = None) -> int:
    from console.ui import gallery_fleet, gallery_views

    names = sorted({*gallery_views.VIEWS, *gallery_fleet.VIEWS})
    parser = argparse.ArgumentParser(prog="console.ui.gallery", description=__doc__)
    parser.add_argument("view", nargs="?", choices=names)
    parser.add_argument("--scenario", default="small")
    parser.add_argument("--snapshot", type=Path, help="a file made by 'console snapshot'")
    parser.add_argument("--theme", default="light", choices=("light", "dark", "contrast"))
    parser.add_argument("--size", default="1360x860", help="WIDTHxHEIGHT")
    parser.add_argument("--scale", default="1", help="device pixels a point, as 1.5")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list", action="store_true", help="name the views and leave")
    options = parser.parse_args(arguments)
    if options.list or options.view is None or options.out is None:
        print("\n".join(names))  # noqa: T201 - this is its output
        return 0 if options.list else 2
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = options.scale
    width, height = (int(part) for part in options.size.split("x"))
    if options.view in gallery_fleet.VIEWS:
        if options.snapshot is not None:
            data = options.snapshot.read_bytes()
            fleet = msgspec.msgpack.decode(data, type=FleetSnapshot)
        else:
            fleet = read_fleet("fleet")
        make = gallery_fleet.VIEWS[options.view]
        return _draw(options, lambda folder: make(fleet, folder), width, height)
    if options.snapshot is not None:
        data = options.snapshot.read_bytes()
        snapshot = msgspec.msgpack.decode(data, type=ClusterSnapshot)
    else:
        snapshot = read_scenario(options.scenario)
    fresh, build = freshened(snapshot), gallery_views.VIEWS[options.view]
    return _draw(options, lambda folder: build(fresh, folder, options.scenario), width, height)


def _draw(
    options: argparse.Namespace, build: "Callable[[Path], QWidget]", width: int, height: int
) -> int:
    from PySide6.QtWidgets import QApplication

    from console.ui import gallery_views, theme

    application = QApplication([])
    theme.apply(options.theme)
    with tempfile.TemporaryDirectory(prefix="tlconsole-gallery-") as folder:
        widget = build(Path(folder))
        widget.resize(width, height)
        widget.show()
        gallery_views.settle(application, _SETTLE_ROUNDS)
        is_saved = widget.grab().save(str(options.out))
        widget.close()
        widget.deleteLater()
        gallery_views.settle(application, 3)
    return 0 if is_saved else 1


if __name__ == "__main__":
    sys.exit(main())
