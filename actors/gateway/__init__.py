"""The gateway: the bank over HTTP."""
