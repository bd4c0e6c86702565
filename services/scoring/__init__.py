"""Scoring: the CRS score, the programs and the categories of every profile, kept right as time and rules change.

Reads  `profile` (state, without identity).
Writes `scored` and `eligible` (state): one evaluation of one profile, two bodies under one `sequence`.
Owns   the schema `scoring`: the facts that a result stands on, and every result that was ever in force.

Promises: the newest version of a profile always ends with its score under the rule sets of the day; a clock step
never overwrites a newer version; doing a batch again changes nothing; a stored result is never overwritten and can
be recomputed from the stored facts to the same bytes (`ee scoring recompute`).
"""
