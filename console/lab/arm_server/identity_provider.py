"""A stand-in for Microsoft Entra ID: hands out tokens for the lab, by the flows that clients use.

Device code, authorization code with PKCE, refresh token, client secret, signed client assertion
(certificate) and federated assertion (workload identity), as their RFCs (6749, 7521, 7523, 7636,
8628) and Entra's v2.0 endpoints have them. There is one person, who agrees to everything on the
page that is shown. Tokens are signed for nobody: only this server knows which ones it gave.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from console.lab.arm_server.exchange import Request, Response

USER = "operator@lab.example"
_OBJECT_ID = "1ab00000-0000-4000-8000-0000000000bb"
_LIFETIME_S = 3600
_PENDING = {"error": "authorization_pending", "error_description": "AADSTS70016: pending"}


@dataclass
class _Flow:
    """A sign-in on its way: a device code or an authorization code."""

    client_id: str
    scope: str
    nonce: str = ""
    challenge: str = ""
    redirect_uri: str = ""
    is_approved: bool = False


@dataclass
class _Token:
    audience: str
    expires_at: float
    has_claims: bool = False


@dataclass
class IdentityProvider:
    """``tenant_id`` and ``base_url`` are the lab's. All methods may be called from any thread."""

    tenant_id: str
    base_url: str
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _refresh: dict[str, _Flow] = field(default_factory=dict)
    _device: dict[str, _Flow] = field(default_factory=dict)
    _user_codes: dict[str, str] = field(default_factory=dict)
    _codes: dict[str, _Flow] = field(default_factory=dict)
    _certificates: dict[str, x509.Certificate] = field(default_factory=dict)
    _federated: dict[str, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    # Tokens given before this need a claim more (continuous access evaluation).
    demands_claims: bool = False
    refuses_refresh: bool = False

    # -- who may come in -----------------------------------------------------------------------
    def register_certificate(self, client_id: str, pem: bytes) -> None:
        """An application that signs its assertions with this certificate's key (RSA)."""
        self._certificates[client_id] = x509.load_pem_x509_certificate(pem)

    def trust_federated(self, client_id: str, assertion: str) -> None:
        """A workload whose platform gave it this very token."""
        self._federated[client_id] = assertion

    def revoke_all(self) -> None:
        """Every token given so far is worth nothing any more."""
        with self._lock:
            self._tokens.clear()
            self._refresh.clear()

    def judge(self, token: str) -> str:
        """Empty for a token of this provider that is for ARM; else what is wrong with it."""
        with self._lock:
            known = self._tokens.get(token)
            if known is None or known.expires_at < time.time():
                return "unknown"
            if known.audience.rstrip("/") != self.base_url:
                return "audience"
            if self.demands_claims and not known.has_claims:
                return "claims"
            return ""

    # -- its pages -----------------------------------------------------------------------------
    def answer(self, request: Request) -> Response | None:
        """None for what is not about signing in."""
        path = tuple(segment.lower() for segment in request.segments)
        with self._lock:
            if path == ("device",):
                return self._device_page(request)
            if len(path) != 4 or path[1:3] != ("oauth2", "v2.0"):
                return None
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            match path[3], request.method:
                case "devicecode", "POST":
                    return self._begin_device(form)
                case "authorize", "GET":
                    return self._authorize(dict(request.query))
                case "token", "POST":
                    return self._trade(form)
        return None

    def _begin_device(self, form: dict[str, str]) -> Response:
        code, user_code = secrets.token_urlsafe(24), secrets.token_hex(4).upper()
        self._device[code] = _Flow(form.get("client_id", ""), form.get("scope", ""))
        self._user_codes[user_code] = code
        page = f"{self.base_url}/device"
        body = {
            "device_code": code, "user_code": user_code, "verification_uri": page,
            "expires_in": 600, "interval": 1, "message": f"Open {page} and enter {user_code}",
        }  # fmt: skip
        return Response(200, body)

    def _device_page(self, request: Request) -> Response:
        if request.method == "GET":
            return _page('<form method="post"><input name="user_code"><button>Sign in</button>')
        form = parse_qs(request.body.decode())
        code = self._user_codes.pop(form.get("user_code", [""])[0].strip().upper(), None)
        if code is None:
            return _page("<p>No such code.</p>", 400)
        self._device[code].is_approved = True
        return _page("<p>Signed in. You may close this page.</p>")

    def _authorize(self, query: dict[str, str]) -> Response:
        target = query.get("redirect_uri", "")
        # Public clients come back to this computer and nowhere else.
        if urlsplit(target).hostname not in ("localhost", "127.0.0.1"):
            return _page("<p>AADSTS50011: the redirect URI is not registered.</p>", 400)
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return _page("<p>AADSTS9002325: PKCE is required.</p>", 400)
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Flow(
            query.get("client_id", ""), query.get("scope", ""), query.get("nonce", ""),
            query["code_challenge"], target, is_approved=True,
        )  # fmt: skip
        fields = {"code": code, "state": query.get("state", "")}
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
            for name, value in fields.items()
        )
        return _page(
            f'<form method="post" action="{html.escape(target)}">{inputs}'
            f"<button>Sign in as {USER}</button>"
        )

    # -- tokens --------------------------------------------------------------------------------
    def _trade(self, form: dict[str, str]) -> Response:
        match form.get("grant_type", ""):
            case "urn:ietf:params:oauth:grant-type:device_code":
                return self._redeem_device(form)
            case "authorization_code":
                return self._redeem_code(form)
            case "refresh_token":
                flow = self._refresh.pop(form.get("refresh_token", ""), None)
                if flow is None or self.refuses_refresh:
                    return _error("invalid_grant", "AADSTS70043: the refresh token has expired.")
                return self._person(flow, form)
            case "client_credentials":
                return self._application(form)
            case other:
                return _error("unsupported_grant_type", other)

    def _redeem_device(self, form: dict[str, str]) -> Response:
        flow = self._device.get(form.get("device_code", ""))
        if flow is None:
            return _error("expired_token", "AADSTS70019: the code has expired.")
        if not flow.is_approved:
            return Response(400, _PENDING)
        del self._device[form["device_code"]]
        return self._person(flow, form)

    def _redeem_code(self, form: dict[str, str]) -> Response:
        flow = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            flow is None
            or _base64(digest) != flow.challenge
            or form.get("redirect_uri") != flow.redirect_uri
            or form.get("client_id") != flow.client_id
        ):
            return _error("invalid_grant", "AADSTS501481: the code or its verifier is not right.")
        return self._person(flow, form)

    def _person(self, flow: _Flow, form: dict[str, str]) -> Response:
        scope = form.get("scope") or flow.scope
        body = self._issued(scope, form)
        refresh = secrets.token_urlsafe(32)
        self._refresh[refresh] = _Flow(flow.client_id, scope)
        identity = {
            "aud": flow.client_id, "iss": f"{self.base_url}/{self.tenant_id}/v2.0",
            "tid": self.tenant_id, "oid": _OBJECT_ID, "sub": _OBJECT_ID, "name": "Lab operator",
            "preferred_username": USER, "iat": int(time.time()),
            "exp": int(time.time()) + _LIFETIME_S, "nonce": flow.nonce,
        }  # fmt: skip
        info = {"uid": _OBJECT_ID, "utid": self.tenant_id}
        body |= {
            "refresh_token": refresh,
            "id_token": _jwt(identity),
            "client_info": _base64(json.dumps(info).encode()),
            "scope": scope,
        }
        return Response(200, body)

    def _application(self, form: dict[str, str]) -> Response:
        client, assertion = form.get("client_id", ""), form.get("client_assertion", "")
        if form.get("client_assertion_type", "").endswith(":jwt-bearer") and (
            secrets.compare_digest(self._federated.get(client, ""), assertion)
            if client in self._federated
            else self._is_signed(client, assertion)
        ):
            return Response(200, self._issued(form.get("scope", ""), form))
        return _error("invalid_client", "AADSTS700027: the client assertion is not valid.")

    def _is_signed(self, client: str, assertion: str) -> bool:
        """Signature, addressee and time of a client's own assertion."""
        certificate = self._certificates.get(client)
        key = certificate.public_key() if certificate is not None else None
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        try:
            head, claims, signature = assertion.split(".")
            kind = json.loads(_bytes(head))["alg"]
            told = json.loads(_bytes(claims))
            sealed = f"{head}.{claims}".encode()
            if kind == "PS256":
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
                key.verify(_bytes(signature), sealed, pss, hashes.SHA256())
            else:
                key.verify(_bytes(signature), sealed, padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, KeyError, TypeError, InvalidSignature):
            return False
        is_for_us = str(told.get("aud", "")).startswith(f"{self.base_url}/")
        return is_for_us and told.get("iss") == client and told.get("exp", 0) > time.time()

    def _issued(self, scope: str, form: dict[str, str]) -> dict[str, Any]:
        """A token for the scope's audience. A claim asked for is a claim had, for this person."""
        wanted = next((part for part in scope.split() if "/" in part), "")
        audience = wanted.removesuffix("/.default")
        has_claims = "acrs" in form.get("claims", "")
        claims = {
            "aud": audience, "iss": f"{self.base_url}/{self.tenant_id}/v2.0",
            "tid": self.tenant_id, "oid": _OBJECT_ID, "jti": secrets.token_hex(8),
            "exp": int(time.time()) + _LIFETIME_S,
        }  # fmt: skip
        token = _jwt(claims)
        self._tokens[token] = _Token(audience, time.time() + _LIFETIME_S, has_claims)
        return {
            "token_type": "Bearer", "expires_in": _LIFETIME_S, "ext_expires_in": _LIFETIME_S,
            "access_token": token,
        }  # fmt: skip


def claims_challenge() -> str:
    """What a 401 asks for when a token lacks a claim, base64 of a claims request."""
    wanted = {"access_token": {"acrs": {"essential": True, "value": "c1"}}}
    return base64.b64encode(json.dumps(wanted).encode()).decode()


def _error(code: str, text: str) -> Response:
    return Response(400, {"error": code, "error_description": text})


def _page(inside: str, status: int = 200) -> Response:
    text = f"<!doctype html><title>Lab sign-in</title><h1>Nothing here is real</h1>{inside}"
    return Response(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _jwt(claims: dict[str, Any]) -> str:
    head = _base64(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
    seal = _base64(secrets.token_bytes(32))
    return f"{head}.{_base64(json.dumps(claims).encode())}.{seal}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
