"""A real browser, driven by the DevTools protocol, for pages that people look at."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")


class Browser:
    """A tab, by the DevTools protocol. problems: what its console and its scripts complained of."""

    def __init__(self, live: aiohttp.ClientWebSocketResponse) -> None:
        self._live, self._number = live, 0
        self.problems: list[str] = []

    async def call(self, method: str, /, **values: Any) -> Any:
        self._number += 1
        await self._live.send_json({"id": self._number, "method": method, "params": values})
        while True:
            answer = await self._live.receive_json()
            if answer.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.problems.append(json.dumps(answer)[:400])
            if answer.get("id") == self._number:
                return answer["result"]

    async def value(self, expression: str) -> Any:
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        while not await self.value(expression):
            await asyncio.sleep(0.1)

    async def sized(self, width: int, scheme: str, media: str = "") -> None:
        """How wide the screen is, whether light or dark, and whether it is paper."""
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1}
        await self.call("Emulation.setDeviceMetricsOverride", mobile=width < 500, **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.call("Emulation.setEmulatedMedia", media=media, features=features)
        await asyncio.sleep(0.2)

    async def screen(self, width: int, scheme: str, path: Path, media: str = "") -> None:
        await self.sized(width, scheme, media)
        await asyncio.sleep(0.3)
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    assert PROGRAM, "no chromium or google-chrome on PATH"
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")
    process = subprocess.Popen(
        [PROGRAM, *options, f"--user-data-dir={folder}", "about:blank"], stderr=subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as client:
            pages: list[dict[str, Any]] = []
            while not pages:
                await asyncio.sleep(0.2)
                with suppress(OSError, aiohttp.ClientError, IndexError):
                    port = (folder / "DevToolsActivePort").read_text().split()[0]
                    async with client.get(f"http://127.0.0.1:{port}/json") as answer:
                        pages = [one for one in await answer.json() if one["type"] == "page"]
            async with client.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as live:
                tab = Browser(live)
                for part in ("Runtime", "Log", "Page"):
                    await tab.call(f"{part}.enable")
                yield tab
    finally:
        process.kill()
        process.wait()
