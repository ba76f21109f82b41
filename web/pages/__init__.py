"""The pages: one module for each, rendered here on the server. `page_routes` gathers them."""

from fastapi import APIRouter

from web.context import Context
from web.pages.agents import router as agents
from web.pages.alerts import router as alerts
from web.pages.book import router as book
from web.pages.configs import router as configs
from web.pages.diagnostics import router as diagnostics
from web.pages.files import router as files
from web.pages.language import router as language
from web.pages.machines import router as machines
from web.pages.maintenance import router as maintenance
from web.pages.outages import router as outages
from web.pages.questions import router as questions
from web.pages.rendering import render
from web.pages.secrets import router as secrets
from web.pages.services import router as services
from web.pages.unit import router as unit
from web.pages.wall import router as wall

__all__ = ["page_routes", "render"]


def page_routes(_context: Context) -> APIRouter:
    """Every page, fragment and static file. Routes find the context with the request."""
    router = APIRouter()
    for page in (
        wall,
        unit,
        machines,
        configs,
        questions,
        book,
        services,
        outages,
        maintenance,
        agents,
        diagnostics,
        alerts,
        secrets,
        language,
        files,
    ):
        router.include_router(page)
    return router
