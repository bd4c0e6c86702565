"""Draws: the pool's ranking, instructions, rounds of invitations and their certificates (steps 5 and 6).

Owns the schema `draws`: the pool row of every profile with its sources apart (`scored`, `eligible`, own invitations
with what `decided` says of them), the rounds with every step of their lives, the rows that rounds stood on.
Reads `scored`, `eligible`, `decided`, `instruction`, `held`; writes the facts `invited` and `round`; no state topic.
Promises: a round is atomic and final, exactly the N best of its grouping or all if fewer, nobody twice; it ranks when
nothing that was published before is in flight, on scores of its day, or refuses and says what it waits for; it can be
recomputed from kept rows, years later, and compared with its certificate (`ee round verify`).
An instruction on Kafka is a draft. Approving and cancelling are commands under an operator's own login (`ee round`).
Read `handler.py` for what a message does and `rounds.py` for how a round is held.
"""
