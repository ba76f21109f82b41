"""Evidence between two reports, one event apart: what the table of weights makes of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inventory.identity.evidence import PERHAPS, SAME, WEIGHTS, Face, compare, face
from inventory.signs import Signs

BRAND = Signs(
    chassis_serial="2FAGP34",
    board_serial="2FAGP34CN124536460043",
    uuid="4C4C454400464710804DB2C04F503732",
    model="07TYC2",
    macs=("A4BB6D001122",),
    disk_serials=("WDWCC3F0123456",),
    memory_serials=("8A7B6C5D", "8A7B6C5E"),
    agent="pc01-2024-01-02-03-04-05",
    hostname="PC01",
)
PLAIN = Signs(
    model="H81MK", macs=BRAND.macs, disk_serials=BRAND.disk_serials, agent=BRAND.agent, hostname="PC01"
)
"""A shop's machine, whose firmware and memory tell nothing."""
INSTALLED_ANEW = {"agent": "nhanvien-2025-06-07-08-09-10", "hostname": "NHANVIEN"}
NEW_BOARD = {
    "board_serial": "2FAGP34CN777",
    "uuid": "11112222333344445555666677778888",
    "macs": ("D08E79123456",),
}
NEW_DISK = {"disk_serials": ("50026B7712345678",)}


def verdict(one: Signs, other: Signs, unit: str = "11950", other_unit: str = "11950") -> str:
    return compare(face(one, unit), face(other, other_unit)).verdict


@pytest.mark.parametrize(
    "event",
    [
        NEW_BOARD, NEW_DISK, INSTALLED_ANEW, NEW_DISK | INSTALLED_ANEW, {"memory_serials": ("11223344",)}, {"macs": ("EC086B123456",)},
        {"hostname": "KETOAN"}, {"chassis_serial": ""}, {"macs": ("A4BB6D001122", "EC086B123456")}, {"disk_serials": ()},
    ],
    ids=["board", "disk", "installation", "disk and installation", "memory", "network card", "hostname", "chassis not told", "dock", "disk not told"],
)  # fmt: skip
def test_a_machine_is_the_same_after(event: dict[str, object]) -> None:
    assert verdict(BRAND, replace(BRAND, **event)) == "same"


def test_a_laptop_in_another_unit_is_the_same() -> None:
    assert verdict(BRAND, BRAND, "11950", "so-nv") == "same"


def test_machines_from_one_image_are_two_even_with_one_uuid() -> None:
    clone = replace(
        BRAND,
        chassis_serial="9XYZP34",
        board_serial="9XYZP34CN1",
        macs=("A4BB6D445566",),
        disk_serials=("WDWCC3F9999999",),
        memory_serials=("00AA11BB",),
    )
    assert verdict(BRAND, clone) == "apart"


def test_machines_from_one_image_with_one_firmware_and_the_technician_s_adapter_are_asked_about() -> None:
    one = replace(BRAND, macs=("0050B6000001", "A4BB6D001122"))
    clone = replace(
        one, macs=("0050B6000001", "A4BB6D445566"), disk_serials=("WDWCC3F9999999",), memory_serials=()
    )
    assert verdict(one, clone) == "perhaps"


def test_a_shop_s_machine_with_a_new_board_is_asked_about() -> None:
    board = replace(PLAIN, board_serial="07L14233E7691", uuid="11112222333344445555666677778888")
    assert (
        verdict(
            board,
            replace(
                board,
                board_serial="07Z00000E1111",
                uuid="99992222333344445555666677778888",
                macs=("D08E79123456",),
                model="B75M",
            ),
        )
        == "perhaps"
    )


def test_a_disk_in_another_brand_s_machine_does_not_take_its_identity_along_unasked() -> None:
    other = Signs(
        chassis_serial="5CG123ABCD",
        board_serial="PABC",
        uuid="9" * 16 + "A" * 16,
        model="82A2",
        macs=("3C5282123456",),
        disk_serials=BRAND.disk_serials,
        agent=BRAND.agent,
        hostname="PC01",
        memory_serials=("99887766",),
    )
    assert verdict(BRAND, other) == "perhaps"


def test_a_successor_with_its_predecessor_s_name_is_another_machine() -> None:
    successor = Signs(
        chassis_serial="7HHQR42",
        board_serial="7HHQR42CN9",
        uuid="9" * 16 + "B" * 16,
        model="07TYC2",
        macs=("A4BB6D998877",),
        disk_serials=("ZN112233",),
        agent="pc01-2025-01-01-00-00-00",
        hostname="PC01",
    )
    assert verdict(BRAND, successor) == "apart"


def test_a_shared_dock_makes_nobody_one() -> None:
    dock = ("0050B6AABBCC",)
    one = replace(BRAND, macs=(*dock, "A4BB6D001122"))
    other = Signs(
        chassis_serial="5CG123ABCD", macs=(*dock, "3C5282123456"), disk_serials=("ZN112233",), hostname="PC02"
    )
    assert verdict(one, other) == "apart"


def test_an_installation_alone_makes_nobody_one() -> None:
    installation = Signs(agent=BRAND.agent, hostname="PC01")
    assert verdict(installation, BRAND) != "same"


