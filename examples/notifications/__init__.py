"""A downstream service in small: turns what the engine publishes about a candidate into e-mails in their language.

It reads `notice`, `rejected`, `scored`, `invited` and `decided` as the principal `notifications`, in a group of that
name, and writes to no topic. It uses nothing of the engine but its messages.
"""
