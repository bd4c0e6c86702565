"""The application of one process."""

from services.decisions.handler import SERVICE, decisions
from shared.worker.app import build

decisions()  # a wrong setting is an error at the start, not at the first message
app = build(SERVICE)
