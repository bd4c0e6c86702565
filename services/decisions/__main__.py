"""`python -m services.decisions`: one worker process."""

import asyncio

from services.decisions.app import app

asyncio.run(app.run())
