"""Applications (贷款申请): the form, admission, the customer register, risk lists and dispatch."""
