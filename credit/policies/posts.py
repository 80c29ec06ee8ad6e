"""Posts (岗位) and what their holders may do: posts → people → permissions in four tiers (SEC-01, SEC-02), the role catalogue
(SEC-04), which posts nobody may hold together (SEC-03), and the rules of signing in (SEC-07). The permissions themselves are
named here once, since code asks for them; who holds which is data."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from credit.bank import desks
from credit.policies.base import LIVE, PolicyModel
from credit.policies.loading import Overrides, load
from credit.room import Words


class Tier(IntEnum):
    """The four tiers, lowest first (SEC-01)."""

    words: Words

    def __new__(cls, code: int, en: str, zh: str) -> Tier:
        member = int.__new__(cls, code)
        member._value_ = code
        member.words = (en, zh)
        return member

    STAFF = 1, "ordinary staff", "普通员工"
    APPROVAL = 2, "approval administrator", "审批管理员"
    BUSINESS = 3, "business administrator", "业务管理员"
    SYSTEM = 4, "system administrator", "系统管理员"


TierName = Literal["staff", "approval", "business", "system"]
Scope = Literal["none", "own_customers", "own_branch", "all_branches"]
SCOPES: tuple[Scope, ...] = ("none", "own_customers", "own_branch", "all_branches")
"""Whose data a post reaches, narrowest first (数据权限)."""


class Permission(NamedTuple):
    """Words in English and Chinese, and the lowest tier whose posts may hold it."""

    en: str
    zh: str
    tier: Tier = Tier.STAFF


PERMISSIONS: dict[str, Permission] = {
    "customers:read": Permission("see customers", "查看客户"),
    "customers:enter": Permission("enter new customers", "新增客户"),
    "customers:edit": Permission("enter and amend customers' basic data", "录入与维护客户信息"),
    "applications:read": Permission("see applications and materials", "查看申请与资料"),
    "applications:submit": Permission("submit applications and materials", "提交申请与资料"),
    "materials:attest": Permission("attest papers in hand instead of uploads", "核见并确认资料原件（替代上传）"),
    "collateral:read": Permission("see what secures loans", "查看押品"),
    "tasks:read": Permission("see the tasks of own desks", "查看本岗任务"),
    "tasks:work": Permission("claim, release and decide tasks of own desks", "领取、退回与处理本岗任务"),
    "tasks:assign": Permission("hand over and urge other people's tasks", "转办与催办他人任务"),
    "deputies:appoint": Permission("appoint deputies", "指定审批代理"),
    "contracts:read": Permission("see contracts", "查看合同"),
    "contracts:sign": Permission("confirm and sign contracts", "确认与签署合同"),
    "contracts:handle": Permission("return, withdraw and cancel contracts", "退回、撤销与取消合同"),
    "disbursements:read": Permission("see disbursements and vouchers", "查看放款与凭证"),
    "disbursements:initiate": Permission("initiate disbursements", "发起放款"),
    "disbursements:review": Permission("review disbursements", "复核放款"),
    "disbursements:report": Permission("report results of payments", "回报支付结果"),
    "loans:read": Permission("see loans, schedules and statements", "查看贷款、还款计划与账单"),
    "loans:repay": Permission("pay and repay early", "还款与提前还款"),
    "terms:request": Permission("ask for other terms of a loan and sign them", "申请贷款重组并签署"),
    "collections:read": Permission("see collection cases and contact records", "查看催收案件与联系记录"),
    "collections:work": Permission("record contacts and promises", "登记催收联系与还款承诺"),
    "lists:read": Permission("see risk lists", "查看风险名单"),
    "facilities:restrict": Permission("restrict limits", "限制额度"),
    "lists:maintain": Permission("enter and remove entries of risk lists", "维护风险名单"),
    "appeals:submit": Permission("appeal against an entry of a list", "提交名单申诉"),
    "appeals:review": Permission("review appeals", "复核名单申诉"),
    "bureau:query": Permission("have the bureau asked", "查询征信"),
    "bureau:handle": Permission("handle bureau exceptions", "处理征信异常"),
    "corrections:request": Permission("request corrections of business data", "申请数据更正"),
    "corrections:review": Permission("review corrections of business data", "审核数据更正"),
    "complaints:submit": Permission("complain", "提交投诉"),
    "customers:identify": Permission("identify customers in person", "现场核验客户身份"),
    "customers:bind": Permission("tie one's account to the bank's file", "绑定本人客户号"),
    "complaints:handle": Permission("handle complaints", "处理投诉"),
    "bulk:submit": Permission("submit applications in bulk", "批量提交申请"),
    "bulk:export": Permission("ask for bulk exports", "申请批量导出"),
    "sites:switch": Permission("have another site of the bank lead, two people together", "双人决定切换主用中心"),
    "bulk:confirm": Permission("authorise bulk exports of others", "授权他人批量导出"),
    "events:read": Permission("follow events", "订阅业务事件"),
    "reports:read": Permission("see reports", "查看报表"),
    "status:read": Permission("see the state of the system", "查看系统运行状态"),
    "pii:read": Permission("see ID and mobile numbers unmasked", "查看完整证件号与手机号"),
    "account_numbers:read": Permission("see bank account numbers unmasked", "查看完整银行账号"),
    "audit:read": Permission("see the operation log", "查看操作日志"),
    "audit:export": Permission("export the operation log", "导出操作日志"),
    "training:attend": Permission("learn in the training bank", "参加培训"),
    "training:manage": Permission("run the training bank", "管理培训"),
    "flow:configure": Permission("adjust the approval flow", "调整审批流程", Tier.APPROVAL),
    "accounts:read": Permission("see accounts and their posts", "查看账号与岗位", Tier.APPROVAL),
    "accounts:manage": Permission("propose and confirm changes of accounts", "提交与复核账号变更", Tier.APPROVAL),
    "parameters:propose": Permission("propose parameters and products", "提交参数与产品变更", Tier.BUSINESS),
    "parameters:confirm": Permission("confirm parameters and products", "复核参数与产品变更", Tier.BUSINESS),
    "accounts:unlock": Permission("propose and confirm unlocking", "提交与复核账号解锁", Tier.SYSTEM),
    "clients:manage": Permission("propose and confirm changes of OAuth clients", "提交与复核接入方变更", Tier.SYSTEM),
    "clock:advance": Permission("advance the business date", "推进营业日期", Tier.SYSTEM),
}
"""Every permission there is."""


class Post(PolicyModel):
    """One post: its tier, the desks it sits at, whose data it reaches and what it permits."""

    read_by: ClassVar = LIVE

    key: str = Field(pattern=r"^[a-z][a-z_]*$")
    """How accounts name it."""
    name: str
    """In English."""
    name_zh: str
    """In Chinese."""
    tier: TierName = "staff"
    """Of the four tiers (SEC-01)."""
    scope: Scope
    """Whose data it reaches (数据权限)."""
    desks: list[str] = []
    """Labels of desks (`credit.room.DESK_LABELS`) whose people hold this post."""
    seat: int = Field(default=0, ge=0, le=99)
    """[number] What stands for the desk in the numbers of its people (`credit.numbers.person_of`) where the post has no desk."""
    at_first: int = Field(default=0, ge=0, le=99)
    """[accounts] Accounts made at the first start, at head office or, of a post that reaches no further, at each branch."""
    permissions: list[str] = []
    """What it permits."""

    @property
    def rank(self) -> Tier:
        """The tier as a number."""
        return Tier[self.tier.upper()]

    @property
    def at_branches(self) -> bool:
        """True where each branch has its own people of this post."""
        return self.scope in ("own_customers", "own_branch")

    @model_validator(mode="after")
    def _known(self) -> Post:
        for name in self.permissions:
            _permission(f"post {self.key}", name)
            if PERMISSIONS[name].tier > self.rank:
                needed = PERMISSIONS[name].tier.name.lower()
                raise ValueError(f"post {self.key}: {name} is for the tier {needed} and above")
        for label in self.desks:
            if label not in desks():
                raise ValueError(f"post {self.key}: {label!r} is no desk; known: {', '.join(desks())}")
        if self.at_first and not self.seat:
            raise ValueError(f"post {self.key}: at_first needs a seat, which numbers its people")
        if self.seat and any(int(desk) == self.seat for desk in desks().values()):
            raise ValueError(f"post {self.key}: seat {self.seat} is the number of a desk")
        return self


class Conflict(PolicyModel):
    """Posts that one person may not hold together: any of `posts` with any of `against` (SEC-03)."""

    read_by: ClassVar = LIVE

    key: str
    """Its name."""
    posts: list[str] = Field(min_length=1)
    """Any of these …"""
    against: list[str] = Field(min_length=1)
    """… with any of these."""
    source: str
    """The requirement it follows from, or that it is a default of our own."""


class SignIn(PolicyModel):
    """Rules of signing in; times in the unit of their names."""

    read_by: ClassVar = LIVE

    wrong_passwords_max: int = Field(ge=1, le=10)
    """[times] One more locks the account (SEC-07)."""
    lock_hours: int = Field(ge=1, le=720)
    """How long an account stays locked (SEC-07)."""
    password_length_min: int = Field(ge=8, le=64)
    """[characters] Shortest password."""
    token_minutes: int = Field(ge=1, le=60)
    """How long an access token lasts."""
    refresh_hours: int = Field(ge=1, le=720)
    """How long a sign-in can be prolonged without a password."""
    proposal_days: int = Field(ge=1, le=90)
    """How long a proposal waits for its second person."""


class Rate(PolicyModel):
    """How often a client may ask of one gateway process: a bucket that holds `burst` requests and fills by `per_second`."""

    read_by: ClassVar = LIVE

    per_second: float = Field(gt=0, le=1_000_000)
    """[requests a second] How fast the bucket fills."""
    burst: int = Field(ge=1, le=1_000_000)
    """[requests] What the bucket holds."""


KINDS = ("nobody", "customer", "staff", "system")
"""Who asks: nobody that is known (counted by address), or whoever has signed in."""


class PostPolicy(PolicyModel):
    """The posts of the bank."""

    read_by: ClassVar = LIVE

    sign_in: SignIn
    """Rules of signing in."""
    rates: dict[str, Rate]
    """By kind of caller (`KINDS`), and by subject (``system:load``) where one has a rate of its own (API-08)."""
    other_desks: str
    """The post of people at desks that no post names."""
    customers: list[str] = Field(min_length=1)
    """What customers may do with their own data."""
    provisional: list[str] = []
    """What of it they may before they were seen with their ID card: nothing that tells what the bank holds, or binds anybody."""
    clients: list[str] = Field(min_length=1)
    """What an OAuth client may be given."""
    first_clients: dict[str, list[str]] = {}
    """Clients made at the first start, with their scopes."""
    posts: list[Post] = Field(min_length=1)
    """The posts (SEC-04)."""
    conflicts: list[Conflict] = []
    """Posts nobody may hold together (SEC-03)."""

    @model_validator(mode="after")
    def _fits(self) -> PostPolicy:
        keys = [post.key for post in self.posts]
        for values, what in ((keys, "key"), ([post.seat for post in self.posts if post.seat], "seat")):
            if len(values) != len(set(values)):
                raise ValueError(f"posts: two share a {what}")
        if self.other_desks not in keys:
            raise ValueError(f"other_desks: {self.other_desks!r} is no post")
        for name in (*self.customers, *self.clients):
            _permission("customers and clients", name)
            if PERMISSIONS[name].tier > Tier.STAFF:
                raise ValueError(f"customers and clients: {name} is for administrators")
        if unknown := [name for name in self.provisional if name not in self.customers]:
            raise ValueError(f"provisional: {unknown[0]} is not among what customers may do")
        for client, scopes in self.first_clients.items():
            if unknown := [name for name in scopes if name not in self.clients]:
                raise ValueError(f"client {client}: {unknown[0]} is not among what clients may be given")
        if lacking := [kind for kind in KINDS if kind not in self.rates]:
            raise ValueError(f"rates: {lacking[0]} is lacking")
        for conflict in self.conflicts:
            if unknown := [name for name in (*conflict.posts, *conflict.against) if name not in keys]:
                raise ValueError(f"conflict {conflict.key}: {unknown[0]!r} is no post")
        return self


def _permission(where: str, name: str) -> None:
    if name not in PERMISSIONS:
        raise ValueError(f"{where}: {name!r} is no permission; see credit.policies.posts.PERMISSIONS")


def load_posts(overrides: Overrides | None = None) -> PostPolicy:
    """The posts as a scenario has them; PolicyError says what is wrong and where."""
    return load("posts", PostPolicy, overrides)
