"""The command line, and the composition root: the only package that knows every other one. Nothing here decides
anything about credit; it reads what a person asked for, puts the parts together and says what came of it."""

__version__ = "0.1.0"
