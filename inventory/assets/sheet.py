"""The asset book of a unit as people see it: which columns it has, and what may stand in them."""

from inventory.assets.tables import asset_book
from inventory.exchange import cells
from inventory.exchange.sheets import VALIDITY, Column, Sheet

BOOK = Sheet(
    asset_book,
    "Sổ tài sản",
    ("asset_number",),
    (
        Column(
            "asset_number",
            cells.text,
            (
                "mã tài sản",
                "số tài sản",
                "số hiệu tài sản",
                "số thẻ tài sản",
                "mã ts",
                "asset no",
                "asset tag",
            ),
            needed=True,
        ),
        Column("description", cells.text, ("tên tài sản", "mô tả", "chủng loại", "asset name")),
        Column("serial", cells.text, ("số sê-ri", "số serial", "sê-ri", "s/n", "serial number")),
        Column("mac", cells.mac, ("địa chỉ mac", "mac address")),
        Column("hostname", cells.text, ("tên máy", "tên máy tính", "computer name")),
        Column("user", cells.text, ("người sử dụng", "người dùng", "cán bộ sử dụng", "cán bộ")),
        Column("room", cells.text, ("phòng", "phòng ban", "bộ phận", "nơi sử dụng", "department")),
        Column(
            "bought",
            cells.day,
            ("ngày mua", "năm mua", "ngày đưa vào sử dụng", "năm đưa vào sử dụng", "purchase date"),
        ),
        Column(
            "warranty_end",
            cells.day,
            ("bảo hành đến", "hạn bảo hành", "hết bảo hành", "ngày hết bảo hành", "warranty until"),
        ),
        Column("note", cells.text, ("ghi chú",)),
        *VALIDITY,
    ),
)
PASSED_OVER = frozenset(
    {
        "stt",
        "tt",
        "no",
        "số lượng",
        "đơn vị tính",
        "đvt",
        "nguyên giá",
        "giá trị còn lại",
        "hao mòn lũy kế",
        "quantity",
        "price",
    }
)
"""Headers of columns that books have, and that say nothing that is kept here."""
