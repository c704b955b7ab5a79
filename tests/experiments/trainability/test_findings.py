"""Findings about maps on which the rule of 6 ξ is right by construction."""

import numpy as np
import pytest

from experiments.trainability.findings import constants, findings, layers_in_scales, tables, waits
from experiments.trainability.theory import CONSTANT


@pytest.fixture(scope="module")
def found(data):
    return {each.id: each for each in findings(data)}


@pytest.mark.parametrize(
    "id", ["share-sigmoid", "share-relu", "trains-within", "fails-beyond", "fails-exploding"]
)
def test_what_6_scales_say_happens(found, id):
    assert found[id].measured == 1
    assert found[id].verdict == "agrees"


def test_the_constant_lies_between_what_trains_and_what_fails(found, data):
    maps = data["maps"].to_dataset().sel(activation="sigmoid")
    lengths = np.sort(layers_in_scales(maps).values.ravel())
    place = np.searchsorted(lengths, CONSTANT)
    assert found["constant-sigmoid"].measured == pytest.approx(np.sqrt(lengths[place - 1] * lengths[place]))


def test_a_known_constant_is_found():
    lengths = np.geomspace(0.1, 50, 400)
    rng = np.random.default_rng(0)
    chances = 1 / (1 + (lengths / 4) ** 6)
    found = constants(lengths, rng.random((50, 400)) < chances)
    assert np.exp(np.log(found).mean()) == pytest.approx(4, rel=0.05)


def test_equally_good_constants_give_the_middle():
    lengths = np.array([1.0, 2.0, 8.0, 16.0])
    assert constants(lengths, np.array([[True, True, False, False]]))[0] == pytest.approx(4)


def test_a_map_against_theory_differs(data):
    turned = data.copy(deep=True)
    maps = turned["maps"].to_dataset()
    turned["maps"] = maps.assign(loss=2 - maps["loss"])
    found = {each.id: each for each in findings(turned)}
    assert found["share-relu"].measured < 0.5
    assert found["fails-beyond"].verdict == "differs"


def test_orthogonal_weights_need_half_as_long(found, data):
    assert found["orthogonal-speed"].measured == pytest.approx(2)
    assert found["orthogonal-speed"].verdict == "differs"
    isometry = data["isometry"].to_dataset()
    assert waits(isometry, "Gaussian")[0].tolist() == [7, 4]


def test_depth_costs_linear_networks_nothing_from_orthogonal_weights(found, data):
    assert found["linear-depth"].measured == pytest.approx(1)
    assert found["linear-depth"].verdict == "agrees"
    assert "from Gaussian weights 0% of them reach this loss with 16 layers" in found["linear-depth"].note
    slower = data.copy(deep=True)
    slower["linear"]["loss"][1, :, 1, 0, 3:5] = 1
    later = {each.id: each for each in findings(slower)}["linear-depth"]
    assert later.measured == pytest.approx(5 / 3)
    assert later.verdict == "differs"


def test_few_seeds_are_not_judged(data):
    assert findings(data.isel(seed=slice(2))) == []


def test_the_table_has_a_row_for_each_variance(data):
    ((head, rows),) = tables(data).values()
    assert len(rows) == 10
    assert all(len(row) == len(head) for row in rows)


def test_a_share_that_is_the_same_in_every_seed_has_an_interval_all_the_same(found):
    low, high = found["fails-exploding"].interval
    assert 0.9 < low < 1
    assert high == 1
    assert "from the number of networks" in found["fails-exploding"].note
