"""uvicorn, which waits for open answers before it ends: here it ends the event streams first."""

import socket

import uvicorn

from web.app import Application


class Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, Application):
            app.state.context.streams.close()
        await super().shutdown(sockets)