def test_equal_names_in_two_units_say_nothing() -> None:
    says = compare(face(PLAIN, "11950"), face(PLAIN, "so-nv")).says
    assert "hostname" not in says


def test_two_agents_of_a_machine_tell_of_one() -> None:
    other = Signs(uuid=BRAND.uuid, macs=BRAND.macs, agent="PC01-2022-02-02-02-02-02", hostname="PC01")
    assert verdict(BRAND, other) == "same"


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(values)).map(sorted).map(tuple)


SIGNS = st.builds(
    Signs,
    chassis_serial=st.sampled_from(["", "C1", "C2"]),
    board_serial=st.sampled_from(["", "B1", "B2"]),
    uuid=st.sampled_from(["", "U1", "U2"]),
    model=st.sampled_from(["", "M1", "M2"]),
    macs=some("X1", "X2", "X3"),
    disk_serials=some("D1", "D2"),
    memory_serials=some("R1", "R2"),
    agent=st.sampled_from(["", "A1", "A2"]),
    hostname=st.sampled_from(["", "H1", "H2"]),
    domain=st.sampled_from(["", "HUNGYEN"]),
)
FACES = st.builds(face, SIGNS, st.sampled_from(["11950", "so-nv"]))


@given(FACES, FACES)
def test_it_does_not_matter_which_came_first(a: Face, b: Face) -> None:
    assert compare(a, b) == compare(b, a)


@given(FACES, FACES)
def test_nothing_is_one_machine_whose_told_built_in_signs_all_differ(a: Face, b: Face) -> None:
    compared = compare(a, b)
    built_in = {
        compared.says[name]
        for name in ("chassis_serial", "board_serial", "uuid", "macs")
        if name in compared.says
    }
    assert built_in != {"differs"} or compared.verdict != "same"


POOR = Signs(macs=("X1",), agent="A1")
DISK = Signs(disk_serials=("D1",), agent="A1", hostname="H1")


@given(FACES, FACES)
@example(face(POOR, "11950"), face(replace(POOR, chassis_serial="C1"), "11950"))
@example(face(DISK, "11950"), face(replace(DISK, macs=("X1",)), "11950"))
def test_nothing_is_one_machine_by_a_single_source_of_hardware_but_with_its_installation(
    a: Face, b: Face
) -> None:
    compared = compare(a, b)
    firmware, hardware = (
        {"chassis_serial", "board_serial", "uuid"},
        {"macs", "disk_serials", "memory_serials"},
    )
    told = {
        said: {name for name, one in compared.says.items() if one == said} for said in ("agrees", "differs")
    }
    sources = {"firmware" if name in firmware else name for name in told["agrees"] & (firmware | hardware)}
    installed = told["agrees"] & {"agent", "hostname"} and not told["differs"] & hardware
    assert compared.verdict != "same" or len(sources) >= 2 or installed


def test_a_report_in_which_sections_are_missing_is_of_the_machine_if_nothing_differs() -> None:
    told = Signs(chassis_serial="C1", uuid="U1", agent="A1", hostname="H1")
    assert verdict(told, replace(told, macs=("X1",))) == "same"
    assert verdict(told, replace(told, macs=("X1",), hostname="H2")) == "perhaps"


def test_a_disk_in_a_machine_that_tells_little_takes_no_identity_along_unasked() -> None:
    assert verdict(DISK, replace(DISK, macs=("X1",))) == "perhaps"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (replace(PLAIN, memory_serials=("R1",)), Signs(model="B75M", macs=("X2",), disk_serials=("D2",), memory_serials=("R1",))),
        (replace(PLAIN, disk_serials=()), Signs(macs=("X2",), agent=PLAIN.agent, hostname="PC01", model="H81MK")),
        (replace(PLAIN, macs=("0050B6AABBCC", "X1")), Signs(macs=("0050B6AABBCC", "X3"), agent="other", hostname="NEW")),
        (BRAND, Signs(agent="other", hostname="PC01")),
        (BRAND, replace(BRAND, chassis_serial="9ZZZZ34", macs=("X1",), board_serial="9ZZZZ34CN1", uuid="U1", memory_serials=("R1",))),
        (BRAND, replace(BRAND, macs=(), disk_serials=("D2",), memory_serials=("R2",), agent="other", hostname="NEW")),
    ],
    ids=["memory alone", "installation of a new board", "dock of one that tells no firmware", "name alone", "disk under another's serial", "case alone"],
)  # fmt: skip
def test_what_nothing_told_can_part_is_asked_about(before: Signs, after: Signs) -> None:
    assert verdict(before, after) == "perhaps"


def test_the_page_has_the_weights_of_the_table() -> None:
    page = (Path(__file__).parents[1] / "docs" / "matching.md").read_text(encoding="utf-8")
    rows = [
        tuple(cell.strip() for cell in line.split("|")[1:-1])
        for line in page.splitlines()
        if line.startswith("| ")
    ]

    def cell(points: int) -> str:
        return str(points).replace("-", "−")

    told = [
        (name, cell(w.agrees), cell(w.partly) if w.partly else "", cell(w.differs))
        for name, w in WEIGHTS.items()
    ]
    assert [row for row in rows if row[0] in WEIGHTS] == told
    assert f"**One machine** from {SAME} points" in page
    assert f"**A question** from {PERHAPS} points" in page
