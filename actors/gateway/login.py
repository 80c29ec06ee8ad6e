"""Signing in over HTTP, who one is, and accounts with their changes by two people; and `needs`, which guards every other
endpoint. All rules stand in `actors.identity`, which the application carries as ``app.state.identity``.

Tokens follow OAuth 2.0 (RFC 6749, RFC 6750, RFC 7009; API-09). Systems use client credentials. People use the password grant of
one of the bank's own two applications, which have no secret: ``client_id=terminal`` for staff (the name is the person number),
``client_id=mobile`` for customers (mobile or client number).

For the operation log a request leaves ``request.state.caller`` once its token was verified, and at the token endpoint
``request.state.tried``, the account that somebody tried to sign in to."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from urllib.parse import unquote_plus

from fastapi import APIRouter, Depends, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from actors.gateway.models import PROBLEMS, Body, shown
from actors.gateway.parameters import prove_key, prove_parameters
from actors.gateway.problems import Problem
from actors.gateway.reach import prove_reach
from actors.gateway.writing import Verbatim
from actors.identity.accounts import Kind
from actors.identity.caller import Caller
from actors.identity.changes import CONFIRMS, Proposal, permission_for
from actors.identity.errors import AccountLocked, IdentityError, SignInRefused, TokenRefused
from actors.identity.service import Identity
from actors.identity.tokens import Grant
from credit.policies.posts import PERMISSIONS

APPLICATIONS: dict[str, Kind] = {"terminal": "staff", "mobile": "customer"}
"""The bank's own applications, and who signs in with them."""
REALM = "lendrill"
_ADMINISTER = ("accounts:manage", "accounts:unlock", "clients:manage")
_OAUTH: dict[int | str, dict[str, Any]] = {
    status: {"description": "An error of OAuth 2.0 (RFC 6749).", "content": {"application/json": {}}}
    for status in (400, 401)
}
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

router = APIRouter(tags=["identity"])


# guards ---------------------------------------------------------------------------------------------------------------


async def identity_of(request: Request) -> Identity:
    """The identity services of the application."""
    found: Identity = request.app.state.identity
    return found


async def caller_of(request: Request) -> Caller:
    """Who calls, by the bearer token of the request. Problem 401 without a good one, 403 while a first password has not been
    changed."""
    caller: Caller = await request.app.state.signed_in(request)
    if caller.must_change:
        raise Problem(
            403,
            "Forbidden",
            "the first password must be changed before anything else; POST /password",
            detail_zh="请先修改初始密码（POST /password），再办理其他业务",
        )
    return caller


