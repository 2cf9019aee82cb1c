"""Azure Resource Graph: the console's own fixed queries, page by page."""

import functools
import tomllib

import msgspec

from console.backends import BackendError
from console.backends.azure_local.arm_faults import malformed
from console.backends.azure_local.arm_paths import RESOURCE_GRAPH
from console.backends.azure_local.arm_pipeline import MOST_PAGES, ArmPipeline
from console.backends.azure_local.arm_rows import GraphAnswer
from console.catalog import resource_path

PAGE_ROWS = 1000
_ANSWER = msgspec.json.Decoder(GraphAnswer)


@functools.cache
def query_text(name: str) -> str:
    """Text of a query of resources/resource_graph.toml."""
    queries = tomllib.loads(resource_path("resource_graph.toml").read_text(encoding="utf-8"))
    return str(queries[name]["text"])


async def query_pages(
    pipeline: ArmPipeline, name: str, subscriptions: tuple[str, ...], what: str
) -> list[msgspec.Raw]:
    """The raw ``data`` array of every page of one query."""
    pages: list[msgspec.Raw] = []
    skip_token: str | None = None
    while True:
        options: dict[str, object] = {"$top": PAGE_ROWS, "resultFormat": "objectArray"}
        if skip_token:
            options["$skipToken"] = skip_token
        body = await pipeline.post_query(
            RESOURCE_GRAPH,
            {"subscriptions": list(subscriptions), "query": query_text(name), "options": options},
            what,
        )
        try:
            answer = _ANSWER.decode(body)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise BackendError(malformed(what, str(error))) from error
        pages.append(answer.data)
        if not answer.skip_token:
            return pages
        if answer.skip_token == skip_token or len(pages) >= MOST_PAGES:
            raise BackendError(malformed(what, "the pages do not end"))
        skip_token = answer.skip_token
