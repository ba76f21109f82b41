"""The tables as people see them: which columns each has, in which order, and what may stand in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.values import Level
from inventory import tables
from inventory.exchange import cells
from inventory.exchange.cells import Reader, Scalar
from inventory.records import DEVICE_KINDS, ROLES

_LEVELS = {
    **{str(level): str(level) for level in Level},
    "tỉnh": "province",
    "sở": "department",
    "sở, ban, ngành": "department",
    "huyện": "district",
    "xã": "commune",
}
_VANTAGES = {"unit": "unit", "đơn vị": "unit", "centre": "centre", "trung tâm": "centre"}
_ROLES = {role: role for role in ROLES}
_LINK_KINDS = {"wan": "wan", "internet": "internet", "tslcd": "wan"}
_DEVICE_KINDS = {
    **{kind: kind for kind in DEVICE_KINDS},
    "bộ định tuyến": "router",
    "chuyển mạch": "switch",
    "máy tính": "pc",
    "máy in": "printer",
    "máy chủ": "server",
}
_DAY_MS = 86_400_000


_SHOWN: Mapping[Reader, Callable[[Scalar], str]] = {cells.time: cells.show_time, cells.yes: cells.show_yes}
"""How values of these readers are shown; all others as they are."""


@dataclass(frozen=True, slots=True)
class Column:
    """`needed`: no row may be without it. `blank`: what an empty cell means. `kept`: an empty cell changes nothing."""

    name: str
    read: Reader
    aliases: Sequence[str]
    """Vietnamese headers that mean this column."""
    needed: bool = False
    blank: Scalar = ""
    kept: bool = False
    longest: int = cells.LONGEST

    def show(self, value: Scalar) -> str:
        return _SHOWN.get(self.read, cells.show)(value)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table in files. The columns of `key` name a thing; its versions differ in `valid_from`."""

    table: sa.Table
    title: str
    key: Sequence[str]
    columns: Sequence[Column]

    @property
    def name(self) -> str:
        return self.table.name

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _duration(name: str, alias: str, *, low: int, blank: int | None = None) -> Column:
    return Column(name, cells.whole(low, _DAY_MS), (alias,), blank=blank)


VALIDITY = (
    Column("valid_from", cells.time, ("hiệu lực từ", "từ ngày"), blank=None),
    Column("valid_to", cells.time, ("hiệu lực đến", "đến ngày"), blank=None),
)

_UNITS = Sheet(
    tables.units,
    "Đơn vị",
    ("code",),
    (
        Column("code", cells.code, ("mã", "mã đơn vị"), needed=True),
        Column("name", cells.text, ("tên", "tên đơn vị"), needed=True),
        Column("level", cells.one_of("level", _LEVELS), ("cấp",), needed=True),
        Column("parent", cells.code, ("trực thuộc", "đơn vị cấp trên", "mã đơn vị cấp trên"), blank=None),
        Column("staff", cells.whole(0, 1_000_000), ("số cán bộ", "biên chế"), blank=None),
        Column("address", cells.text, ("địa chỉ",)),
        Column("latitude", cells.degrees(90), ("vĩ độ",), blank=None),
        Column("longitude", cells.degrees(180), ("kinh độ",), blank=None),
        Column("position", cells.whole(0, 1_000_000_000), ("thứ tự", "stt"), blank=None, kept=True),
        *VALIDITY,
    ),
)

_LINKS = Sheet(
    tables.links,
    "Đường truyền",
    ("unit", "kind", "name"),
    (
        Column("unit", cells.code, ("đơn vị", "mã đơn vị"), needed=True),
        Column("kind", cells.one_of("kind", _LINK_KINDS), ("loại",), needed=True),
        Column("name", cells.text, ("tên", "tên đường truyền")),
        Column("provider", cells.text, ("nhà cung cấp",)),
        Column("circuit_id", cells.text, ("mã kênh", "số hiệu kênh")),
        Column("bandwidth_down_kbps", cells.whole(0, 10**12), ("băng thông xuống (kbps)",), blank=None),
        Column("bandwidth_up_kbps", cells.whole(0, 10**12), ("băng thông lên (kbps)",), blank=None),
        Column("gateway", cells.hosts, ("cổng mặc định",)),
        Column("router", cells.hosts, ("bộ định tuyến",)),
        Column("hub", cells.hosts, ("điểm tập trung",)),
        Column("anchors", cells.hosts, ("mốc internet",)),
        Column("resolvers", cells.hosts, ("máy chủ tên miền",)),
        Column("max_rtt_ms", cells.whole(1, 60_000), ("độ trễ tối đa (ms)",), blank=None),
        Column("max_loss_percent", cells.whole(0, 100), ("mất gói tối đa (%)",), blank=None),
        Column("max_jitter_ms", cells.whole(1, 60_000), ("biến động trễ tối đa (ms)",), blank=None),
        Column("proxy", cells.proxy, ("máy chủ proxy",)),
        *VALIDITY,
    ),
)