def needs(*permissions: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets only callers with a permission pass (with one of them, where the request decides which it takes),
    and gives the `Caller`: Problem 401 or 403, and 404 where the path names what is beyond his reach (`actors.gateway.reach`).
    ValueError for a permission that does not exist."""
    if unknown := [one for one in permissions if one not in PERMISSIONS]:
        raise ValueError(f"{unknown[0]!r} is no permission; see credit.policies.posts.PERMISSIONS")

    async def guard(request: Request) -> Caller:
        caller = await caller_of(request)  # called, not depended upon: a dependency costs as much as what this one does
        held = next((one for one in permissions if caller.may(one)), permissions[0])
        await prove_reach(request, prove(caller, held), held)
        return caller

    guard.__name__ = f"needs_{'_or_'.join(permissions).replace(':', '_')}"
    guard.permissions = permissions  # type: ignore[attr-defined]
    return guard


def prove(caller: Caller, permission: str) -> Caller:
    """The caller, if his token carries a permission; Problem 403. For endpoints where the request decides which it takes."""
    if not caller.may(permission):
        raise Problem(
            403,
            "Forbidden",
            f"needs the permission {permission} ({PERMISSIONS[permission].en})",
            permission=permission,
            headers=_challenge("insufficient_scope", permission),
            detail_zh=f"无此项权限：{permission}",
        )
    return caller


async def signed_in(request: Request) -> Caller:
    """Who calls, also before a first password was changed; Problem 401 or 429."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    identity = await identity_of(request)
    try:
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("sign in first: a bearer token is needed")
        caller = identity.tokens.verify(token.strip(), identity.clock())
    except TokenRefused as error:
        await not_too_often(request)
        header = _challenge("invalid_token" if token else "")
        raise Problem(
            401, "Unauthorized", error.user_message, headers=header, detail_zh="登录已失效或尚未登录，请重新登录"
        ) from None
    request.state.caller = caller
    _not_too_often(identity, caller.subject, caller.kind)
    prove_parameters(request)
    prove_key(request)
    return caller


async def not_too_often(request: Request) -> None:
    """Problem 429 where an address asks too often without having signed in. A dependency of every endpoint that is open to
    everybody and costs something."""
    _not_too_often(await identity_of(request), request.client.host if request.client else "", "nobody")


def _not_too_often(identity: Identity, client: str, kind: str) -> None:
    if wait := identity.rates.wait_s(client, kind):
        seconds = math.ceil(wait)
        raise Problem(
            429,
            "Too many requests",
            f"asked too often; ask again in {seconds} s",
            {"Retry-After": str(seconds)},
            detail_zh=f"请求过于频繁，请在{seconds}秒后重试",
        )


def _challenge(error: str = "", scope: str = "") -> dict[str, str]:
    parts = [f'realm="{REALM}"', *([f'error="{error}"'] if error else []), *([f'scope="{scope}"'] if scope else [])]
    return {"WWW-Authenticate": f"Bearer {', '.join(parts)}"}


Services = Annotated[Identity, Depends(identity_of)]
SignedIn = Annotated[Caller, Depends(signed_in)]


# tokens ---------------------------------------------------------------------------------------------------------------


class OAuthError(Exception):
    """An error of the token endpoint, in the form of RFC 6749, which leaves no room for Chinese in `error_description`: it stands
    beside it, and before it."""

    def __init__(self, status: int, error: str, description: str, zh: str = "") -> None:
        super().__init__(description)
        self.status, self.error, self.description, self.zh = status, error, description, zh or _OAUTH_ZH[error]

    def answer(self) -> JSONResponse:
        """The response."""
        headers = _NO_STORE | ({"WWW-Authenticate": f'Basic realm="{REALM}"'} if self.status == 401 else {})
        said = {"error": self.error, "error_description_zh": self.zh, "error_description": self.description}
        return JSONResponse(said, self.status, headers)


_OAUTH_ZH = {
    "invalid_request": "请求缺少参数或参数重复，请核对",
    "unsupported_grant_type": "不支持该授权方式，应为 client_credentials、password 或 refresh_token",
    "invalid_client": "客户端名称或密钥有误",
    "invalid_grant": "用户名或密码有误、账户已锁定，或登录已失效，请核对后重新登录",
    "invalid_scope": "所请求的权限超出账户权限",
}


@router.post("/oauth/token", summary="Get tokens", responses=_OAUTH, dependencies=[Depends(not_too_often)])
def token(
    request: Request,
    identity: Services,
    grant_type: Annotated[str, Form(max_length=60)] = "",
    username: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=1_000)] = "",
    refresh_token: Annotated[str, Form(max_length=1_000)] = "",
    scope: Annotated[str, Form(max_length=4_000)] = "",
    client_id: Annotated[
        str,
        Form(
            max_length=64,
            description="To sign in by password: terminal (staff) or mobile (customers). Of a system, its own name.",
        ),
    ] = "",
    client_secret: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """`grant_type` is client_credentials (systems; HTTP Basic or in the form), password (people, with `client_id` terminal for
    staff or mobile for customers) or refresh_token."""
    scopes = scope.split() or None
    try:
        name, secret = _client(request, client_id, client_secret)
        request.state.tried = f"system:{name}" if grant_type == "client_credentials" else f"{name}:{username}"
        match grant_type:
            case "client_credentials":
                grant = _for_system(identity, name, secret, scopes)
            case "password":
                grant = _for_person(identity, name, username, password, scopes)
            case "refresh_token":
                grant = identity.tokens.refresh(refresh_token, identity.clock())
            case "":
                raise OAuthError(400, "invalid_request", "grant_type is missing")
            case _:
                raise OAuthError(
                    400, "unsupported_grant_type", "client_credentials, password or refresh_token is needed"
                )
    except OAuthError as error:
        return error.answer()
    except TokenRefused as error:
        return OAuthError(400, "invalid_grant", error.user_message).answer()
    return JSONResponse(_granted(grant), headers=_NO_STORE)


@router.post("/oauth/revoke", summary="Sign out", status_code=200, dependencies=[Depends(not_too_often)])
def revoke(identity: Services, token: Annotated[str, Form(max_length=9_000)]) -> Response:
    """Ends the sign-in that an access or refresh token belongs to; a token that is none ends nothing (RFC 7009)."""
    now = identity.clock()
    try:
        identity.tokens.sign_out(identity.tokens.verify(token, now), now)
    except TokenRefused:
        identity.tokens.drop(token, now)
    return JSONResponse({}, headers=_NO_STORE)


