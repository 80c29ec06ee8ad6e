"""Notices (通知): what the bank tells its customers, from templates, by SMS, app push and letter."""
