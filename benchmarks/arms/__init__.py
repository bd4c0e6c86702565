"""Other ways to do the same work, each a process that takes the place of a service of ours (benchmarks/README.md)."""
