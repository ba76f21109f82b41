"""The worker that shows kept pages of machines where there is no line. It has to lie at the root to see them."""

from fastapi import APIRouter
from starlette.responses import FileResponse

from web.auth.guard import public
from web.pages.files import STATIC

router = APIRouter()


@router.get("/machines-worker.js")
@public
async def worker() -> FileResponse:
    return FileResponse(
        STATIC / "machines-worker.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"}
    )
