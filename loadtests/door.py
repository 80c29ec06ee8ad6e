"""What is asked at a bank's door before anybody comes: whether the accounts of a load test are let in, and how many branches the
bank has. ``python -m loadtests.door HOST`` prints the number of branches that a test may use; where there can be no test it says
why in one line, and its exit code is that of bad input."""

from __future__ import annotations

import argparse
import os
import sys

from loadtests.accounts import CLIENT_ID, CLIENT_SECRET, CREDENTIALS, NOBODY, Accounts, BadCredentials, accounts
from loadtests.client import Client

EXIT_BAD_INPUT = 2
CATALOGUE = "/v1/products"
_RIGHT = (
    f"give `lendrill load --home`, or name the file of first credentials by {CREDENTIALS}, "
    f"or a system by {CLIENT_ID} and {CLIENT_SECRET}"
)


class NotLetIn(ValueError):
    """A bank that can't be loaded so; its text is the one line that says why."""


def branches_of(client: Client, known: Accounts, wanted: int = 0) -> int:
    """How many branches a test uses: as many as are wanted, and no more than the bank has; 0: all of them. The system that stands
    for all customers asks, or the first of the staff where there is none. NotLetIn where nobody is let in, and where the bank has
    fewer branches."""
    account = known.system() if known.systems else next(iter(known.people), NOBODY)
    answer = client.get(CATALOGUE, account)
    if answer.status == 401 and account is NOBODY:
        raise NotLetIn(f"the bank lets nobody in without an account ({_RIGHT})")
    if account.refused:
        raise NotLetIn(f"the bank does not let {account.name} in with the secret that was given ({_RIGHT})")
    if not answer.ok:
        raise NotLetIn(f"{CATALOGUE}: {answer.why}")
    has = int(answer.json().get("branches", 0))
    if not (has or wanted):
        raise NotLetIn("the bank does not say how many branches it has (give --branches)")
    if wanted > has > 0:
        raise NotLetIn(f"--branches {wanted}: the bank has {has} (give 1 to {has}, or leave it out)")
    return wanted or has


def main() -> int:
    """Asks for whoever starts a test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("--branches", type=int, default=0)
    given = parser.parse_args()
    client = Client(given.host)
    try:
        sys.stdout.write(f"{branches_of(client, accounts(os.environ.get(CREDENTIALS, '')), given.branches)}\n")
    except (NotLetIn, BadCredentials) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_INPUT
    finally:
        client.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
