"""A link that can be cut: TCP, in which nothing arrives while it is cut and everything does when it is mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

_CHUNK = 65_536


class Link:
    """Forwards a port of 127.0.0.1 to another one. Cut, it keeps its connections and takes new ones, silently."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._whole = asyncio.Event()
        self._whole.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.carried = 0
        """Bytes that have come through, both ways."""

    def cut(self) -> None:
        """Nothing arrives any more, and nobody is told."""
        self._whole.clear()

    def mend(self) -> None:
        """What was sent meanwhile arrives late."""
        self._whole.set()

    @asynccontextmanager
    async def on(self, port: int) -> AsyncIterator["Link"]:
        """Listen on this port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError):
            await self._whole.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            with closing(back):
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(_CHUNK):
                await self._whole.wait()
                sink.write(data)
                await sink.drain()
                self.carried += len(data)
        with suppress(OSError):
            sink.write_eof()