def _client(request: Request, name: str, secret: str) -> tuple[str, str]:
    """The client's name and secret, from HTTP Basic or the form, but not from both."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if not given:
        return name, secret
    if scheme.lower() != "basic":
        raise OAuthError(401, "invalid_client", "HTTP Basic is needed here")
    try:
        basic_name, colon, basic_secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError(401, "invalid_client", "HTTP Basic is not of its form") from None
    if not colon or secret or name not in ("", unquote_plus(basic_name)):
        raise OAuthError(400, "invalid_request", "client name and secret are needed once, in the header or in the form")
    return unquote_plus(basic_name), unquote_plus(basic_secret)


def _for_system(identity: Identity, name: str, secret: str, scopes: list[str] | None) -> Grant:
    try:
        account = identity.accounts.system(name, secret)
    except SignInRefused as error:
        raise OAuthError(401, "invalid_client", error.user_message) from None
    return _issued(identity, account.subject, scopes)


def _for_person(identity: Identity, client: str, name: str, password: str, scopes: list[str] | None) -> Grant:
    if client not in APPLICATIONS:
        raise OAuthError(
            401,
            "invalid_client",
            "client_id is needed to sign in by password: terminal (staff) or mobile (customers)",
            "使用密码登录须填写 client_id：员工为 terminal，客户为 mobile",
        )
    if not name or not password:
        raise OAuthError(400, "invalid_request", "username and password are needed")
    try:
        account = identity.accounts.sign_in(APPLICATIONS[client], name, password, identity.clock())
    except SignInRefused as error:
        raise OAuthError(400, "invalid_grant", error.user_message) from None
    return _issued(identity, account.subject, scopes)


def _issued(identity: Identity, subject: str, scopes: list[str] | None) -> Grant:
    account = identity.accounts.get(subject)
    try:
        return identity.tokens.issue(account, identity.clock(), None if account.must_change else scopes)
    except IdentityError as error:
        raise OAuthError(400, "invalid_scope", error.user_message) from None


def _granted(grant: Grant) -> dict[str, Any]:
    answer: dict[str, Any] = {"access_token": grant.access, "token_type": "Bearer", "expires_in": grant.expires_s}
    return (answer | ({"refresh_token": grant.refresh} if grant.refresh else {})) | {"scope": " ".join(grant.scopes)}


# one's own account ----------------------------------------------------------------------------------------------------


class _Body(Body):
    model_config = ConfigDict(hide_input_in_errors=True)


class NewPassword(_Body):
    """A change of one's own password."""

    model_config = shown({"old": "k7qhd-2m4xw-…", "new": "three words and a number 7"})

    old: Annotated[str, Field(max_length=1_000), Verbatim]
    new: Annotated[str, Field(max_length=1_000), Verbatim]


class Me(BaseModel):
    """Who is calling, and what he may do."""

    kind: str
    subject: str
    person: int
    branch: int
    party: int
    posts: list[str]
    permissions: list[str]
    tier: str
    must_change_password: bool


@router.post("/password", summary="Change one's own password", responses={423: PROBLEMS[422]})
def change_password(body: NewPassword, caller: SignedIn, identity: Services) -> Response:
    """Sets a new password and gives new tokens; all given out before end."""
    now = identity.clock()
    try:
        account = identity.accounts.change_password(caller.subject, body.old, body.new, now)
    except AccountLocked as error:
        raise Problem(
            423, "Locked", error.user_message, detail_zh="密码多次输错，账户已锁定，请稍后再试或由管理员解锁"
        ) from None
    except SignInRefused:
        raise Problem(422, "Refused", "old: is not the password of this account", detail_zh="原密码有误") from None
    return JSONResponse(_granted(identity.tokens.issue(account, now)), headers=_NO_STORE)


@router.get("/me", summary="Who one is")
def me(caller: SignedIn, identity: Services) -> Me:
    """The caller as the bank knows him."""
    return Me(
        kind=caller.kind,
        subject=caller.subject,
        person=caller.person,
        branch=caller.branch,
        party=caller.party,
        posts=list(caller.posts),
        permissions=sorted(caller.scopes),
        tier=identity.posts.tier(caller.posts).name.lower() if caller.kind == "staff" else "",
        must_change_password=caller.must_change,
    )


