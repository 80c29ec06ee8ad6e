"""Tests of what is made of a drill's record."""
