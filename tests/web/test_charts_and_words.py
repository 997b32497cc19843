"""Charts are drawn of what there is; moments, sizes and states are told as people say them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree
from markupsafe import Markup

from cws_filedrop.store.lists import charts
from cws_filedrop.web.site import rendering, svg
from cws_filedrop.web.site.svg import Series

SVG = "{http://www.w3.org/2000/svg}"


def drawn(markup: str) -> etree._Element:
    return etree.fromstring(f'<g xmlns="http://www.w3.org/2000/svg">{markup}</g>')[0]


def test_bars_are_as_high_as_their_share_and_stand_on_one_another() -> None:
    chart = drawn(
        svg.stacked("Lines", ["9:00", "10:00"], [Series("good", "s2", [30, 0]), Series("bad", "s4", [20, 50])])
    )
    bars = [one for one in chart.iter(f"{SVG}rect") if one.get("class") != "hit"]
    assert [one.get("class") for one in bars] == ["s2", "s4", "s4"]
    heights = [float(str(one.get("height"))) for one in bars]
    assert heights[0] + heights[1] == pytest.approx(heights[2], abs=0.02)
    assert float(str(bars[1].get("y"))) + heights[1] == pytest.approx(float(str(bars[0].get("y"))), abs=0.02)
    assert [one.text for one in chart.iter(f"{SVG}title")] == ["9:00: good 30, bad 20", "10:00: bad 50"]


def test_a_line_is_interrupted_where_nothing_is_known_and_one_point_is_a_dot() -> None:
    chart = drawn(svg.lines("Seconds", list("abcd"), [Series("p50", "s1", [1.0, 2.0, None, 4.0])], unit=" s"))
    (path,) = chart.iter(f"{SVG}path")
    assert str(path.get("d")).count("M") == 2
    assert str(path.get("d")).count("L") == 1
    assert len(list(chart.iter(f"{SVG}circle"))) == 1
    assert [one.text for one in chart.iter(f"{SVG}title")][2:] == ["c: nothing", "d: p50 4 s"]


def test_names_cannot_break_out_of_a_chart() -> None:
    chart = drawn(svg.ranking('"><script>', [("<b>", 2, "s5"), ("&", 1, "s5")]))
    assert chart.get("aria-label") == '"><script>'
    assert [one.text for one in chart.iter(f"{SVG}text")][::2] == ["<b>", "&"]


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (1.1, 2), (4, 5), (51, 100), (100, 100), (101, 200), (0.3, 0.5), (7e6, 1e7)]
)
def test_an_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert svg.ceiling(value) == pytest.approx(top)


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 5), (0.95, 10), (0.9, 9), (0.01, 1), (1.0, 10)])
def test_percentiles_are_values_that_were_measured(share: float, wanted: int) -> None:
    assert charts.percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == wanted


def test_hours_and_days_without_anything_are_shown_too() -> None:
    since, until = datetime(2026, 11, 21, 22, 30, tzinfo=UTC), datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert charts.slots(since, until, charts.HOUR) == ["2026-11-21T22", "2026-11-21T23", "2026-11-22T00"]
    assert charts.slots(since, until, charts.DAY) == ["2026-11-21", "2026-11-22"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (2.34, "2.3 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (90_061, "1 d 1 h"), (None, "")],
)
def test_times_are_told_in_their_two_largest_units(seconds: float | None, words: str) -> None:
    assert rendering.lasting(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (123_456, "123 KB"), (1.5e9, "1.5 GB"), (None, "")],
)
def test_sizes_are_told_with_three_figures(number: int | None, words: str) -> None:
    assert rendering.size(number) == words


@pytest.mark.parametrize(
    ("path", "ours"),
    [("/", True), ("/uploads?q=1", True), ("//evil", False), ("/\\evil", False), ("https://evil", False), ("", False)],
)
def test_only_paths_of_ours_are_gone_to(path: str, ours: bool) -> None:
    assert rendering.is_ours(path) is ours


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (500, "500"),
        (5_000, "5\u202f000"),
        (10_000, "10 k"),
        (500_000, "500 k"),
        (2_500_000, "2.5 M"),
    ],
)
def test_figures_of_an_axis_are_short(value: float, told: str) -> None:
    assert svg.short(value) == told


def test_letters_that_turn_around_what_stands_beside_them_are_spelled_out() -> None:
    template = rendering.TEMPLATES.from_string("<b>{{ name }}</b> {{ kept }} {{ file | printable }}")
    shown = template.render(name="a\u202etxt.<i>", kept=Markup("<i>\u2066</i>"), file="a\u200b\x1b[1m")
    assert shown == "<b>a\\u202etxt.&lt;i&gt;</b> <i>\\u2066</i> a\\u200b\\x1b[1m"
