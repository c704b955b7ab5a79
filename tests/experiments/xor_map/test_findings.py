"""Findings about maps whose borders are known."""

import numpy as np
import pytest

from experiments.xor_map.findings import circle, dimensions, findings, fit, most_crooked, steep, tables


@pytest.fixture(scope="module")
def found(data):
    return {each.id: each for each in findings(data)}


def test_a_straight_border_agrees_with_the_guess(found):
    assert found["dimension-small-rate"].measured == pytest.approx(1)
    assert found["dimension-small-rate"].verdict == "agrees"


def test_salt_and_pepper_is_more_than_a_line(found):
    assert found["dimension-large-rate"].measured > 1.7
    assert found["dimension-large-rate-closer"].verdict == "agrees"


def test_the_circle_is_counted_on_as_many_cells(found, data):
    assert found["dimension-circle"].measured == circle(data["planes"].sizes["row"])
    assert circle(128) == pytest.approx(1, abs=0.1)


def test_cliffs_are_pairs_of_which_one_takes_far_longer(found):
    assert found["cliff-small-rate"].measured == 0
    assert found["cliff-small-rate"].verdict == "differs"
    assert found["cliff-large-rate"].measured == 1
    assert found["cliff-large-rate"].verdict == "agrees"


def test_only_pairs_that_are_there_count(data):
    neighbours = data["neighbours"].to_dataset().copy(deep=True)
    neighbours["wait"][0, 0] = -1
    neighbours["wait"][0, 1, 0, 1] = 401
    np.testing.assert_allclose(steep(neighbours, 1.0), [1 / 8, 0, 0])


def test_planes_without_a_border_are_left_out(data):
    planes = data["planes"].to_dataset().copy(deep=True)
    planes["level"][0, 0] = 0
    assert len(fit(planes, 1.0, 1).dimensions) == 3
    assert "mean of 3 of 4 planes" in next(dimensions(planes)).note


def test_the_large_picture_shows_the_most_crooked_plane(data):
    planes = data["planes"].to_dataset().copy(deep=True)
    planes["level"][1, [0, 1, 3]] = planes["level"][0, 0]
    assert most_crooked(planes) == 2


def test_the_table_has_a_row_for_each_map(data):
    ((head, rows),) = tables(data).values()
    assert [row[:2] for row in rows] == [["1", "whole"], ["1", "× 64"], ["10", "whole"], ["10", "× 64"]]
    assert rows[0][2] == "50.0%"
    assert all(len(row) == len(head) for row in rows)
