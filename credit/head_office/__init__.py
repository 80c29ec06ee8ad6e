"""Approval at head office (总行审批): the higher desks, one for all branches."""
