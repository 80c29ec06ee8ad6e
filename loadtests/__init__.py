"""Load tests with Locust: a leaf that nobody imports, that imports no Ray and none of ours, and talks HTTP."""
