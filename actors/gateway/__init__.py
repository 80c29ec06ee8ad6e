"""The gateway: the bank's one door, over HTTP. Each process of it holds nothing but a connection to the conductor."""
