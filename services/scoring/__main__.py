"""`python -m services.scoring`: one worker process."""

import asyncio

from services.scoring.app import app

asyncio.run(app.run())
