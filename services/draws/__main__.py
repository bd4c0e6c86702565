"""`python -m services.draws`."""

import asyncio

from services.draws.app import app

asyncio.run(app.run())