_SERVICES = Sheet(
    tables.services,
    "Dịch vụ",
    ("code",),
    (
        Column("code", cells.code, ("mã", "mã dịch vụ"), needed=True),
        Column("name", cells.text, ("tên", "tên dịch vụ"), needed=True),
        Column("owner", cells.text, ("đơn vị chủ quản",)),
        Column("address", cells.address, ("địa chỉ",)),
        Column("objective_percent", cells.percent, ("mức cam kết (%)",), blank=None),
        Column("slow_ms", cells.whole(1, 600_000), ("ngưỡng chậm (ms)",), blank=None),
        Column("hours", cells.hours, ("giờ phục vụ",)),
        Column("domain_until", cells.time, ("tên miền hết hạn",), blank=None),
        Column("note", cells.text, ("ghi chú",)),
        *VALIDITY,
    ),
)

_SERVICE_CHECKS = Sheet(
    tables.service_checks,
    "Cách đo dịch vụ",
    ("service", "name"),
    (
        Column("service", cells.code, ("dịch vụ", "mã dịch vụ"), needed=True),
        Column("name", cells.text, ("tên", "tên cách đo"), needed=True),
        Column("kind", cells.word, ("cách đo",), needed=True),
        Column("target", cells.service_pattern, ("đích",), needed=True),
        Column("params", cells.long_params, ("tham số",), longest=cells.LONGEST_PARAMS),
        _duration("interval_ms", "chu kỳ (ms)", low=100, blank=30_000),
        _duration("timeout_ms", "thời hạn (ms)", low=1, blank=10_000),
        *VALIDITY,
    ),
)

_TEMPLATES = Sheet(
    tables.templates,
    "Mẫu đo",
    ("level", "vantage", "label"),
    (
        Column(
            "level", cells.one_of("level", {"all": "all", "tất cả": "all", **_LEVELS}), ("cấp",), needed=True
        ),
        Column("vantage", cells.one_of("vantage", _VANTAGES), ("đo từ",), needed=True),
        Column("label", cells.text, ("nhãn",), needed=True),
        Column("role", cells.one_of("role", _ROLES), ("vai trò",), needed=True),
        Column("kind", cells.word, ("cách đo",)),
        Column("target", cells.pattern, ("đích",)),
        Column("service", lambda cell: cell if cell == "*" else cells.code(cell), ("dịch vụ",)),
        _duration("interval_ms", "chu kỳ (ms)", low=100),
        _duration("timeout_ms", "thời hạn (ms)", low=1),
        Column("params", cells.params, ("tham số",)),
        *VALIDITY,
    ),
)

_SETTINGS = Sheet(
    tables.settings,
    "Thiết lập",
    ("name",),
    (
        Column("name", cells.word, ("tên",), needed=True),
        Column("value", cells.text, ("giá trị",), needed=True),
        *VALIDITY,
    ),
)

_WATCHED_DEVICES = Sheet(
    tables.watched_devices,
    "Thiết bị giám sát",
    ("unit", "name"),
    (
        Column("unit", cells.code, ("đơn vị", "mã đơn vị"), needed=True),
        Column("name", cells.text, ("tên", "tên thiết bị"), needed=True),
        Column("kind", cells.one_of("kind", _DEVICE_KINDS), ("loại",), needed=True),
        Column("address", cells.host, ("địa chỉ",), needed=True),
        Column("snmp", cells.params, ("tham số snmp",)),
        Column("stream", cells.stream, ("luồng hình",)),
        Column("access", cells.params, ("tham số truy cập",)),
        *VALIDITY,
    ),
)

_MAINTENANCE = Sheet(
    tables.maintenance,
    "Bảo trì",
    ("unit", "service", "note"),
    (
        Column("unit", cells.code, ("đơn vị", "mã đơn vị"), needed=True),
        Column("service", cells.code, ("dịch vụ", "hệ thống")),
        Column("note", cells.text, ("nội dung", "ghi chú"), needed=True),
        Column("below", cells.yes, ("cả đơn vị trực thuộc",), blank=False),
        *VALIDITY,
    ),
)

SHEETS: Mapping[str, Sheet] = {
    sheet.name: sheet
    for sheet in (
        _UNITS,
        _LINKS,
        _SERVICES,
        _SERVICE_CHECKS,
        _WATCHED_DEVICES,
        _TEMPLATES,
        _SETTINGS,
        _MAINTENANCE,
    )
}
"""By table name, in the order in which they build on each other."""
