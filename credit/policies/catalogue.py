"""Which model each policy file is read by: one row a file."""

from __future__ import annotations

from credit.policies.admission import AdmissionPolicy
from credit.policies.appeals import AppealPolicy
from credit.policies.approval import ApprovalPolicy
from credit.policies.backups import BackupPolicy
from credit.policies.base import PolicyModel
from credit.policies.collateral import CollateralPolicy
from credit.policies.collections import CollectionPolicy, StrategySet
from credit.policies.contracts import ContractPolicy
from credit.policies.due_diligence import DueDiligencePolicy
from credit.policies.fraud import FraudModelPolicy, FraudPolicy
from credit.policies.ledger import LedgerPolicy
from credit.policies.materials import MaterialPolicy
from credit.policies.notices import NoticePolicy
from credit.policies.payments import PaymentPolicy
from credit.policies.post_loan import PostLoanPolicy
from credit.policies.posts import PostPolicy
from credit.policies.products import ProductPolicy
from credit.policies.repayment import RepaymentPolicy
from credit.policies.restructuring import RestructuringPolicy
from credit.policies.scorecard import ScorecardPolicy

MODELS: dict[str, type[PolicyModel]] = {
    "admission": AdmissionPolicy,
    "appeals": AppealPolicy,
    "approval": ApprovalPolicy,
    "backups": BackupPolicy,
    "collateral": CollateralPolicy,
    "collections": CollectionPolicy,
    "collections_a": StrategySet,
    "collections_b": StrategySet,
    "contracts": ContractPolicy,
    "due_diligence": DueDiligencePolicy,
    "fraud": FraudPolicy,
    "fraud_model": FraudModelPolicy,
    "ledger": LedgerPolicy,
    "materials": MaterialPolicy,
    "notices": NoticePolicy,
    "payments": PaymentPolicy,
    "post_loan": PostLoanPolicy,
    "posts": PostPolicy,
    "products": ProductPolicy,
    "repayment": RepaymentPolicy,
    "restructuring": RestructuringPolicy,
    "scorecard": ScorecardPolicy,
}
