"""An asset book as an office keeps it, and taking files into a book."""

from collections.abc import Sequence

from inventory.assets import keeper
from inventory.assets.keeper import BookRow
from inventory.assets.read import read_book
from inventory.exchange.csv_files import write_csv
from inventory.exchange.diff import Change
from inventory.exchange.xlsx_files import write_xlsx
from inventory.state import State

UNIT = "11983"
HEADER = ("STT", "Mã tài sản", "Tên tài sản", "Số sê-ri", "Tên máy", "Người sử dụng", "Phòng", "Ngày mua", "Bảo hành đến", "Nguyên giá")  # fmt: skip
ROWS = (
    ("1", "TS-2022-0001", "Máy tính để bàn Dell", "SN000001", "", "Đặng Văn Sơn", "Văn phòng", "15/06/2022", "15/06/2025", "14.500.000"),
    ("2", "TS-2022-0002", "Máy tính để bàn Dell", "", "VP-DONGTIEN-02", "Trần Quốc Bình", "Tư pháp", "06/2022", "", "14.500.000"),
    ("3", "TS-2015-0009", "Máy in Canon", "CNR0001", "", "", "Một cửa", "2015", "", "3.900.000"),
)  # fmt: skip
TITLE = (("UBND XÃ BẢO KHÊ",), (), ("SỔ TÀI SẢN CỐ ĐỊNH NĂM 2026",), ())


def book_csv(*rows: Sequence[str], header: Sequence[str] = HEADER) -> bytes:
    return write_csv([*TITLE, header, *(rows or ROWS)])


def book_xlsx(*rows: Sequence[str], header: Sequence[str] = HEADER) -> bytes:
    return write_xlsx({"Trang 1": [*TITLE, header, *(rows or ROWS)], "Ghi chú": [("không có gì",)]})


def take(state: State, data: bytes, now: int, *, unit: str = UNIT, whole: bool = False) -> Sequence[Change]:
    lines, faults = read_book("so.csv", data)
    return keeper.take(state, unit, lines, "lan", now, faults=faults, whole=whole)


def book(state: State, now: int, unit: str = UNIT) -> list[BookRow]:
    with state.read() as connection:
        return keeper.current(connection, unit, now)
