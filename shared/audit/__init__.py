"""What operators did, in the schema of every service: append-only, each entry chained to the one before by its hash.

The database writes the entries: triggers where an order is a row, `audit_append` where it is an act. Who did it is
the login of the session. Neither the service nor an operator can change or remove an entry.
"""
