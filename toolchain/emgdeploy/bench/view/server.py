"""Serves the page by aiohttp, in a thread of its own: on 127.0.0.1 alone, under a token that nobody can guess.

A page of another site cannot reach it: its requests name another host or origin, and do not know the token.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from emgdeploy import optional
from emgdeploy.bench.view.state import State
from emgdeploy.errors import LinkError

HOST = "127.0.0.1"
_PAGE = Path(__file__).with_name("page.html")
_START_S, _WAITING = 10.0, 30
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class ViewServer:
    """address: of the page. Raises LinkError where the port is taken, ToolMissingError without aiohttp."""

    def __init__(self, state: State, port: int = 0) -> None:
        self._web: Any = optional.load("aiohttp.web", extra="view")
        self._state, self._token = state, secrets.token_urlsafe(24)
        self._loop = asyncio.new_event_loop()
        self._clients: set[asyncio.Queue[str | None]] = set()
        self._runner: Any = None
        self._port = port
        self._problem: OSError | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(_START_S)
        if self._problem is not None:
            raise LinkError(
                f"port {port} of this machine cannot be opened for the page: {self._problem.strerror}",
                "give another port, or --view without one",
            )

    @property
    def address(self) -> str:
        """Of the page, with its token."""
        return f"http://{HOST}:{self._port}/{self._token}/"

    def publish(self, message: dict[str, Any]) -> None:
        """Hand a message to every page that is open; one that does not keep up misses some."""
        text = json.dumps(message, allow_nan=False)
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._spread, text)

    def close(self) -> None:
        """Tell the pages that it is over, and stop. A second time does nothing."""
        if self._thread.is_alive():
            with suppress(RuntimeError):
                asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_START_S)
                self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_START_S)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._begin())
        except OSError as error:
            self._problem = error
        self._ready.set()
        if self._problem is None:
            self._loop.run_forever()
        self._loop.close()

    async def _begin(self) -> None:
        web = self._web
        app = web.Application(client_max_size=1 << 16)
        app.router.add_get(f"/{self._token}/", self._page)
        app.router.add_get(f"/{self._token}/live", self._live)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self._port = site._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._spread(json.dumps({"kind": "end"}))
        self._spread(None)
        await asyncio.sleep(0.05)  # until that is on its way
        await self._runner.cleanup()

    def _spread(self, text: str | None) -> None:
        for client in self._clients:
            if client.qsize() < _WAITING or text is None:
                client.put_nowait(text)

    def _ours(self, request: Any) -> None:
        """Raises HTTPForbidden for a request that another site made."""
        hosts = (f"{HOST}:{self._port}", f"localhost:{self._port}")
        origin = request.headers.get("Origin")
        if request.headers.get("Host") not in hosts or (
            origin is not None and origin not in [f"http://{host}" for host in hosts]
        ):
            raise self._web.HTTPForbidden

    async def _page(self, request: Any) -> Any:
        self._ours(request)
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        text = _PAGE.read_text(encoding="utf-8").replace("NONCE", nonce)
        headers = {**_HEADERS, "Content-Security-Policy": policy}
        return self._web.Response(text=text, content_type="text/html", headers=headers)

    async def _live(self, request: Any) -> Any:
        self._ours(request)
        socket = self._web.WebSocketResponse(max_msg_size=1 << 14, heartbeat=20)
        await socket.prepare(request)
        waiting: asyncio.Queue[str | None] = asyncio.Queue()
        self._clients.add(waiting)
        sender = asyncio.ensure_future(self._sending(socket, waiting))
        try:
            async for message in socket:
                self._said(message)
        finally:
            self._clients.discard(waiting)
            sender.cancel()
        return socket

    async def _sending(self, socket: Any, waiting: asyncio.Queue[str | None]) -> None:
        scene = {**self._state.scene.to_dict(), "events": list(self._state.changes)}
        await socket.send_str(json.dumps(scene))
        while (text := await waiting.get()) is not None:
            await socket.send_str(text)
        await socket.close()

    def _said(self, message: Any) -> None:
        with suppress(ValueError, TypeError, KeyError):
            places = json.loads(message.data)["traces"]
            self._state.choose(list(places))
