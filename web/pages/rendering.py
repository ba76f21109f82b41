"""Templates into answers: what every page knows (language, user, time, looks) is put in here."""

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse

from collector.services.subjects import service_of
from web.auth.guard import csrf_token, user_of
from web.auth.roles import Role
from web.context import Context, context_of
from web.i18n import HERE, LANGUAGES, language_of, speaker
from web.pages.files import asset
from web.palette import LOOKS, THEMES, look_of
from web.reasons import reason
from web.sights import (
    CUT,
    FACES,
    STANDINGS,
    WORST,
    cause_key,
    face_of,
    headline,
    is_cut,
    look_of_cause,
    shared,
    split,
)
from web.trial import layer_number, other_figures
from web.verdicts import cause, sentence, subject
from web.words import check_kind, figure, word

TEMPLATES = Path(__file__).parent.parent / "templates"


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    environment.globals |= {
        "CUT": CUT,
        "FACES": FACES,
        "LANGUAGES": LANGUAGES,
        "LOOKS": LOOKS,
        "Role": Role,
        "STANDINGS": STANDINGS,
        "THEMES": THEMES,
        "WORST": WORST,
        "ZONE": HERE.tzname(None),
        "asset": asset,
        "cause_key": cause_key,
        "face_of": face_of,
        "is_cut": is_cut,
        "layer_number": layer_number,
        "look_of": look_of,
        "look_of_cause": look_of_cause,
        "other_figures": other_figures,
        "service_of": service_of,
        "split": split,
    }
    return environment


def name_of(context: Context, code: str) -> str:
    """The unit's name, the province's own too; its code when nobody knows it any more."""
    known = context.registry.unit(code, context.views.now()) or context.views.unit(code)
    return known.name if known else code


def render(
    request: Request,
    template: str,
    details: Mapping[str, object] | None = None,
    status_code: int = 200,
) -> HTMLResponse:
    """The template as a page, in the visitor's language; `details` are its own values."""
    context = context_of(request)
    now = context.views.now()
    spoken = speaker(language_of(request), now)
    values = {
        "_": spoken.gettext,
        "cause_word": partial(cause, spoken),
        "csrf": csrf_token(request),
        "kind_word": partial(check_kind, spoken),
        "language": spoken.language,
        "ngettext": spoken.ngettext,
        "now": now,
        "path": request.url.path,
        "figure": partial(figure, spoken),
        "headline_words": partial(headline, spoken),
        "reason": partial(reason, spoken),
        "shared_words": partial(shared, spoken),
        "sentence": partial(sentence, spoken, partial(name_of, context)),
        "service_name": context.services.name,
        "subject": partial(subject, spoken, context.services.name),
        "word": partial(word, spoken),
        "unit_name": partial(name_of, context),
        "user": user_of(request),
        "w": spoken,
    }
    text = _templates().get_template(template).render(values | dict(details or {}))
    return HTMLResponse(text, status_code, {"Vary": "Cookie"})
