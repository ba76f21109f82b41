"""The pages of e-office services: the matrix, each service, the catalogue's editor, and trying a check."""

from fastapi import APIRouter

from web.pages.services.editor import router as editor
from web.pages.services.matrix import router as matrix
from web.pages.services.month import router as month
from web.pages.services.service import router as service
from web.pages.services.trying import router as trying

router = APIRouter()
for page in (
    matrix,
    editor,
    service,
    month,
    trying,
):  # the editor's `/services/new` before `/services/{code}`
    router.include_router(page)
