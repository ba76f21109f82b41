"""Makers of machines and parts, and what they put where a number should be.

Shares are those of a province of Vietnamese offices as its purchases go: brands in departments, machines put together by a
shop or a domestic maker in communes. `UNLISTED_…` are values that are no signs and that `inventory/identity/junk.toml` does not
know: there will always be such.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["desktop", "laptop", "virtual"]

ALNUM = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Maker:
    """`serials`: does the firmware hold real ones of chassis and board; `models`: (system, board) of each."""

    name: str
    share: float
    chassis: float
    board: float
    uuid: float
    memory: float
    """Parts of the machines in which chassis serial, board serial, UUID, memory serials are real."""
    serial: str
    """`#` a digit, `A` a letter or digit, else as it stands."""
    board_serial: str
    ouis: tuple[str, ...]
    desktops: tuple[tuple[str, str], ...]
    laptops: tuple[tuple[str, str], ...] = ()


MAKERS = (
    Maker(
        "Dell Inc.", 0.25, 0.99, 0.98, 1, 0.93, "AAAAAAA", "/{ssn}/CNAAA0#######AAA/",
        ("A4:BB:6D", "D0:8E:79", "8C:EC:4B", "B8:85:84"),
        (("OptiPlex 3050", "0W0CHX"), ("OptiPlex 3070", "0H4VK7"), ("Vostro 3671", "0K43K5"), ("OptiPlex 3080", "0Y2K8N")),
        (("Latitude 3420", "0YDGG0"), ("Vostro 3400", "0GGCMJ"), ("Inspiron 15 3511", "01GFJP")),
    ),
    Maker(
        "HP", 0.2, 0.98, 0.96, 1, 0.9, "#CGAAAAAAA"[:10], "PAAAAAAAA#A#AA",
        ("C8:D9:D2", "3C:52:82", "C4:65:16", "E8:D8:D1"),
        (("HP ProDesk 400 G4 SFF", "82A2"), ("HP 280 G3 MT", "83E8"), ("HP ProDesk 400 G6 MT", "8594")),
        (("HP ProBook 450 G8", "87E8"), ("HP 240 G8", "87D2")),
    ),
    Maker(
        "LENOVO", 0.13, 0.98, 0.7, 0.99, 0.9, "PCAAAAAA", "",
        ("98:FA:9B", "8C:16:45", "F8:75:A4"),
        (("ThinkCentre M720s", "313D"), ("V530-15ICB", "3134"), ("ThinkCentre neo 50s", "3302")),
        (("ThinkPad E14", "20RAS00000"), ("V14 G2 ITL", "LNVNB161216")),
    ),
    Maker(
        "Acer", 0.06, 0.95, 0.8, 0.98, 0.8, "DTVAAVN0########AA", "DBVAA11###############"[:18],
        ("94:C6:91", "98:EE:CB"),
        (("Veriton M200-H310", "Veriton M200"), ("Aspire TC-865", "Aspire TC")),
        (("Aspire A315-56", "Vulture_IL"), ("TravelMate P214", "Dubai_CML")),
    ),
    Maker(
        "ASUSTeK COMPUTER INC.", 0.06, 0.9, 0.95, 0.98, 0.8, "AANAAA#######", "MT7########0AAAA"[:15],
        ("04:D9:F5", "2C:FD:A1"),
        (("D340MC", "D340MC"), ("S500MC", "S500MC")),
        (("VivoBook X515EA", "X515EA"), ("ExpertBook P2451FA", "P2451FA")),
    ),
    Maker(
        "FPT ELEAD", 0.14, 0.1, 0.45, 0.8, 0.5, "EL##########", "07A##_A##E######"[:14],
        ("00:E0:4C", "70:85:C2", "D4:5D:64"),
        (("T-Series", "H310CM-DVS"), ("M525", "H110M-DVS R3.0"), ("SP-H610", "PRIME H610M-K D4")),
    ),
    Maker(
        "To Be Filled By O.E.M.", 0.16, 0.02, 0.5, 0.82, 0.35, "", "##################"[:12],
        ("B4:2E:99", "1C:1B:0D", "00:E0:4C", "70:4D:7B", "2C:F0:5D"),
        (("To Be Filled By O.E.M.", "H81M-K"), ("System Product Name", "H110M-S2PV"), ("MS-7B29", "H310M PRO-VDH"),
         ("Default string", "B75M-D3V"), ("G41MT-S2PT", "G41MT-S2PT")),
    ),
)  # fmt: skip

DISKS = (
    ("WDC WD10EZEX-08WN4A0", "WD-WCCAAAAAAAAA", 0.2), ("ST1000DM010-2EP102", "ZNAAAAAA", 0.17), ("ST500DM002-1BD142", "ZAAAAAAA", 0.1),
    ("TOSHIBA DT01ACA050", "##AAAAAAAA", 0.08), ("KINGSTON SA400S37240G", "50026B7#########", 0.16), ("Samsung SSD 860 EVO 250GB", "S3YJNBAA######A", 0.08),
    ("WDC WDS240G2G0A-00JH30", "##########AA", 0.08), ("KINGSTON SNV2S250G", "0026_B728_####_####.", 0.06), ("CT240BX500SSD1", "####E#######", 0.05),
    ("KingSpec P3-256", "", 0.02),
)  # fmt: skip
"""(model, serial, share); the last is a cheap one, whose makers give several of them one serial."""

WIFI_OUIS = ("F8:E4:E3", "40:EC:99", "5C:80:B6", "DC:21:48")
CARD_OUIS = ("50:3E:AA", "EC:08:6B", "00:E0:4C")
DOCK_OUIS = ("48:65:EE", "00:50:B6", "9C:EB:E8")

JUNK_SERIALS = (
    "To be filled by O.E.M.", "To Be Filled By O.E.M.", "Default string", "System Serial Number", "0123456789", "None", "",
    "Not Applicable", "00000000", "FFFFFFFFFF", "  ", "N/A", "System manufacturer", "Chassis Serial Number", "123456789",
)  # fmt: skip
JUNK_UUIDS = (
    "03000200-0400-0500-0006-000700080009", "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "00020003-0004-0005-0006-000700080009", "",
)  # fmt: skip
JUNK_MEMORY = ("00000000", "SerNum0", "", "Not Specified", "FFFFFFFF", "Unknown")

UNLISTED_SERIALS = ("ELEADPC2019", "Mainboard-H81", "SN: see label", "BTDMH11000000001")
UNLISTED_UUIDS = ("32A91E40-7C1B-11E5-9AA2-7824AF000001", "D0C0B0A0-1122-3344-5566-778899AABBCC")
UNLISTED_DISK_SERIALS = ("AA000000000000000485", "2020041500789", "0000000000AB12")
UNLISTED_VPN_MAC = "00:0C:FE:01:02:03"
VPN_MACS = (
    "00:05:9A:3C:7A:00",
    "00:09:0F:AA:00:01",
    "02:00:4C:4F:4F:50",
    "00:50:56:C0:00:08",
    "0A:00:27:00:00:00",
)


def number(rng: Random, pattern: str) -> str:
    """A serial after a pattern."""
    return "".join(
        rng.choice("0123456789") if c == "#" else rng.choice(ALNUM) if c == "A" else c for c in pattern
    )


def mac(rng: Random, ouis: tuple[str, ...]) -> str:
    return f"{rng.choice(ouis)}:{rng.randrange(256):02X}:{rng.randrange(256):02X}:{rng.randrange(256):02X}"


def uuid(rng: Random) -> str:
    digits = f"{rng.getrandbits(128):032X}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def maker(rng: Random, kind: Kind) -> Maker:
    offered = [maker for maker in MAKERS if kind == "desktop" or maker.laptops]
    return rng.choices(offered, [maker.share for maker in offered])[0]


def disk(rng: Random) -> tuple[str, str]:
    """(model, serial)"""
    model, pattern, _ = rng.choices(DISKS, [share for _, _, share in DISKS])[0]
    return model, number(rng, pattern) if pattern else cheap_disk(rng)


def cheap_disk(rng: Random) -> str:
    return (
        rng.choice(UNLISTED_DISK_SERIALS)
        if rng.random() < 0.25
        else f"AA0000000000000{rng.randrange(10**5):05d}"
    )
