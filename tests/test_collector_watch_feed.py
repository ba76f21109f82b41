"""The feed: news with numbers that only grow, a short memory, and waiting that costs nothing."""

import asyncio
import threading

from collector.feed import Feed


def test_news_are_numbered_on_from_the_first_id() -> None:
    feed = Feed(1_000)
    assert feed.last_id == 999
    feed.publish("unit", "11950")
    assert [(news.id, news.kind, news.subject) for news in feed.since(999) or ()] == [
        (1_000, "unit", "11950")
    ]
    assert feed.since(1_000) == []


def test_what_is_forgotten_or_was_never_ours_asks_to_resync() -> None:
    feed = Feed(1, keep=2)
    for unit in "abc":
        feed.publish("unit", unit)
    assert [news.subject for news in feed.since(1) or ()] == ["b", "c"]
    assert feed.since(0) is None
    assert feed.since(4) is None
    assert Feed(1_000).since(5) is None


async def test_who_waits_is_woken_by_news_from_another_thread() -> None:
    feed = Feed(1)
    waiting = asyncio.create_task(feed.wait(feed.last_id, 60.0))
    await asyncio.sleep(0)
    thread = threading.Thread(target=feed.publish, args=("unit", "11950"))
    thread.start()
    assert await waiting
    thread.join()


async def test_waiting_for_news_that_are_there_takes_no_time() -> None:
    feed = Feed(1)
    feed.publish("unit", "a")
    assert await feed.wait(0, 0.0)


async def test_waiting_ends_without_news_after_its_time() -> None:
    feed = Feed(1)
    assert not await feed.wait(feed.last_id, 0.01)
    feed.publish("unit", "a")  # nobody waits any more: nothing to wake, nothing kept
    assert not feed._waiting
