"""Customers (客户): one register, one risk library, one list copy for the whole bank."""
