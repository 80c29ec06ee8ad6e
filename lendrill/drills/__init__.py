"""Drills (演练): what befalls a bank of several sites, by hand or from a file, and the record of it."""
