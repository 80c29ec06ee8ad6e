"""Tests of the gateway: HTTP in, HTTP out, a whole bank behind it."""
