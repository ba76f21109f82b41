"""Pages of machines: those of a unit, one of them, search, findings and coverage."""

from fastapi import APIRouter

from web.pages.machines.machine import router as machine
from web.pages.machines.search import router as search
from web.pages.machines.unit import router as unit

router = APIRouter()
for page in (unit, search, machine):
    router.include_router(page)
