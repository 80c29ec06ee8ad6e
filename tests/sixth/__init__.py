"""A sixth product from one file: a scenario names the file, and everything else follows."""
