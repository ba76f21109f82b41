"""What a change of an outage says to people. Pure: values in, texts out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from collector.views import Outage, OutageChange, UnitState

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LANGUAGES = ("vi", "en")

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "opened": "■ Mất kết nối: {name}",
        "closed": "● Đã có kết nối lại: {name} (sau {duration})",
        "retracted": "◇ Đính chính: {name} không bị mất kết nối",
        "unit": "Đơn vị: {name} ({code})",
        "began": "Lần cuối còn kết nối: {at}",
        "detected": "Phát hiện lúc: {at}",
        "ended": "Có kết nối lại lúc: {at}",
        "lasted": "Thời gian gián đoạn: {duration}",
        "why retracted": "Kết quả đo gửi về muộn cho thấy đơn vị vẫn hoạt động trong thời gian này.",
        "link": "Chi tiết: {link}",
        "day": "ngày",
        "hour": "giờ",
        "minute": "phút",
        "second": "giây",
        "test title": "Nhịp: tin thử",
        "test body": "Nếu đọc được tin này thì nơi nhận «{name}» đã sẵn sàng.",
    },
    "en": {
        "opened": "■ Down: {name}",
        "closed": "● Up again: {name} (after {duration})",
        "retracted": "◇ Correction: {name} was not down",
        "unit": "Unit: {name} ({code})",
        "began": "Last known to be up: {at}",
        "detected": "Detected: {at}",
        "ended": "Up again: {at}",
        "lasted": "Duration: {duration}",
        "why retracted": "Results that arrived late show that the unit worked during this time.",
        "link": "Details: {link}",
        "day": "d",
        "hour": "h",
        "minute": "min",
        "second": "s",
        "test title": "Nhịp: test message",
        "test body": "If you can read this, the destination “{name}” is ready.",
    },
}
_LINES: Mapping[str, tuple[str, ...]] = {
    "opened": ("unit", "began", "detected"),
    "closed": ("unit", "began", "ended", "lasted"),
    "retracted": ("unit", "why retracted", "began", "ended"),
}
"""The changes that are told, and the lines of each. A revision of times alone is shown on the pages only."""


@dataclass(frozen=True, slots=True)
class Message:
    title: str
    body: str


def message(change: OutageChange, unit: UnitState | None, language: str, link: str) -> Message | None:
    """The message for a change; None when it is not one that people are told of.

    `unit` is None when it exists no more; its code stands for its name. `link` is the address of the pages, such as
    `https://nhip.example.vn`; without one the message has no link.
    """
    lines = _LINES.get(change.what)
    if lines is None:
        return None
    outage, texts = change.outage, _TEXTS[language]
    values = {
        "name": unit.name if unit else outage.unit,
        "code": outage.unit,
        "duration": duration(_length(outage), language),
        "link": f"{link.rstrip('/')}/units/{outage.unit}",
    }
    times = {"began": outage.began_at, "detected": outage.detected_at, "ended": outage.ended_at}
    body = [
        texts[line].format(**values, at=local_time(times.get(line)))
        for line in lines
        if line not in times or times[line] is not None
    ]
    if link:
        body.append(texts["link"].format(**values))
    return Message(texts[change.what].format(**values), "\n".join(body))


def trial_message(name: str, language: str) -> Message:
    """What is sent to try a destination."""
    texts = _TEXTS[language]
    return Message(texts["test title"], texts["test body"].format(name=name))


def local_time(at: int | None) -> str:
    """`at` on a clock in Vietnam, `23/11/2026 14:03:05`; empty for None."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZONE).strftime("%d/%m/%Y %H:%M:%S")


def duration(ms: int, language: str) -> str:
    """The two largest parts that matter: `2 giờ 5 phút`, `3 d 4 h`, `40 s`."""
    texts, seconds = _TEXTS[language], max(0, ms) // 1000
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        parts.append((count, texts[name]))
    first = next((i for i, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [part for part in parts[first : first + 2] if part[0]] or [parts[-1]]
    return " ".join(f"{count} {name}" for count, name in shown)


def _length(outage: Outage) -> int:
    return (outage.ended_at or outage.began_at) - outage.began_at
