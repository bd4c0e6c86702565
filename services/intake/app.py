"""The application of one process."""

from services.intake.handler import SERVICE, intake
from shared.worker.app import build

intake()  # a missing key is an error at the start, not at the first message
app = build(SERVICE)
