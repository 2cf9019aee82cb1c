"""The fleet's page by keys and mouse: found, selected, explained, exported, and kept current."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from console.model.fleet import FleetValues, unpack_part
from console.ui import theme
from console.ui.fleet_store import FleetStore
from console.ui.models.saved_views import SavedView
from console.ui.views.fleet.fleet_page import FleetPage
from tests.fleet_sample import fleet_snapshot
from tests.ui.conftest import settle

VMS = 2_000


@pytest.fixture
def fleet(qapp: QApplication) -> FleetStore:
    theme.apply("light")
    store = FleetStore()
    store.load_stored(fleet_snapshot(VMS, 20))
    return store


@pytest.fixture
def page(fleet: FleetStore, tmp_path: Path) -> Iterator[FleetPage]:
    made = FleetPage(fleet, tmp_path)
    fleet.setParent(made)
    made.resize(1300, 820)
    made.show()
    QTest.qWaitForWindowExposed(made)
    done(made)
    yield made
    made.close()
    made.deleteLater()
    settle()


def done(page: FleetPage) -> None:
    """Have everything that goes on in slices come to its end."""
    page.groups.finish()
    page.rows.finish()
    settle()
    page.wall.finish()
    settle()


def keys(page: FleetPage, text: str) -> None:
    QTest.keyClicks(page.search, text)
    done(page)


def change(fleet: FleetStore, column: str, slots: list[int], values: list[int]) -> None:
    """A part as the worker sends it."""
    packed = bytes(values) if column == "level" else array("I", values)
    fleet.take(FleetValues(fleet.generation, fleet.size, array("I", slots), {column: packed}, {}))
    fleet.finish()


def test_typing_finds_and_the_count_tells(page: FleetPage, fleet: FleetStore) -> None:
    keys(page, fleet.texts["name"][1_234])
    assert list(page.rows.visible) == [1_234]
    assert page._found.text() == f"1 of {VMS:,} VMs"
    page.search.clear()
    done(page)
    assert len(page.rows.visible) == VMS


def test_every_count_is_a_link_to_its_rows(page: FleetPage, fleet: FleetStore) -> None:
    link = page.findChild(QToolButton, "fleet_count_critical")
    assert link is not None
    told = int(link.text().split()[0].replace(",", ""))
    QTest.mouseClick(link, Qt.MouseButton.LeftButton)
    done(page)
    assert len(page.rows.visible) == told > 0
    assert {fleet.level(slot).name for slot in page.rows.visible} == {"CRITICAL"}
    index = page.tree.model.index(2, 0)
    page.tree.view.clicked.emit(index)
    done(page)
    assert len(page.rows.visible) == page.tree.model.index(2, 1).data()


def test_chips_are_terms_of_the_search(page: FleetPage) -> None:
    chip = page.findChild(QToolButton, "fleet_chip_red")
    assert chip is not None
    keys(page, "sql")
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert page.search.text() == "sql health:critical"
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert page.search.text() == "sql"
    assert not chip.isChecked()


def test_a_red_vm_is_found_and_told_by_f8(page: FleetPage, fleet: FleetStore) -> None:
    page.search.setFocus()
    QTest.keyClick(page.search, Qt.Key.Key_F8)
    done(page)
    slot = page.list.cursor_slot
    assert fleet.level(slot).name == "CRITICAL"
    assert page.wall.cursor_slot == slot
    assert "last work" in page.story.story.text
    assert page.story._title.text() == fleet.texts["name"][slot]


def test_a_click_on_the_wall_selects_that_vm(page: FleetPage, fleet: FleetStore) -> None:
    page.wall.set_zoom(6)
    settle()
    slot = page.groups.groups[0].slots[3]
    point = page.wall.tile_rect(slot).center().toPoint()
    QTest.mouseClick(page.wall.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert page.wall.selected == {slot} == page.list.selected
    assert page.story.slot == slot
    other = page.groups.groups[0].slots[5]
    QTest.mouseClick(
        page.wall.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
        page.wall.tile_rect(other).center().toPoint(),
    )
    assert page.wall.selected == {slot, other}


def test_a_lasso_catches_the_tiles_under_it(page: FleetPage) -> None:
    wall = page.wall
    wall.set_zoom(5)
    settle()
    group = page.groups.groups[0].slots
    start = wall.tile_rect(group[0]).center().toPoint()
    columns = wall._picture.layout.blocks[0].columns
    end = wall.tile_rect(group[columns + 2]).center().toPoint()
    QTest.mousePress(wall.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        QTest.mouseMove(wall.viewport(), start + (end - start) * step / 5)
    QTest.mouseRelease(wall.viewport(), Qt.MouseButton.LeftButton, pos=end)
    expected = {*group[0:3], *group[columns : columns + 3]}
    assert wall.selected == expected
    assert "6 selected" in page._found.text()


def test_keys_move_over_the_wall_and_zoom_holds_the_vm(page: FleetPage) -> None:
    wall = page.wall
    wall.setFocus()
    QTest.keyClick(wall, Qt.Key.Key_Home)
    first = wall.cursor_slot
    assert first == page.groups.groups[0].slots[0]
    QTest.keyClick(wall, Qt.Key.Key_Right)
    assert wall.cursor_slot == page.groups.groups[0].slots[1]
    QTest.keyClick(wall, Qt.Key.Key_Left)
    QTest.keyClick(wall, Qt.Key.Key_Left)
    assert wall.cursor_slot == first  # before the first there is nothing
    for _ in range(12):
        QTest.keyClick(wall, Qt.Key.Key_Plus)
        rect = wall.tile_rect(wall.cursor_slot).toRect()
        assert wall.viewport().rect().intersects(rect)
    QTest.keyClick(wall, Qt.Key.Key_0)
    assert wall.is_fitted


def test_what_changes_is_another_pixel_at_once(page: FleetPage, fleet: FleetStore) -> None:
    slot = page.groups.groups[4].slots[7]
    rect = page.wall.tile_rect(slot).center().toPoint()
    before = page.wall.viewport().grab().toImage().pixelColor(rect)
    red = [level.name for level in (fleet.level(s) for s in range(5))]
    assert red
    change(fleet, "level", [slot], [4])
    QTest.qWait(40)
    after = page.wall.viewport().grab().toImage().pixelColor(rect)
    assert before != after
    assert after.name() == theme.current().critical
    counts = page.groups.groups[4].counts
    assert counts[4] >= 1


def test_rows_stay_where_they_are_while_data_refresh(page: FleetPage, fleet: FleetStore) -> None:
    page.show_part(1)
    page.rows.sort_by("name", True)
    done(page)
    order = list(page.rows.visible)
    page.list.set_cursor(100)
    slot = page.list.cursor_slot
    change(fleet, "level", order[90:120], [2] * 30)
    done(page)
    assert list(page.rows.visible) == order
    assert page.list.cursor_slot == slot
    assert page.list.selected == {slot}


def test_a_vm_that_turns_red_joins_the_red_ones_and_one_that_does_not_leaves(
    page: FleetPage, fleet: FleetStore
) -> None:
    keys(page, "health:critical")
    before = list(page.rows.visible)
    fresh = next(slot for slot in range(VMS) if fleet.levels[slot] == 0)
    change(fleet, "level", [fresh], [4])
    assert list(page.rows.visible) == [*before, fresh]
    change(fleet, "level", [before[0]], [0])
    QTest.qWait(320)
    done(page)
    assert list(page.rows.visible) == [*before[1:], fresh]


def test_a_vm_that_is_gone_leaves_rows_groups_and_story(page: FleetPage, fleet: FleetStore) -> None:
    page.list.set_cursor(10)
    slot = page.list.cursor_slot
    change(fleet, "level", [slot], [255])
    assert fleet.count == VMS - 1
    QTest.qWait(450)
    done(page)
    assert slot not in page.rows.visible
    assert page.groups.group_of[slot] == -1
    assert "gone" in page.story._title.text()
    assert page.wall.spoken_vm(slot) == ""


def test_sorting_by_any_column_is_an_order_of_all(page: FleetPage, fleet: FleetStore) -> None:
    from console.ui.models.fleet_columns import COLUMNS

    for column in COLUMNS:
        page.rows.sort_by(column.id, False)
        page.rows.finish()
        assert sorted(page.rows.visible) == list(range(VMS)), column.id
    page.rows.sort_by("name", False)
    page.rows.finish()
    names = [fleet.texts["name"][slot] for slot in page.rows.visible]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "by", ["subscription", "group", "owner", "level", "power", "security", "os", "tag:ring"]
)
def test_every_division_holds_every_vm_once_and_links_to_it(page: FleetPage, by: str) -> None:
    page.groups.divide_by(by)
    done(page)
    slots = [slot for group in page.groups.groups for slot in group.slots]
    assert sorted(slots) == list(range(VMS))
    for group in page.groups.groups:
        page.show_term(group.term)
        page.rows.finish()
        assert set(page.rows.visible) == set(group.slots), group.term
        assert sum(group.counts) == len(group.slots)


def test_csv_is_written_in_another_thread(page: FleetPage, tmp_path: Path, qtbot) -> None:
    keys(page, "health:critical")
    path = tmp_path / "red.csv"
    with qtbot.waitSignal(page.said, timeout=5_000) as told:
        page.export(str(path))
    assert str(path) in told.args[0]
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == len(page.rows.visible) + 1
    with qtbot.waitSignal(page.failed, timeout=5_000) as failed:
        page.export(str(tmp_path / "no" / "such.csv"))
    assert "was not written: No such file or directory" in failed.args[0].summary


def test_a_view_is_kept_for_the_next_start(
    page: FleetPage, fleet: FleetStore, tmp_path: Path
) -> None:
    keys(page, "owner:erp health:red")
    page.views.keep()
    settle()
    other = FleetPage(fleet, tmp_path)
    settle()
    assert other.views.own == (SavedView("owner:erp health:red", "owner:erp health:red"),)
    other.show_view(other.views.own[0])
    done(other)
    assert set(other.rows.visible) == set(page.rows.visible)
    other.deleteLater()
    settle()


def test_columns_are_chosen(page: FleetPage) -> None:
    shown = [column.id for column in page.list.shown_columns()]
    page.list.header.show_column(2, is_shown=False)
    assert [column.id for column in page.list.shown_columns()] == [
        one for one in shown if one != "power"
    ]


def test_a_screen_reader_is_told_groups_and_vms(page: FleetPage, fleet: FleetStore) -> None:
    told = QAccessible.queryAccessibleInterface(page.wall)
    assert told is not None
    assert told.childCount() == len(page.groups.groups) == 20
    group = told.child(1)
    assert "VMs" in group.text(QAccessible.Text.Name)
    tile = group.child(3)
    slot = page.groups.groups[1].slots[3]
    name = tile.text(QAccessible.Text.Name)
    assert name.startswith(fleet.texts["name"][slot])
    assert str(fleet.level(slot)) in name
    assert tile.role() == QAccessible.Role.ListItem
    page.wall.set_zoom(6)
    point = page.wall.tile_rect(page.groups.groups[0].slots[2]).center().toPoint()
    screen = page.wall.viewport().mapToGlobal(QPoint(point))
    at = told.childAt(screen.x(), screen.y())
    assert at.text(QAccessible.Text.Name) == page.wall.spoken_vm(page.groups.groups[0].slots[2])


def test_what_is_old_is_drawn_fainter_than_what_is_fresh(
    page: FleetPage, fleet: FleetStore
) -> None:
    import msgspec

    slot = page.groups.groups[0].slots[0]
    point = page.wall.tile_rect(slot).center().toPoint()
    before = page.wall.viewport().grab().toImage().pixelColor(point)
    fleet.tell(None, tuple(msgspec.structs.replace(r, read_at=1.0) for r in fleet.readings))
    settle()
    after = page.wall.viewport().grab().toImage().pixelColor(point)
    ground = theme.current().color("window")

    def distance(color) -> int:
        pairs = zip(color.getRgb()[:3], ground.getRgb()[:3], strict=True)
        return sum(abs(a - b) for a, b in pairs)

    assert distance(after) < distance(before)
    assert "oldest" in page._read.text()


def test_another_generation_starts_from_nothing(page: FleetPage, fleet: FleetStore) -> None:
    part = unpack_part(fleet_snapshot(600, 8).part)
    fleet.take(part._replace(generation="another"))
    fleet.finish()
    QTest.qWait(450)
    done(page)
    assert fleet.count == 600
    assert len(page.rows.visible) == 600
    assert len(page.groups.groups) == 8


def test_what_is_typed_before_the_first_rows_stand_is_found_all_the_same(
    qapp: QApplication, tmp_path: Path
) -> None:
    store = FleetStore()
    store.load_stored(fleet_snapshot(20_000, 40))
    made = FleetPage(store, tmp_path)
    store.setParent(made)
    made.search.setText("health:critical")
    made.rows.finish()
    levels = {store.level(slot).name for slot in made.rows.visible}
    assert levels == {"CRITICAL"}
    made.search.clear()
    made.rows.finish()
    assert len(made.rows.visible) == 20_000
    made.deleteLater()
    settle()


def test_slots_that_a_new_worker_does_not_know_go_when_it_has_read_everything(
    page: FleetPage, fleet: FleetStore
) -> None:
    import msgspec

    part = unpack_part(fleet_snapshot(VMS, 20).part)
    fewer = part._replace(
        size=1_500,
        slots=range(1_500),
        columns={name: column[:1_500] for name, column in part.columns.items()},
    )
    fleet.take(fewer)
    fleet.finish()
    going_on = tuple(msgspec.structs.replace(r, is_going_on=True) for r in fleet.readings)
    fleet.tell(None, going_on)
    assert fleet.count == VMS  # it is still reading
    fleet.tell(None, tuple(msgspec.structs.replace(r, is_going_on=False) for r in going_on))
    assert fleet.count == 1_500
    QTest.qWait(450)
    done(page)
    assert len(page.rows.visible) == 1_500


def test_the_few_that_a_search_finds_are_seen_among_tiny_tiles(
    page: FleetPage, fleet: FleetStore
) -> None:
    red = next(slot for slot in range(VMS) if fleet.level(slot).name == "CRITICAL")
    page.wall.set_zoom(0)
    keys(page, fleet.texts["name"][red])
    rect = page.wall.tile_rect(red).toRect()
    image = page.wall.viewport().grab().toImage()
    beside = image.pixelColor(rect.center() + QPoint(2, 0))
    assert beside.name() == theme.current().critical
