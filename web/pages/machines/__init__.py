"""Pages of machines: those of a unit, one of them, search, findings and coverage."""

from fastapi import APIRouter

from web.pages.machines.changes import router as changes
from web.pages.machines.coverage import router as coverage
from web.pages.machines.findings import router as findings
from web.pages.machines.labels import router as labels
from web.pages.machines.machine import router as machine
from web.pages.machines.offline import router as offline
from web.pages.machines.photos import router as photos
from web.pages.machines.search import router as search
from web.pages.machines.unit import router as unit

router = APIRouter()
# The pages of a machine and of a device take every other address there for a name or a MAC.
for page in (offline, unit, changes, labels, search, findings, coverage, machine, photos):
    router.include_router(page)
