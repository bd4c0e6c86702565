"""`make bench`: how fast, at what cost, and beside what."""
