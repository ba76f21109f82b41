"""The InfluxDB engine beyond the contract: its mark follows what is on the server's disk, failures are made up for."""

import pytest
from support_samples import batch

from collector.samples import Point
from collector.samples.influx_engine import InfluxStore
from core.errors import Unavailable
from lab.victoria import VICTORIA, victoria_metrics

T0 = 1_790_000_000_000

pytestmark = pytest.mark.skipif(VICTORIA is None, reason="victoria-metrics is not installed")


def test_the_mark_waits_until_the_server_has_written(tmp_path):
    with victoria_metrics(tmp_path / "server") as server:
        store = InfluxStore(server.url, tmp_path / "mark", settle_s=3_600)
        store.append(batch((1, T0, 1.0)), 7)
        assert store.mark() == 0
        store._settle_s = 0
        assert store.mark() == 7
        store.close()
        assert (tmp_path / "mark").read_text() == "7"


def test_after_a_failure_all_that_had_not_settled_is_sent_again(tmp_path):
    with victoria_metrics(tmp_path / "one") as server:
        store = InfluxStore(server.url, tmp_path / "mark", settle_s=3_600)
        store.append(batch((1, T0, 1.0)), 1)
    with pytest.raises(Unavailable):
        store.append(batch((1, T0 + 1_000, 2.0)), 2)
    with pytest.raises(Unavailable):
        store.range(1, T0, T0 + 9_000)
    # A server that lost everything that had not settled.
    with victoria_metrics(tmp_path / "two", port=int(server.url.rpartition(":")[2])):
        store.append(batch((1, T0 + 1_000, 2.0)), 2)
        store._get("/internal/force_flush", {})
        assert list(store.range(1, T0, T0 + 9_000)) == [Point(T0, 1.0), Point(T0 + 1_000, 2.0)]
        store.close()


def test_without_a_server_the_store_says_so(tmp_path):
    with pytest.raises(Unavailable):
        InfluxStore("http://127.0.0.1:9", tmp_path / "mark")
