"""Day books that releases have written, one folder a book: `book.db` with its snapshots, and `expected.json`, what stands in it.
A release that can't read yesterday's book fails (`tests/actors/book/test_golden.py`). They are never written anew."""
