"""Who may ask: the bearer token of this run, and how a stranger's client finds its way to it."""

import base64
import hmac
import json
from typing import Any
from urllib.parse import parse_qs

from console.lab.arm_server.exchange import ArmError, Request, Response
from console.lab.arm_server.identity_provider import IdentityProvider, claims_challenge
from console.lab.arm_server.served_types import ENDPOINTS_VERSIONS, demand_version

_FAR_FUTURE = 4102444800


class SignIn:
    """Checks tokens; tells any client that asks for the endpoints where to get one.

    A client that insists on a sign-in of its own (azure-cli) trades the lab's token, given as the
    client secret, for the same token in the shape that it expects.
    """

    def __init__(self, token: str, tenant_id: str, base_url: str) -> None:
        self._token = token
        self._tenant_id = tenant_id
        self._base_url = base_url
        self._shaped = _shaped_like_a_jwt(token, tenant_id, base_url)
        self.provider = IdentityProvider(tenant_id, base_url)

    def demand_token(self, request: Request, *, nobody_is_right: bool) -> None:
        """401 as ARM says it."""
        given = request.headers.get("authorization", "")
        if not given:
            raise self._refusal(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
                "",
            )
        kind, _, token = given.partition(" ")
        if kind.lower() == "bearer" and not nobody_is_right:
            if self._is_right(token.strip()):
                return
            wrong = self.provider.judge(token.strip())
            if not wrong:
                return
            if wrong == "audience":
                raise self._refusal(
                    "InvalidAuthenticationTokenAudience",
                    "The access token has been obtained for wrong audience or resource.",
                    "invalid_token",
                )
            if wrong == "claims":
                raise self._refusal(
                    "TokenCreatedWithOutdatedPolicies",
                    "The access token does not meet the present policies.",
                    "insufficient_claims",
                    claims_challenge(),
                )
        raise self._refusal(
            "InvalidAuthenticationToken", "The access token is invalid.", "invalid_token"
        )

    def answer(self, request: Request) -> Response | None:
        """What is told without a token; None for everything else."""
        lower = tuple(segment.lower() for segment in request.segments)
        if lower == ("metadata", "endpoints") and request.method == "GET":
            demand_version(request.api_version, ENDPOINTS_VERSIONS)
            return Response(200, self._endpoints())
        if lower[1:] == ("v2.0", ".well-known", "openid-configuration"):
            return Response(200, self._openid_configuration(request.segments[0]))
        if lower[1:] == ("oauth2", "v2.0", "token") and request.method == "POST":
            traded = self._trade(request)
            if traded is not None:
                return traded
        return self.provider.answer(request)

    def _is_right(self, token: str) -> bool:
        wanted = (self._token, self._shaped)
        return any(hmac.compare_digest(token.encode(), one.encode()) for one in wanted)

    def _refusal(self, code: str, message: str, error: str, claims: str = "") -> ArmError:
        challenge = f'Bearer authorization_uri="{self._base_url}/{self._tenant_id}"'
        if error:
            challenge += f', error="{error}", error_description="{message}"'
        if claims:
            challenge += f', claims="{claims}"'
        return ArmError(401, code, message, {"WWW-Authenticate": challenge})

    def _endpoints(self) -> dict[str, Any]:
        return {
            "name": "TrustedLaunchConsoleLab",
            "resourceManager": self._base_url,
            "portal": self._base_url,
            "graph": self._base_url,
            "graphAudience": self._base_url,
            "microsoftGraphResourceId": self._base_url,
            "authentication": {
                "loginEndpoint": self._base_url,
                "audiences": [self._base_url],
                "tenant": self._tenant_id,
                "identityProvider": "AAD",
            },
            "suffixes": {},
        }

    def _openid_configuration(self, tenant: str) -> dict[str, Any]:
        place = f"{self._base_url}/{tenant}"
        return {
            "issuer": f"{place}/v2.0",
            "authorization_endpoint": f"{place}/oauth2/v2.0/authorize",
            "token_endpoint": f"{place}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{place}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{place}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
        }

    def _trade(self, request: Request) -> Response | None:
        """The lab's own token, given as the client's secret; None if no secret is given."""
        form = parse_qs(request.body.decode("utf-8", "replace"))
        secret = form.get("client_secret", [""])[0]
        if not secret:
            return None
        if not hmac.compare_digest(secret.encode(), self._token.encode()):
            return Response(
                401, {"error": "invalid_client", "error_description": "The secret is not right."}
            )
        return Response(
            200, {"token_type": "Bearer", "expires_in": 86399, "access_token": self._shaped}
        )


def _shaped_like_a_jwt(token: str, tenant_id: str, base_url: str) -> str:
    """Not signed by anyone: only this server takes it, and only whole."""
    claims = {
        "aud": base_url, "iss": f"{base_url}/{tenant_id}/v2.0", "tid": tenant_id,
        "oid": "1ab00000-0000-4000-8000-0000000000bb", "appid": "lab", "exp": _FAR_FUTURE,
    }  # fmt: skip
    parts = ({"typ": "JWT", "alg": "none"}, claims)
    encoded = [_base64(json.dumps(part).encode()) for part in parts]
    return ".".join((*encoded, _base64(token.encode())))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
