"""`python -m lendrill` is `lendrill`."""

import sys

from lendrill.cli import main

if __name__ == "__main__":
    sys.exit(main())
