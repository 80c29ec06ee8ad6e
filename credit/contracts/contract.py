"""Contracts (合同): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Handler, Step
from credit.profile import TERMS
from credit.room import EventCode, GaugeCode, Reason, Room, event

room = Room(__name__, "contracts", ("contracts", "合同"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
ApplicationApproved = room.accepts(501, "ApplicationApproved", TERMS, sender="approval head_office")
ContractOffered = room.asks(
    502,
    "ContractOffered",
    "case customer party branch segment product amount_fen term_months rate_ppm lane mode applied_at expires_at round attempt "
    "digest:U64",
)
ContractSigned = room.obeys(
    503, "ContractSigned", "case round attempt mode confirmed_at person=0 serial=0 digest:U64=0 mark:U128=0"
)
"""`person`: the member of staff before whom it was signed; 0: the customer signed by himself · `serial`: of the
certificate by which it was signed, if any · `digest`: of the contract that was signed · `mark`: the signature itself, in
hexadecimal digits, which the host has verified."""
ContractChangeRequested = room.obeys(504, "ContractChangeRequested", "case round attempt amount_fen term_months reason")
ContractRenewalRequested = room.obeys(505, "ContractRenewalRequested", "case round attempt reason")
"""Every approval of a case opens a round, and its contracts are numbered in it: attempt 1, 2, 3 …"""
ContractReturned = room.obeys(506, "ContractReturned", "case round attempt reason person")
ContractCancelled = room.obeys(507, "ContractCancelled", "case round attempt reason person")
"""What staff do about an offered contract in which something is wrong: one of `ReturnReason` or `CancelReason`, and who."""
ScanWanted = room.asks(508, "ScanWanted", "case party branch chases")
ContractScanned = room.obeys(509, "ContractScanned", "case pages format size digest:U64 person")
"""The scan of a contract signed on paper was filed: pages, `FileFormat`, bytes, SHA-256 of the content in hexadecimal digits, and
who scanned it."""
ContractChecked = room.obeys(510, "ContractChecked", "case round attempt amount_fen term_months rate_ppm person")
"""A member of staff has read amount, term and rate in the contract that is to be signed: what he read there."""
CertificateIssued = room.obeys(511, "CertificateIssued", "case customer serial valid_from valid_until key:U64=0")
CertificateRevoked = room.obeys(512, "CertificateRevoked", "case serial")
"""Word of the certificate authority about a customer's certificate; `key`: his public key (Ed25519) in hexadecimal digits."""
room.table(
    "contracts",
    f"{TERMS} state attempt offered_at=0 expires_at=0 mode approved_fen checked_by=0",
    key="case",
    puts="state attempt offered_at expires_at checked_by",
)
room.table(
    "archived",
    "case customer product amount_fen term_months method guarantee purpose account payee_account collateral_fen rate_ppm "
    "valid_until round attempt expires_at mode confirmed_at signed_at consent offered_at=0 checked_by=0 person=0",
    key="case",
)
"""Signed contracts (合同归档), for good: all that their texts were filled from, whose they are, and how they were signed:
offered, confirmed and signed when, checked by whom, before whom (`person`; 0: the customer by himself)."""

room.table(
    "scans",
    "case party branch product amount_fen signed_at due_at chases=0 pages=0 format=0 size=0 scanned_at=0 person=0 digest:U64=0",
    key="case",
    puts="due_at chases pages format size scanned_at person digest",
)
"""Scans of contracts signed on paper, for good; `scanned_at` 0: nobody has filed it, and it is chased at `due_at`."""

