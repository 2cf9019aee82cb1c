"""Where Azure and the cluster disagree, the VM's tile says so: by a sign, in its tip, aloud."""

from console.ui.main_window import MainWindow
from console.ui.store import Store
from tests.ui.conftest import settle
from tests.ui.sample import snapshot

OLD_S = 3 * 3600.0


def test_the_tile_of_a_vm_that_is_told_of_twofold(window: MainWindow, store: Store) -> None:
    store.replace(snapshot("degraded"))
    window.health.watch.finish_look()
    assert store.disagreeing == {}  # too young to mean anything
    window.health.watch.age(OLD_S)
    window.health.watch.finish_look()
    settle()
    told = {each.found.vm_key for each in window.health.watch.disagreements_to_tell}
    assert told
    assert set(store.disagreeing) == told
    key = next(iter(told))
    face = window.map._face(key)
    assert face is not None
    assert face.look.disagrees
    assert "Azure and the cluster disagree" in window.map.spoken_vm(key)
    assert "Azure says " in window.map._tip(window.map.tile_rect(key).center())
    other = next(vm for vm in store.inventory.vms if vm not in told)
    assert "disagree" not in window.map.spoken_vm(other)


def test_who_agrees_again_loses_it_at_once(window: MainWindow, store: Store) -> None:
    small = snapshot("small")
    store.replace(small)
    key = small.vms[0].key
    looks: list[tuple[str, ...]] = []
    store.levels_changed.connect(looks.append)
    store.tell_disagreeing({key: "Azure says Stopped, the cluster Running"})
    store.tell_disagreeing({key: "Azure says Stopped, the cluster Running"})
    store.tell_disagreeing({})
    assert looks == [(key,), (key,)]
