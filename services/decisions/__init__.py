"""Decisions: invitations, applications, findings, decisions (steps 7 and 8).

Reads  `invited` (draws), `application` (portal and officers' systems), `profile` (the facts at invitation, withdrawal).
Writes the facts `decided`, `rejected` and `notice`; has no state topic.
Owns   the schema `decisions`: every input as received, the deadlines acted on, every fact that was said.

Promises: a case is a pure function of the set of its inputs, in the order of their instants of receipt, and of the
deadlines acted on, so no order, repetition or restart changes it; nothing lapses before everything published up to the
deadline was handled; nothing is said twice, and what no longer holds is withdrawn by a new fact; no refusal without an
officer. Read `handler.py` for what a message does, `fold.py` for how a case is made, `steps.py` for the clock.
"""