room.table(
    "certificates",
    "serial case customer valid_from valid_until revoked_at=0 key:U64=0",
    key="serial",
    puts="revoked_at",
)
room.table("signatures", "case serial signed_at digest:U64 mark:U128", key="case")
"""Certificates, and what was signed by them, for good."""

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of contracts."""

    CONTRACT_GENERATED = event(
        501,
        "contract generated",
        "生成合同",
        value="attempt in its round",
        step=Step.CONTRACT,
        handler=Handler.CUSTOMER,
    )
    CONTRACT_BLOCKED = event(
        502,
        "contract blocked",
        "合同要素拦截",
        reason=Reason,
        value="faulty elements (bits)",
        refuses=True,
        step=Step.CONTRACT,
        handler=Handler.OPERATOR,
        trouble=("contracts blocked", "合同要素拦截"),
    )
    CONTRACT_CONFIRMED = event(503, "contract confirmed", "确认合同", value="instant of the confirmation, ms")
    CONTRACT_SIGNED = event(504, "contract signed", "签约", value="mode of signing")
    CONTRACT_EFFECTIVE = event(
        505,
        "contract effective",
        "合同生效",
        value="attempt in its round",
        step=Step.DISBURSEMENT,
        handler=Handler.OPERATOR,
        mails="ContractEffective",
    )
    CONTRACT_ARCHIVED = event(506, "contract archived", "合同归档", value="attempt in its round")
    CONTRACT_EXPIRED = event(
        507,
        "contract expired",
        "合同失效",
        value="attempt in its round",
        step=Step.CONTRACT,
        handler=Handler.CUSTOMER,
        trouble=("contracts expired", "合同失效"),
    )
    CONTRACT_WITHDRAWN = event(
        508,
        "contract withdrawn",
        "合同撤回",
        reason=Reason,
        value="term wished for, months",
        refuses=True,
        step=Step.APPROVAL,
        handler=Handler.SYSTEM,
    )
    CONTRACT_REGENERATED = event(
        509,
        "contract generated anew",
        "重新生成合同",
        reason=Reason,
        value="attempt in its round",
        step=Step.CONTRACT,
        handler=Handler.CUSTOMER,
    )
    CONTRACT_ACTION_REFUSED = event(
        510, "contract action refused", "合同操作被拒", reason=Reason, value="action", refuses=True
    )
    CONTRACT_RETURNED = event(
        511,
        "contract returned for revision",
        "退回修改",
        reason=Reason,
        value="attempt in its round",
        refuses=True,
        step=Step.CONTRACT,
        handler=Handler.SYSTEM,
    )
    CONTRACT_CANCELLED = event(
        512,
        "contract cancelled, a new application is needed",
        "合同作废，须重新申请",
        reason=Reason,
        value="attempt in its round",
        refuses=True,
        step=Step.CLOSED,
    )
    CONTRACT_LAPSED = event(
        513,
        "approval ran out before a signature, the case is over",
        "审批逾期未签约，业务终止",
        value="attempt in its round",
        step=Step.CLOSED,
    )
    CONTRACT_SCANNED = event(514, "paper contract scanned and filed", "纸质合同扫描归档", value="pages")
    SCAN_CHASED = event(
        515,
        "scan of a paper contract chased",
        "催办纸质合同扫描",
        value="times chased",
        trouble=("scans of contracts chased", "合同扫描催办"),
    )
    CONTRACT_CHECKED = event(516, "contract checked against its approval", "合同要素核对", value="attempt in its round")
    CERTIFICATE_ISSUED = event(517, "certificate issued", "签发数字证书", value="serial number")
    CERTIFICATE_REVOKED = event(518, "certificate revoked", "吊销数字证书", value="serial number")
    CERTIFICATE_VERIFIED = event(519, "signature by certificate verified", "数字证书验签通过", value="serial number")


class Gauge(GaugeCode):
    """What contracts measures at a day's end."""

    PENDING_CONTRACTS = 8, "contracts to be signed", "待签合同", True, "credit.contracts.states:ContractState"


class Refusal(Reason):
    """Why contracts refuses."""

    CONTRACT_ELEMENT = 401, "contract element missing", "合同要素缺失"
    CONTRACT_EXPIRED = 402, "contract expired", "合同已失效"
    CONTRACT_STATE = 403, "wrong state of the contract", "合同状态不符"
    NO_SCAN_WANTED = 404, "no paper contract that waits for a scan", "没有待扫描的纸质合同"
    SCAN_FAULTY = 405, "scan without pages, content or digest", "扫描件无页数、内容或摘要"
    CONTRACT_UNCHECKED = 406, "amount, term and rate are not checked yet", "金额、期限、利率尚未核对"
    CERTIFICATE_UNKNOWN = 441, "signed by no certificate of the authority's", "无有效签发的数字证书", "serial"
    CERTIFICATE_OWNER = 442, "certificate of another customer", "证书非本人所有", "serial"
    CERTIFICATE_REVOKED = 443, "certificate was revoked", "证书已吊销", "serial"
    CERTIFICATE_INVALID = 444, "certificate is not valid at this time", "证书不在有效期内", "serial"
    DIGEST_DIFFERS = 445, "another text was signed than was offered", "签署内容与待签合同不符", "digest"
    CERTIFICATE_FAULTY = 446, "certificate can't be taken or revoked", "证书信息有误", "serial"
    MARK_FALSE = 447, "signature is none of this key and text", "签名验证未通过", "mark"
    CHECKED_BY_SIGNER = 407, "whoever checked it takes no signature", "核对人不得经办签署", "person"


class ChangeReason(Reason):
    """Why a customer gives an offered contract back and asks for another one, CON-16."""

    OTHER_AMOUNT = 1, "wants another amount", "要求变更金额"
    OTHER_TERM = 2, "wants another term", "要求变更期限"


class ReturnReason(Reason):
    """Why staff return an offered contract for revision, CON-12."""

    AMOUNT_WRONG = 411, "amount is wrong", "金额有误"
    TERM_WRONG = 412, "term is wrong", "期限有误"
    RATE_WRONG = 413, "rate is wrong", "利率有误"
    ACCOUNT_WRONG = 414, "account is wrong", "账户有误"
    CONTACT_WRONG = 415, "contact details are wrong", "联系方式有误"


class RenewalReason(Reason):
    """Why a contract that can't be signed is asked for anew, CON-15."""

    NOT_IN_TIME = 431, "was not signed in time", "未在期限内签署"
    ELEMENT_MENDED = 432, "what stopped it is mended", "拦截要素已更正"


class CancelReason(Reason):
    """Why staff cancel an offered contract, CON-14."""

    NAME_CHANGED = 421, "name has changed", "姓名变更"
    ID_NUMBER_CHANGED = 422, "ID number has changed", "证件号变更"


room.logs(Event, Gauge, reasons=(Refusal, ChangeReason, ReturnReason, CancelReason, RenewalReason))
