"""The process: `python -m services.draws`."""

from services.draws.handler import SERVICE
from shared.worker.app import build

app = build(SERVICE)
