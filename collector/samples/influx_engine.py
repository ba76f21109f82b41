"""A sample store on a server of its own: written through InfluxDB's v2 API, read through VictoriaMetrics' query API.

VictoriaMetrics speaks both. It acknowledges what it has in memory and writes it to disk within seconds, so a batch counts
as stored only `settle_s` after it was taken, and until then is kept here too: after any failure all of that is sent
once more. The mark is a small file of ours that follows behind. The server must run with
`-dedup.minScrapeInterval=1ms`, so that a sample sent twice is there once; retention is the server's own
(`-retentionPeriod`), and so is compaction. docs/stores.md says what that does not cover.
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2
import numpy as np
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from collector.samples import Batch, Bucket, Point
from collector.samples.buckets import bucketed
from collector.samples.latest import Latest
from core.errors import Unavailable

MEASUREMENT = "nhip"
METRIC = "nhip_value"
"""What VictoriaMetrics makes of the measurement and its one field."""
BUCKETS_AT_ONCE = 10_000
_FIGURES = ("min", "avg", "max", "count")
_QUANTILES = ("0.5", "0.95")


class InfluxStore:
    """A `SampleStore` on the server at `url`. `mark_path` is a file of ours for the mark.

    `lookback` is how far back the newest sample of a series is looked for at the start. Raises Unavailable, from
    every method, when the server does not answer; what `append` could not write is sent with the next one.
    """

    def __init__(
        self,
        url: str,
        mark_path: Path,
        *,
        token: str = "",
        org: str = "nhip",
        bucket: str = "nhip",
        settle_s: float = 15.0,
        lookback: str = "7d",
    ) -> None:
        self._mark_path, self._settle_s = mark_path, settle_s
        self._org, self._bucket = org, bucket
        self._client = InfluxDBClient(url, token=token, org=org, timeout=30_000, enable_gzip=True)
        self._write = self._client.write_api(write_options=SYNCHRONOUS)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(base_url=url, timeout=30, headers=headers)
        self._lock = threading.Lock()
        self._unsettled: deque[tuple[float, int, bytes]] = deque()
        self._resend = False
        self._latest = Latest()
        try:
            self._mark = int(mark_path.read_text())
        except (FileNotFoundError, ValueError):
            self._mark = 0
        self._load_latest(lookback)

    def append(self, batch: Batch, mark: int) -> None:
        with self._lock:
            self._unsettled.append((time.monotonic(), mark, _lines(batch)))
            waiting = [lines for _, _, lines in self._unsettled] if self._resend else [self._unsettled[-1][2]]
            self._resend = True
            try:
                for lines in waiting:
                    if lines:
                        self._write.write(self._bucket, self._org, lines, write_precision=WritePrecision.MS)  # type: ignore[arg-type] # its constants are plain text
            except (ApiException, HTTPError, OSError) as error:
                # The caller sends this batch again, so it is not kept here; those before it are.
                self._unsettled.pop()
                raise Unavailable(f"the sample store does not take samples: {error}") from error
            self._resend = False
            self._latest.take(batch)
            self._settle()

    def mark(self) -> int:
        with self._lock:
            self._settle()
            return self._mark

    def latest(self) -> Mapping[int, Point]:
        return self._latest

    def range(self, series: int, start: int, end: int) -> Sequence[Point]:
        if start >= end:
            return []
        answer = self._get(
            "/api/v1/export",
            {"match[]": _one(series), "start": str(start / 1000), "end": str((end - 1) / 1000)},
        )
        found: dict[int, float] = {}
        for line in answer.splitlines():
            block = json.loads(line)
            found.update(zip(block["timestamps"], block["values"], strict=True))
        return [Point(at, float(found[at])) for at in sorted(found)]

    def downsample(self, series: int, start: int, end: int, bucket_ms: int) -> Sequence[Bucket]:
        first, last = start + -start % bucket_ms, end - end % bucket_ms
        if first >= last:
            return list(bucketed(self.range(series, start, end), bucket_ms))
        buckets = list(bucketed(self.range(series, start, first), bucket_ms))
        for begin in range(first, last, BUCKETS_AT_ONCE * bucket_ms):
            stop = min(last, begin + BUCKETS_AT_ONCE * bucket_ms)
            buckets += self._whole_buckets(series, begin, stop, bucket_ms)
        return [*buckets, *bucketed(self.range(series, last, end), bucket_ms)]

    def maintain(self, now: int) -> None:
        del now  # the server compacts, and lets go what is past its retention, by itself

    def close(self) -> None:
        with self._lock:
            self._settle()
            self._client.close()  # type: ignore[no-untyped-call] # the library has no types here
            self._http.close()

    def _settle(self) -> None:
        settled = 0
        while self._unsettled and time.monotonic() - self._unsettled[0][0] >= self._settle_s:
            settled = max(settled, self._unsettled.popleft()[1])
        if settled > self._mark:
            fresh = self._mark_path.with_suffix(".new")
            with fresh.open("w") as file:
                file.write(str(settled))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._mark_path)
            self._mark = settled

    def _whole_buckets(self, series: int, start: int, end: int, bucket_ms: int) -> list[Bucket]:
        window = f"{_one(series)}[{bucket_ms}ms]"
        parts = [f'label_set({figure}_over_time({window}), "of", "{figure}")' for figure in _FIGURES]
        parts.append(f'quantiles_over_time("of", {", ".join(_QUANTILES)}, {window})')
        asked = {
            "query": f"union({', '.join(parts)})",
            # The server's windows are open at the left and closed at the right: one ms before ours.
            "start": str((start + bucket_ms - 1) / 1000),
            "end": str((end - 1) / 1000),
            "step": f"{bucket_ms}ms",
            "nocache": "1",
        }
        found: dict[int, dict[str, float]] = {}
        for line in json.loads(self._get("/api/v1/query_range", asked))["data"]["result"]:
            for at, value in line["values"]:
                found.setdefault(round(at * 1000) + 1 - bucket_ms, {})[line["metric"]["of"]] = float(value)
        return [
            Bucket(
                at,
                figures["min"],
                figures["avg"],
                figures["max"],
                int(figures["count"]),
                *(figures[q] for q in _QUANTILES),
            )
            for at, figures in sorted(found.items())
        ]

    def _load_latest(self, lookback: str) -> None:
        columns: dict[str, dict[int, float]] = {}
        for function in ("tlast_over_time", "last_over_time"):
            answer = self._get("/api/v1/query", {"query": f"{function}({METRIC}[{lookback}])"})
            columns[function] = {
                int(line["metric"]["s"]): float(line["value"][1])
                for line in json.loads(answer)["data"]["result"]
            }
        times, values = columns.values()
        known = sorted(times.keys() & values.keys())
        self._latest.take(
            Batch(
                np.array(known, np.int32),
                np.array([round(times[series] * 1000) for series in known], np.int64),
                np.array([values[series] for series in known], np.float64),
            )
        )

    def _get(self, path: str, parameters: Mapping[str, str]) -> str:
        try:
            answer = self._http.get(path, params=parameters)
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise Unavailable(f"the sample store does not answer: {error}") from error
        return answer.text


def _one(series: int) -> str:
    return f'{METRIC}{{s="{series}"}}'


def _lines(batch: Batch) -> bytes:
    columns = zip(batch.series.tolist(), batch.value.tolist(), batch.at.tolist(), strict=True)
    return "\n".join(
        f"{MEASUREMENT},s={series} value={value!r} {at}" for series, value, at in columns
    ).encode()
