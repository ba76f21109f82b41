"""The pages of the e-office, as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

SYSTEM = "Quản lý văn bản và điều hành"
DOCUMENTS = "Danh sách văn bản đến"
SIGN_IN = "Đăng nhập"
REFUSED = "Tên đăng nhập hoặc mật khẩu không đúng"
ELSEWHERE = "Hệ thống đang được nâng cấp"


@dataclass(frozen=True, slots=True)
class Document:
    number: str
    dated: str
    about: str


INCOMING = (
    Document("1284/UBND-KGVX", "02/11/2026", "V/v tổ chức tiếp công dân tháng 11"),
    Document("37/KH-UBND", "04/11/2026", "Kế hoạch chuyển đổi số năm 2027"),
    Document("512/STTTT-CNTT", "05/11/2026", "V/v bảo đảm an toàn hệ thống một cửa điện tử"),
)


def front() -> str:
    return _page(SYSTEM, f'<p><a href="/dang-nhap">{SIGN_IN}</a></p>')


def sign_in(csrf: str, action: str = "/dang-nhap", *, refused: bool = False) -> str:
    said = f'<p class="error" role="alert">{REFUSED}</p>' if refused else ""
    return _page(
        SIGN_IN,
        f"""{said}<form method="post" action="{escape(action)}" id="sign-in">
<input type="hidden" name="csrf" value="{escape(csrf)}">
<label>Tên đăng nhập <input name="user" autocomplete="username"></label>
<label>Mật khẩu <input name="password" type="password" autocomplete="current-password"></label>
<button>{SIGN_IN}</button></form>""",
    )


def documents(user: str, csrf: str, found: Sequence[Document]) -> str:
    rows = "\n".join(
        f"<tr><td class=number>{escape(each.number)}</td><td>{each.dated}</td><td>{escape(each.about)}</td></tr>"
        for each in found
    )
    return _page(
        DOCUMENTS,
        f"""<p>Xin chào <b class="user">{escape(user)}</b></p>
<table id="documents"><tr><th>Số, ký hiệu</th><th>Ngày</th><th>Trích yếu</th></tr>
{rows}</table>
<form method="post" action="/dang-xuat" id="sign-out">
<input type="hidden" name="csrf" value="{escape(csrf)}"><button>Đăng xuất</button></form>""",
    )


def elsewhere() -> str:
    """What a wrong server, or one at work, answers with 200."""
    return _page(ELSEWHERE, "<p>Mời quay lại sau.</p>")


def fault(status: int, what: str) -> str:
    return _page(f"{status}", f"<p>{escape(what)}</p>")


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="vi"><meta charset="utf-8"><title>{title} · {SYSTEM}</title>
<h1>{title}</h1>
{body}
</html>
"""
