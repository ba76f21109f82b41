"""The states as people see them: each is a word, a shape and a colour, so that none of the three is needed alone.

One table makes the stylesheet, the shapes and the words. `tests/test_web_palette.py` holds its contrast (WCAG 2.2)
and the distance between any two states, also for people who are colour-blind.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.values import Status
from web.i18n import mark


@dataclass(frozen=True, slots=True)
class Paint:
    """How a state is painted in one theme: `colour` for its shape on the page, `fill` and `ink` for its tiles."""

    colour: str
    fill: str
    ink: str
    solid: bool = False
    """The tile is filled with the state's own colour, and its shape is drawn in `ink`: what must not be missed."""

    @property
    def shape(self) -> str:
        """The colour of the shape within a tile."""
        return self.ink if self.solid else self.colour


@dataclass(frozen=True, slots=True)
class Look:
    """A state. `path` draws its shape in a square of 16 by 16; `glyph` is the nearest sign in plain text."""

    key: str
    word: str
    glyph: str
    path: str
    light: Paint
    dark: Paint


LOOKS: Sequence[Look] = (
    Look(
        "down",
        mark("Down"),
        "■",
        "M2 2h12v12H2z",
        Paint("#ae1018", "#ae1018", "#ffffff", solid=True),
        Paint("#d93b41", "#d93b41", "#ffffff", solid=True),
    ),
    Look(
        "power",
        mark("Power cut"),
        "ϟ",
        "M9.5 0.5 2.5 9.3h4.4L5.4 15.5 13.5 6.4H8.7z",
        Paint("#4a1a70", "#4a1a70", "#ffffff", solid=True),
        Paint("#e2caff", "#e2caff", "#24123a", solid=True),
    ),
    Look(
        "degraded",
        mark("Degraded"),
        "▲",
        "M8 1.5 15.5 14.5H0.5z",
        Paint("#cf7206", "#fdf1e0", "#5b3000"),
        Paint("#fbab1b", "#3a2a0c", "#ffe3b0"),
    ),
    Look(
        "maintenance",
        mark("Maintenance"),
        "▬",
        "M1 5h14v6H1z",
        Paint("#1355ee", "#e4edff", "#0b2f80"),
        Paint("#4f8bff", "#14264a", "#d3e2ff"),
    ),
    Look(
        "unknown",
        mark("No data"),
        "◇",
        "M8 0.5 15.5 8 8 15.5 0.5 8zM8 3.6 3.6 8 8 12.4 12.4 8z",
        Paint("#575961", "#e9ebef", "#3c3f47"),
        Paint("#7c808c", "#20262e", "#b9bfca"),
    ),
    Look(
        "good",
        mark("Good"),
        "●",
        "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z",
        Paint("#1d9e80", "#ffffff", "#1b2430"),
        Paint("#55dcb2", "#1a212a", "#dde4ec"),
    ),
)
"""Worst first: the order in which they are listed."""

BY_KEY: Mapping[str, Look] = {look.key: look for look in LOOKS}

THEMES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "page": "#f3f5f7",
        "surface": "#ffffff",
        "line": "#d9dee5",
        "edge": "#7f8a98",  # of what can be typed into or pressed
        "text": "#1b2430",
        "quiet": "#586474",
        "link": "#0a58ad",
        "bar": "#12324f",
        "bar-text": "#ffffff",
        "bar-quiet": "#b9cbdd",
        "warn": "#fff4d6",
        "warn-text": "#573a00",
    },
    "dark": {
        "page": "#10151b",
        "surface": "#1a212a",
        "line": "#2d3742",
        "edge": "#6d7989",
        "text": "#dde4ec",
        "quiet": "#97a4b3",
        "link": "#7db8ff",
        "bar": "#0c1a28",
        "bar-text": "#eef3f8",
        "bar-quiet": "#9fb3c7",
        "warn": "#3b2f10",
        "warn-text": "#ffe2a1",
    },
}

STACK: Mapping[str, Sequence[str]] = {
    "light": ("#542e9c", "#4795d2", "#127051", "#d37731", "#811d5a", "#a4ad55", "#245c69", "#7993a1"),
    "dark": ("#7d47a5", "#7695e7", "#0febdf", "#fde5a0", "#b34786", "#e4e5b5", "#1981d0", "#c2c4c5"),
}
"""Colours of layers that are stacked on one another, from the ground up; dark and bright in turn. They tell no state."""

_BY_STATUS: Mapping[str, str] = {
    Status.UP: "good",
    Status.DEGRADED: "degraded",
    Status.DOWN: "down",
    Status.UNKNOWN: "unknown",
}
_BY_CAUSE: Mapping[str, str] = {"power": "power", "planned": "maintenance"}


def look_of(status: str, reason: str = "", cause: str | None = None) -> Look:
    """How a status with its reason (`key|arg|arg`) and cause looks: a known cause shows before the bare status."""
    looks = [_BY_CAUSE.get(each) for each in (cause or "", reason.partition("|")[0])]
    look = next(filter(None, looks), None) if status in (Status.DOWN, Status.UNKNOWN) else None
    return BY_KEY[look or _BY_STATUS[status]]


def stylesheet() -> str:
    """The table as custom properties, light and dark, and one class for each state that picks its own."""
    light, dark = ("".join(_properties(theme)) for theme in ("light", "dark"))
    states = "".join(
        f".is-{key}{{--colour:var(--{key});--fill:var(--{key}-fill);--ink:var(--{key}-ink);"
        f"--shape:var(--{key}-shape)}}\n"
        for key in BY_KEY
    )
    return (
        f":root{{color-scheme:light dark;\n{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{\n{dark}}}}}\n{states}"
    )


def _properties(theme: str) -> Iterator[str]:
    for name, colour in THEMES[theme].items():
        yield f"--{name}:{colour};\n"
    for number, colour in enumerate(STACK[theme], 1):
        yield f"--stack-{number}:{colour};\n"
    for look in LOOKS:
        paint = look.light if theme == "light" else look.dark
        yield f"--{look.key}:{paint.colour};--{look.key}-fill:{paint.fill};"
        yield f"--{look.key}-ink:{paint.ink};--{look.key}-shape:{paint.shape};\n"
