"""The console's own queries, page by page, and no others."""

from typing import Any

import pytest

from console.lab.arm_server.resource_graph import known_queries
from console.lab.world.site import Site
from tests.unit.lab.arm_server.conftest import Answer, Client

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
QUERIES = {name: text for text, name in known_queries().items()}


def _ask(client: Client, query: str, **more: Any) -> Answer:
    return client.ask("POST", GRAPH, {"query": query, **more}, version="2021-03-01")


def test_every_query_of_the_file_is_answered(client: Client) -> None:
    for query in QUERIES.values():
        answer = _ask(client, query)
        assert answer.status == 200
        assert answer.body["count"] == len(answer.body["data"]) == answer.body["totalRecords"] > 0
        assert answer.headers["x-ms-user-quota-remaining"]


def test_vms_have_the_columns_that_the_query_projects(client: Client, site: Site) -> None:
    query = QUERIES["virtual_machines"]
    rows = _ask(client, query).body["data"]
    projected = query.rpartition("| project ")[2].partition("|")[0]
    columns = [column.strip() for column in projected.split(",")]
    assert [sorted(row) for row in rows] == [sorted(columns)] * len(rows)
    row = next(row for row in rows if row["name"] == "app-01")
    vm = site.find_vm("app-01")
    assert vm is not None
    assert row["properties"]["hyperVVmId"] == vm.vm_id
    assert row["customLocation"] == site.settings.custom_location_id
    assert row["arcStatus"] == "Connected"
    nodes = _ask(client, QUERIES["node_machines"]).body["data"]
    assert [row["name"] for row in nodes] == list(site.nodes)


def test_a_machine_without_an_instance_is_a_row_all_the_same(
    client: Client, site: Site, group: str
) -> None:
    machine = f"{group}/providers/Microsoft.HybridCompute/machines/bare-01"
    client.ask("PUT", machine, {"location": "westeurope", "kind": "HCI"})
    rows = _ask(client, QUERIES["virtual_machines"]).body["data"]
    row = next(row for row in rows if row["name"] == "bare-01")
    assert (row["properties"], row["customLocation"]) == (None, None)


def test_white_space_is_free_but_nothing_else(client: Client) -> None:
    query = QUERIES["node_machines"]
    assert _ask(client, "\n  ".join(query.split())).status == 200
    for other in (query + " | take 1", query.upper(), "", "resources"):
        answer = _ask(client, other)
        assert (answer.status, answer.code) == (400, "InvalidQuery")


def test_pages_and_subscriptions(client: Client, site: Site) -> None:
    query = QUERIES["virtual_machines"]
    whole = [row["id"] for row in _ask(client, query).body["data"]]
    seen, token = [], None
    for _ in range(99):
        options = {"$top": 25, **({"$skipToken": token} if token else {})}
        page = _ask(client, query, options=options).body
        seen += [row["id"] for row in page["data"]]
        assert page["totalRecords"] == len(whole)
        token = page.get("$skipToken")
        if not token:
            break
    assert seen == whole == sorted(whole, key=str.lower)
    own = site.settings.subscription_id
    assert _ask(client, query, subscriptions=[own.upper()]).body["count"] == len(whole)
    assert _ask(client, query, subscriptions=["other"]).body["count"] == 0


@pytest.mark.parametrize(
    "options", [{"resultFormat": "table"}, {"$top": 0}, {"$skipToken": "?"}, [1]]
)
def test_options_that_are_refused(client: Client, options: Any) -> None:
    assert _ask(client, QUERIES["node_machines"], options=options).status == 400
