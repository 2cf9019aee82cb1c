"""The command palette: found by a few letters, done by Enter, and told why not."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from console.ui.main_window import MainWindow
from console.ui.models.palette_ranking import best, score
from console.ui.views.palette import Palette
from tests.ui.conftest import RecordingBridge, answer, settle

ANY = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def palette(window: MainWindow) -> Palette:
    window.activateWindow()
    window.map.setFocus()
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    settle()
    found = window.findChild(Palette)
    assert found is not None
    assert found.isVisible()
    return found


def type_in(palette: Palette, text: str) -> list[str]:
    palette.field.clear()
    QTest.keyClicks(palette.field, text)
    return [item.title for item in palette._shown]


def test_a_better_place_of_the_letters_comes_first() -> None:
    texts = [
        (text.casefold(), "", text) for text in ("Stop…", "app-05", "Drain…", "Restart…", "Start")
    ]
    assert best("start", texts, 9) == ["Start", "Restart…"]
    assert best("ap5", texts, 9) == ["app-05"]
    assert best("zz", texts, 9) == []
    assert best("", texts, 2) == ["Stop…", "app-05"]
    assert score("move node", "move to node…") is not None
    assert score("move nude", "move to node…") is None


def test_further_words_find_it_after_every_name_that_has_them() -> None:
    texts = [
        ("light colours", "settings theme", "colours"),
        ("app-05", "", "vm"),
        ("offsettings", "", "name"),
    ]
    assert best("settings", texts, 9) == ["name", "colours"]
    assert best("light theme", texts, 9) == ["colours"]
    assert best("heme", texts, 9) == [], "nobody sees these words: only their start is typed"


@pytest.mark.parametrize("typed", ["settings", "preferences", "options"])
def test_what_can_be_set_is_found_by_the_words_of_other_programs(
    window: MainWindow, palette: Palette, typed: str
) -> None:
    found = type_in(palette, typed)
    assert {"Connections…", "Notifications…", "Dark colours", "High contrast"} <= set(found)
    palette.reject()
    settle()


def test_acts_on_what_is_selected_have_further_words_too(
    window: MainWindow, palette: Palette
) -> None:
    assert type_in(palette, "migrate")[0] == "Move to node…"
    assert type_in(palette, "evacuate")[0] == "Drain…"
    palette.reject()
    settle()


def test_colours_are_changed_by_the_word_theme(window: MainWindow, palette: Palette) -> None:
    assert type_in(palette, "theme dark") == ["Dark colours"]
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    settle()
    assert window._settings.theme == "dark"
    window.set_theme("light")


def test_a_vm_is_reached_by_its_name(window: MainWindow, palette: Palette) -> None:
    assert type_in(palette, "app-05")[0] == "app-05"
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    settle()
    vm = window._store.inventory.vm_named("app-05")
    assert vm is not None
    assert window.map.selected == {vm.key}


def test_an_action_is_done_on_what_is_selected(window: MainWindow, bridge: RecordingBridge) -> None:
    from console.ui.forms.choose_node import ChooseNode

    vm = window._store.inventory.vm_named("app-05")
    assert vm is not None
    window.map.select({vm.key}, cursor=vm.key)
    window.open_palette()
    palette = window.findChild(Palette)
    assert palette is not None
    assert type_in(palette, "move to")[0] == "Move to node…"
    assert "app-05" in palette._shown[0].detail
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    settle()
    chooser = window.findChild(ChooseNode)
    assert chooser is not None
    chooser.reject()


def test_a_node_is_drained_by_its_name_though_none_is_chosen(
    window: MainWindow, palette: Palette, bridge: RecordingBridge
) -> None:
    titles = type_in(palette, "drain n2")
    assert titles[0] == "Drain LAB-N2…"
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    settle()
    answer(window, "Drain")
    assert [type(each).__name__ for each in bridge.requests] == ["DrainNode"]
    assert bridge.requests[0].node == "LAB-N2"


def test_what_cannot_be_done_is_shown_with_its_reason_and_not_done(
    window: MainWindow, palette: Palette, bridge: RecordingBridge
) -> None:
    titles = type_in(palette, "delete")
    assert titles[0] == "Delete…"
    hint = palette.findChild(QLabel, "palette_hint")
    assert hint is not None
    assert hint.text() == "Select a VM first."
    assert "Select a VM first." in palette.field.accessibleDescription()
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    settle()
    assert palette.isVisible()
    assert bridge.requests == []
    palette.reject()


def test_arrows_choose_while_the_keyboard_stays_in_the_field(
    window: MainWindow, palette: Palette
) -> None:
    type_in(palette, "avd")
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentRow() == 1
    assert palette._shown[1].title in palette.field.accessibleDescription()
    QTest.keyClick(palette.field, Qt.Key.Key_Up)
    QTest.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentRow() == 0
    QTest.keyClick(palette, Qt.Key.Key_Escape)
    settle()
    assert window.findChild(Palette) is None or not palette.isVisible()


def test_every_action_of_the_menus_is_in_it(window: MainWindow, palette: Palette) -> None:
    titles = {item.title for *_, item in palette._known}
    for entry in window.actions_table.entries:
        assert entry.text.replace("&", "") in titles
    for shown in window._window_entries:
        assert shown.text.replace("&", "") in titles
    palette.reject()
