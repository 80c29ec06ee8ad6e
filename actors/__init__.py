"""Hosts: they give the pure core a clock, a process and a wire. Nothing here knows what a loan is."""
