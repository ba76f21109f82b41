"""The palette's promises: what is written can be read, what is drawn can be seen, and states are told apart."""

from itertools import combinations

import pytest
from support_colour import BLIND, distance, lab, linear, seen_by

from core.values import Status
from web.palette import LOOKS, STACK, THEMES, Look, Paint, look_of, stylesheet

TEXT, SHAPE = 4.5, 3.0
"""WCAG 2.2: contrast of text (1.4.3) and of graphics (1.4.11)."""
LAYERS = 17.0
"""The same, between layers that touch."""
APART = 18.0
"""CIEDE2000 between any two states; about 2 is what an eye can just tell."""

themes = pytest.mark.parametrize("theme", ["light", "dark"])


def paint(look: Look, theme: str) -> Paint:
    return look.light if theme == "light" else look.dark


def contrast(one: str, other: str) -> float:
    r, g, b = zip(linear(one), linear(other), strict=True)
    dark, bright = sorted(0.2126 * r[i] + 0.7152 * g[i] + 0.0722 * b[i] for i in (0, 1))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (56, -27, -3), 31.9030),
        ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ],
)
def test_the_distance_agrees_with_the_published_pairs(one, other, published):
    assert distance(one, other) == pytest.approx(published, abs=5e-5)


@themes
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.key)
def test_the_words_on_a_tile_can_be_read(look, theme):
    assert contrast(paint(look, theme).ink, paint(look, theme).fill) >= TEXT


@themes
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.key)
def test_the_shape_can_be_seen_on_its_tile_and_on_the_page(look, theme):
    colours, own = THEMES[theme], paint(look, theme)
    assert contrast(own.shape, own.fill) >= SHAPE
    assert contrast(own.colour, colours["surface"]) >= SHAPE
    assert contrast(own.colour, colours["page"]) >= SHAPE


@themes
@pytest.mark.parametrize("blindness", [None, *BLIND])
def test_any_two_states_are_told_apart_by_colour_alone(blindness, theme):
    seen = {look.key: lab(seen_by(paint(look, theme).colour, blindness)) for look in LOOKS}
    near = min((distance(seen[one], seen[other]), one, other) for one, other in combinations(seen, 2))
    assert near[0] >= APART, near


@themes
@pytest.mark.parametrize("blindness", [None, *BLIND])
def test_layers_that_lie_on_one_another_are_told_apart(blindness, theme):
    seen = [lab(seen_by(colour, blindness)) for colour in STACK[theme]]
    # The last is followed by the first again, where there are more layers than colours.
    assert min(distance(*pair) for pair in zip(seen, [*seen[1:], seen[0]], strict=True)) >= LAYERS


@themes
def test_the_pages_own_text_can_be_read(theme):
    colours = THEMES[theme]
    for ground in ("page", "surface"):
        for text in ("text", "quiet", "link"):
            assert contrast(colours[text], colours[ground]) >= TEXT, (text, ground)
        assert contrast(colours["edge"], colours[ground]) >= SHAPE
    assert contrast(colours["bar-text"], colours["bar"]) >= TEXT
    assert contrast(colours["bar-quiet"], colours["bar"]) >= TEXT
    assert contrast(colours["warn-text"], colours["warn"]) >= TEXT


def test_no_two_states_share_a_word_a_shape_or_a_sign():
    for attribute in ("key", "word", "path", "glyph"):
        assert len({getattr(look, attribute) for look in LOOKS}) == len(LOOKS), attribute


def test_every_status_has_a_look_and_a_known_cause_shows_before_it():
    assert [look_of(status).key for status in Status] == ["good", "down", "degraded", "unknown"]
    assert look_of(Status.DOWN, "power").key == "power"
    assert look_of(Status.UNKNOWN, "planned|12").key == "maintenance"
    assert look_of(Status.UP, "power").key == "good"


def test_the_stylesheet_holds_every_colour_of_the_table():
    css = stylesheet()
    for look in LOOKS:
        assert f"--{look.key}:{look.light.colour};" in css
        assert f"--{look.key}:{look.dark.colour};" in css
        assert f".is-{look.key}{{" in css
