"""Who may ask, and how a stranger's client finds its way in."""

import json
from urllib.parse import urlencode

import pytest

from console.lab.world.site import Site
from tests.unit.lab.arm_server.conftest import Client


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "AuthenticationFailed"),
        ("Bearer wrong", "InvalidAuthenticationToken"),
        ("Bearer ", "InvalidAuthenticationToken"),
        ("Basic right", "InvalidAuthenticationToken"),
        ("right", "InvalidAuthenticationToken"),
        ("Bearer r\u00efght", "InvalidAuthenticationToken"),
    ],
)
def test_strangers_are_refused_before_anything_is_told(
    client: Client, site: Site, given: str, code: str
) -> None:
    client.headers = {"Authorization": given} if given else {}
    answer = client.ask("DELETE", site.settings.custom_location_id)
    assert (answer.status, answer.code) == (401, code)
    challenge = answer.headers["www-authenticate"]
    tenant = site.settings.tenant_id
    assert challenge.startswith(f'Bearer authorization_uri="{client.url}/{tenant}"')
    assert ('error="invalid_token"' in challenge) == (code == "InvalidAuthenticationToken")
    assert site.get_resource(site.settings.custom_location_id) is not None


def test_nobody_is_right_when_told_so(client: Client, site: Site) -> None:
    site.faults.wrong_password = True
    assert client.get("/subscriptions").status == 401
    site.faults.wrong_password = False
    assert client.get("/subscriptions").status == 200


def test_endpoints_are_one_object_and_need_no_token(client: Client, site: Site) -> None:
    client.headers = {}
    answer = client.get("/metadata/endpoints", version="2022-09-01")
    assert answer.status == 200
    assert answer.body["resourceManager"] == client.url
    assert answer.body["authentication"] == {
        "loginEndpoint": client.url,
        "audiences": [client.url],
        "tenant": site.settings.tenant_id,
        "identityProvider": "AAD",
    }
    assert client.get("/metadata/endpoints", version="").code == "MissingApiVersionParameter"


def test_a_secret_is_traded_for_a_token_in_another_shape(client: Client) -> None:
    client.headers = {}
    found = client.get("/t/v2.0/.well-known/openid-configuration", version="").body
    assert found["token_endpoint"] == f"{client.url}/t/oauth2/v2.0/token"
    form = {"client_id": "x", "client_secret": "right", "grant_type": "client_credentials"}
    told = client.ask("POST", found["token_endpoint"], urlencode(form).encode(), version="")
    token = json.loads(told.raw)["access_token"]
    assert token.count(".") == 2
    client.headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/subscriptions").status == 200
    client.headers = {"Authorization": f"Bearer {token[:-1]}"}
    assert client.get("/subscriptions").status == 401
    form["client_secret"] = "wrong"
    assert client.ask(
        "POST", found["token_endpoint"], urlencode(form).encode(), version=""
    ).status == 401  # fmt: skip
