"""Intake: identity, one live profile per person, the programs, and a profile's life in the pool.

Reads  `submission` (upstreams), `invited` and `decided` (the lock of an invited profile, the end of its life).
Writes `profile` (state, without identity), `rejected` and `notice` (facts).
Owns   the schema `intake`; identity is encrypted in it and leaves it by no message, log or error. A person is
       forgotten by two operators' orders; the null value on `profile` tells the others.

Promises: each (profile number, version) has one stored outcome, which a repetition gets again; of one person at
most one profile is live, whichever workers see them; a profile enters and leaves the pool at the instant that the
law names, in the order of those instants, however late the clock step runs; doing a batch again changes nothing.
"""
