"""The messages that pass between services and their neighbours: models, envelope, schemas, golden messages.

Writers are closed: building a model with an unknown field raises, for it is our own bug. Readers are open:
`read` ignores what it does not know, so that a minor version may add fields (docs/messages.md).
"""
