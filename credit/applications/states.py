"""The states of an application at the desk, and of a customer, with every allowed move as data (CUS-11, APP-15).

    form ──► REFUSED                      a field is missing or wrong: nothing is opened
      └────► DECLINED (婉拒)              admission screening: no customer number, no list query
      └────► IN_REVIEW (自动化初审) ──► INTERCEPTED    a list or the risk library knows the person
                                  └──► ACCEPTED       dispatched; scoring takes over

    customer: POTENTIAL (潜在客户) ──► FORMAL (正式客户) when the first piece of business completes

Its rule: only IN_REVIEW is kept; everything else is final and leaves the desk's memory."""

from __future__ import annotations

from enum import IntEnum


class FormState(IntEnum):
    """Where a form stands."""

    RECEIVED = 0
    REFUSED = 1
    DECLINED = 2
    IN_REVIEW = 3
    INTERCEPTED = 4
    ACCEPTED = 5


class CustomerState(IntEnum):
    """Where a customer stands with the bank."""

    POTENTIAL = 0
    FORMAL = 1


FORM_MOVES: dict[FormState, tuple[FormState, ...]] = {
    FormState.RECEIVED: (FormState.REFUSED, FormState.DECLINED, FormState.IN_REVIEW),
    FormState.IN_REVIEW: (FormState.INTERCEPTED, FormState.ACCEPTED),
    FormState.REFUSED: (),
    FormState.DECLINED: (),
    FormState.INTERCEPTED: (),
    FormState.ACCEPTED: (),
}

CUSTOMER_MOVES: dict[CustomerState, tuple[CustomerState, ...]] = {
    CustomerState.POTENTIAL: (CustomerState.FORMAL,),
    CustomerState.FORMAL: (),
}
