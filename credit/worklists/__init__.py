"""Worklists (待办任务): the tasks of the bank's desks, and who may do what about them."""
