"""The page of a live session, by its own HTTP and WebSocket messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from typing import Any

import aiohttp
import numpy as np
import pytest

from emgdeploy.bench.view.server import ViewServer
from emgdeploy.bench.view.state import PERIOD_S, State
from emgdeploy.errors import LinkError
from emgdeploy.signals.sources.source import Piece
from support.devices.live_scene import LABELS, SCENE, answered


def piece(count: int = 100) -> Piece:
    samples = np.zeros((count, 6), np.float32)
    samples += np.arange(6) * np.where(np.arange(count) % 2, 1, -1)[:, None]
    return Piece(samples.astype(np.float32), np.arange(count) / 1000)


@pytest.fixture
def state() -> State:
    return State(SCENE)


@pytest.fixture
def server(state: State) -> Iterator[ViewServer]:
    with closing(ViewServer(state)) as served:
        yield served


def test_the_map_is_the_strength_of_each_place(state: State) -> None:
    state.samples(piece(50))
    state.samples(piece(50))
    for index, decision in enumerate((0, 1, 1, None)):
        state.decided(answered(index, decision, decision is None, 0.01 * (index + 1)))
    news = state.message(1.0)
    assert news is not None and news["map"] == [0, 1, None, 5, 4, 3]
    assert list(news["traces"]) == ["0", "1", "3", "4"] and news["traces"]["3"] == [[-5, 5]] * 20
    assert [(one["decision"], one["unsure"]) for one in news["events"]] == [
        (0, False),
        (1, False),
        (None, True),
    ]
    assert news["lag_ms"]["p50"] == pytest.approx(25) and news["load"] == pytest.approx(0.1)
    assert news["scores"] == [0.1, 0.7, 0.2] and news["windows_bad"] == 1
    assert state.message(1.0 + PERIOD_S / 2) is None
    later = state.message(1.0 + PERIOD_S)
    assert later is not None and "map" not in later and later["events"] == []


def test_bad_samples_and_any_choice_are_survived(state: State) -> None:
    spoilt = piece(7).samples
    spoilt[3, 1], spoilt[4, 5] = np.nan, np.inf
    state.choose([3, 3, 2, 99, "x", None, True, 1, 0])
    state.samples(Piece(spoilt, np.zeros(7)))
    news = state.message(0.0)
    assert news is not None and news["map"] == [
        0,
        None,
        None,
        None,
        pytest.approx(4, rel=0.02),
        pytest.approx(3, rel=0.02),
    ]
    assert list(news["traces"]) == ["3", "1", "0"]
    json.dumps(news, allow_nan=False)


def asked(test: Callable[[aiohttp.ClientSession], Coroutine[Any, Any, None]]) -> None:
    async def session() -> None:
        async with aiohttp.ClientSession() as client:
            await asyncio.wait_for(test(client), 10)

    asyncio.run(session())


def test_a_page_is_told_the_scene_then_the_news_and_can_choose(server: ViewServer, state: State) -> None:
    state.decided(answered(0, 1))

    async def test(client: aiohttp.ClientSession) -> None:
        async with client.ws_connect(server.address + "live") as live:
            scene = await live.receive_json()
            assert scene["labels"] == list(LABELS) and scene["present"] == [
                True,
                True,
                False,
                True,
                True,
                True,
            ]
            assert [one["decision"] for one in scene["events"]] == [1]
            await live.send_str("nonsense")
            await live.send_str('{"traces": 5}')
            await live.send_json({"traces": [5]})
            while state._traced != (5,):
                await asyncio.sleep(0.01)
            state.samples(piece())
            message = state.message(0.0)
            assert message is not None
            server.publish(message)
            news = await live.receive_json()
            assert list(news["traces"]) == ["5"] and len(news["map"]) == 6
            await asyncio.get_running_loop().run_in_executor(None, server.close)
            assert (await live.receive_json())["kind"] == "end"
            assert (await live.receive()).type is aiohttp.WSMsgType.CLOSE

    asked(test)


def test_only_who_has_the_token_and_comes_from_here_sees_it(server: ViewServer) -> None:
    origin = server.address.rsplit("/", 2)[0]

    async def test(client: aiohttp.ClientSession) -> None:
        async with client.get(server.address) as page:
            assert page.status == 200
            text, policy = await page.text(), page.headers["Content-Security-Policy"]
        nonce = policy.split("script-src 'nonce-")[1].split("'")[0]
        assert "default-src 'none'" in policy and text.count(f'nonce="{nonce}"') == 2 and "NONCE" not in text
        assert "http://" not in text and "https://" not in text  # nothing of elsewhere
        wrong: tuple[tuple[str, dict[str, str], int], ...] = (
            (origin + "/", {}, 404),
            (origin + "/guess/", {}, 404),
            (server.address, {"Host": "evil.example"}, 403),
            (server.address + "live", {"Origin": "http://evil.example"}, 403),
            (server.address, {"Host": origin.removeprefix("http://").replace("127.0.0.1", "localhost")}, 200),
        )
        for url, headers, status in wrong:
            async with client.get(url, headers=headers) as answer:
                assert answer.status == status, (url, headers)

    asked(test)


def test_a_taken_port_is_named(server: ViewServer) -> None:
    port = int(server.address.split(":")[2].split("/")[0])
    with pytest.raises(LinkError, match=f"port {port} of this machine cannot be opened"):
        ViewServer(State(SCENE), port)
