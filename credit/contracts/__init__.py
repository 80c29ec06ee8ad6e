"""Contracts (合同): generation, element check, signing, expiry."""

from credit.contracts.states import Action, ContractState, SignMode
from credit.contracts.subsystem import ContractsSubsystem
from credit.contracts.templates import Templates

__all__ = ["Action", "ContractState", "ContractsSubsystem", "SignMode", "Templates"]
