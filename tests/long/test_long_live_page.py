"""The page of a live session in a real browser: `make test-long-live-page`, with chromium or google-chrome on PATH."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.bench.view.server import ViewServer
from emgdeploy.bench.view.state import State
from emgdeploy.signals.sources.source import Piece
from support.devices.browser import browser
from support.devices.live_scene import LABELS, SCENE, answered

pytestmark = pytest.mark.long


async def shown(state: State, server: ViewServer, folder: Path) -> None:
    async with browser(folder / "profile") as tab:
        await tab.call("Page.navigate", url=server.address)
        await tab.until("document.getElementById('link').textContent === 'live' && scene !== null")
        rng = np.random.default_rng(0)
        for tick in range(60):
            samples = rng.normal(0, 1 + np.arange(6), (100, 6)).astype(np.float32)
            samples[3, 1] = np.nan
            state.samples(Piece(samples, np.arange(100) / 1000))
            state.decided(answered(tick, tick // 20 if tick % 7 else None, tick % 7 == 0))
            message = state.message(float(tick))
            assert message is not None
            server.publish(message)
        await tab.until("maps.length === 60")
        texts = await tab.value(
            "[...document.querySelectorAll('.row span:first-child')].map((e) => e.textContent)"
        )
        assert texts == list(LABELS) and not await tab.value("document.querySelector('b') !== null")
        assert await tab.value("document.getElementById('decision').textContent") == "open"
        assert await tab.value("document.getElementById('events').children.length") > 10
        sides = "const r = at('map').getBoundingClientRect();"
        for share in (0.9, 0.1):  # the last place of the grid is chosen, and the first one left out
            await tab.value(
                f"{{ {sides} at('map').dispatchEvent(new MouseEvent('click', "
                f"{{clientX: r.left + {share} * r.width, clientY: r.top + {share} * r.height}})); }}"
            )
        while state._traced != (1, 3, 4, 5):
            await asyncio.sleep(0.05)
        backs = []
        for name, width, scheme in (
            ("light", 1280, "light"),
            ("dark", 1280, "dark"),
            ("narrow", 400, "light"),
        ):
            await tab.screen(width, scheme, folder / f"{name}.png")
            assert await tab.value("document.documentElement.scrollWidth") <= width
            backs.append(await tab.value("getComputedStyle(document.body).backgroundColor"))
        assert backs[0] == backs[2] != backs[1]
        await asyncio.get_running_loop().run_in_executor(None, server.close)
        await tab.until("document.getElementById('link').textContent === 'the session has ended'")
        assert tab.problems == []


def test_the_page_works_in_a_browser(tmp_path: Path) -> None:
    state = State(SCENE)
    with closing(ViewServer(state)) as server:
        asyncio.run(asyncio.wait_for(shown(state, server, tmp_path), 60))
    print(f"{tmp_path}: light.png, dark.png, narrow.png")
    assert all((tmp_path / f"{name}.png").stat().st_size > 5000 for name in ("light", "dark", "narrow"))
