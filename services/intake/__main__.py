"""`python -m services.intake`: one worker process."""

import asyncio

from services.intake.app import app

asyncio.run(app.run())
