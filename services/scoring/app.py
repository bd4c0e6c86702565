"""The application of one process."""

from services.scoring.handler import SERVICE
from shared.worker.app import build

app = build(SERVICE)
