"""Pages: whole, in order, and right while the list changes."""

import pytest

from console.lab.arm_server.exchange import ArmError
from console.lab.arm_server.paging import PAGE_ROWS, Row, page, read_top
from console.lab.world.site import Site
from tests.unit.lab.arm_server.conftest import Client


def _rows(*keys: str) -> list[Row]:
    return [Row(key, lambda key=key: key) for key in keys]


def test_pages_join_to_the_whole_in_order() -> None:
    rows = _rows("/b", "/A", "/d", "/C", "/e")
    seen, token = [], ""
    while True:
        shown, token = page(rows, token, 2)
        seen.append([row.tell() for row in shown])
        if not token:
            break
    assert seen == [["/A", "/b"], ["/C", "/d"], ["/e"]]
    assert page([], "", 5) == ([], "")
    assert page(_rows("/a", "/b"), "", 2)[1] == ""


def test_nothing_is_skipped_when_an_earlier_row_goes() -> None:
    _, token = page(_rows("/a", "/b", "/c", "/d"), "", 2)
    shown, _ = page(_rows("/b", "/c", "/d"), token, 2)
    assert [row.tell() for row in shown] == ["/c", "/d"]


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "²"])
def test_wrong_top(text: str) -> None:
    with pytest.raises(ArmError):
        read_top(text, 100)


def test_top_is_bounded() -> None:
    assert (read_top("", 100), read_top("5", 100), read_top("5000", 100)) == (100, 5, 100)


def test_lists_over_https(client: Client, site: Site, group: str) -> None:
    for number in range(PAGE_ROWS * 2):
        machine = f"{group}/providers/Microsoft.HybridCompute/machines/more-{number:03d}"
        site.put_resource(machine, "Microsoft.HybridCompute/machines", {"location": "westeurope"})
    path = f"/subscriptions/{site.settings.subscription_id}/providers/Microsoft.HybridCompute"
    answer = client.get(f"{path}/machines")
    sizes, names = [], []
    while True:
        sizes.append(len(answer.body["value"]))
        names += [one["name"] for one in answer.body["value"]]
        following = answer.body.get("nextLink")
        if not following:
            break
        assert following.startswith(f"{client.url}{path}/machines?api-version=2026-07-15&")
        answer = client.get(following)
    assert sizes[:2] == [PAGE_ROWS, PAGE_ROWS]
    assert len(names) == len(set(names)) == sum(sizes) > 2 * PAGE_ROWS
    few = client.get(f"{path}/machines?$top=3")
    assert len(few.body["value"]) == 3
    assert len(client.get(few.body["nextLink"]).body["value"]) == 3
    assert client.get(f"{path}/machines?$skipToken=%C3%BC").code == "InvalidSkipToken"
