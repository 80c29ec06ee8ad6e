"""Applications (贷款申请): the form, its checks and its number."""
