"""Approval (审批): branch desk and head office desk."""
