"""The demo: a real week of August 2026, replayed with a synthetic population on the real services."""