# accounts -------------------------------------------------------------------------------------------------------------


class AccountShown(BaseModel):
    """An account as administrators see it."""

    subject: str
    kind: str
    person: int
    branch: int
    posts: list[str]
    scopes: list[str]
    active: bool
    locked_until_ms: int
    first_password: bool


class NewProposal(_Body):
    """A change of an account. `value`: posts or scopes as a list of names, true or false for `active`, nothing for the others."""

    model_config = shown({"change": "unlock", "account": "staff:1010001"})

    change: str = Field(max_length=40)
    account: str = Field(max_length=80)
    value: list[Annotated[str, Field(max_length=80)]] | bool | None = None


class Decided(BaseModel):
    """A proposal, and the new first password or secret where there is one: told here and nowhere else."""

    proposal: dict[str, Any]
    secret: str | None = None


Page = Annotated[int, Query(ge=1, le=500)]
_StateOrAny = Literal["", "open", "confirmed", "refused"]
"""One list, so that whoever gives another is told them all."""
Reads = Depends(needs("accounts:read"))
Administers = Annotated[Caller, Depends(needs(*_ADMINISTER))]
"""Whoever administers nothing is not told which proposals there are."""


@router.get("/accounts", summary="List accounts", dependencies=[Reads])
def accounts(
    identity: Services, kind: str = "staff", after: Annotated[str, Query(max_length=80)] = "", limit: Page = 100
) -> list[AccountShown]:
    """Accounts of staff, or systems, in the order of their subjects; `after`: the last one of the page before."""
    if kind not in ("staff", "system"):
        raise Problem(422, "Refused", "kind: staff or system is needed", detail_zh="kind 应为 staff 或 system")
    now = identity.clock()
    return [
        AccountShown(
            subject=one.subject,
            kind=one.kind,
            person=one.person,
            branch=one.branch,
            posts=list(one.posts),
            scopes=list(one.scopes),
            active=one.active,
            locked_until_ms=identity.accounts.locked_until(one.subject, now),
            first_password=one.must_change,
        )
        for one in identity.accounts.all("staff" if kind == "staff" else "system", after, limit)
    ]


@router.get("/accounts/proposals", summary="List proposed changes", dependencies=[Reads])
def proposals(
    identity: Services, state: _StateOrAny = "", after: Annotated[int, Query(ge=0, lt=2**63)] = 0, limit: Page = 100
) -> list[dict[str, Any]]:
    """Proposals with the values before and after; `state`: open, confirmed or refused."""
    return [_shown(one) for one in identity.changes.all(state, after, limit)]


@router.post("/accounts/proposals", summary="Propose a change of an account", status_code=201)
def propose(body: NewProposal, caller: Administers, identity: Services) -> dict[str, Any]:
    """`change` is posts, open, active, reset, unlock, client or scopes; a second person confirms it (SEC-05)."""
    if needed := permission_for(body.change, body.account):
        prove(caller, needed)
    return _shown(identity.changes.propose(caller.subject, body.change, body.account, body.value, identity.clock()))


@router.post("/accounts/proposals/{number}/confirm", summary="Confirm a change as the second person")
def confirm(number: int, caller: Administers, identity: Services) -> Response:
    """Carries the change out."""
    proposal, secret = identity.changes.confirm(caller.subject, _known(identity, caller, number), identity.clock())
    return JSONResponse(Decided(proposal=_shown(proposal), secret=secret or None).model_dump(), headers=_NO_STORE)


@router.post("/accounts/proposals/{number}/refuse", summary="Refuse or withdraw a change")
def refuse(number: int, caller: Administers, identity: Services) -> dict[str, Any]:
    """Ends the proposal without its change."""
    return _shown(identity.changes.refuse(caller.subject, _known(identity, caller, number), identity.clock()))


def _known(identity: Identity, caller: Caller, number: int) -> int:
    """The number of a proposal that exists and whose permission the token carries; Problem 403 or 404."""
    try:
        found = identity.changes.get(number if 0 < number < 2**63 else 0)
    except IdentityError as error:
        raise Problem(404, "Not Found", error.user_message, detail_zh="无此项变更") from None
    prove(caller, permission_for(found.change, found.target, CONFIRMS))
    return found.number


def _shown(proposal: Proposal) -> dict[str, Any]:
    return proposal._asdict()
