"""What --mnist adds: pairs, a figure and text for any pictures, but findings only for MNIST's pictures."""

import types

import numpy as np
import pictured
import pytest
from drawn import legible

import nnjax
from experiments.runner import labels, style
from experiments.runner.experiment import Fold, Show
from experiments.seed_worth import Config, digits, preview
from experiments.seed_worth.figures import figures
from experiments.seed_worth.findings import findings
from experiments.seed_worth.story import story


@pytest.mark.slow
def test_pairs_on_random_pictures(tmp_path):
    context = types.SimpleNamespace(sweep=lambda name, fn, seeds, settings: nnjax.sweep(fn, seeds, settings))
    part = digits.measure_mnist(context, pictured.random_pictures(tmp_path), np.arange(2), 2)
    assert part.sizes == {"seed": 2, "run": 5, "kept": 2, "test_row": 20, "source": 4, "during": 2}
    assert (part["apart"].sel(source=digits.BIT) < 1e-5).all()
    assert (part["apart"].sel(source=digits.BOTH) > 1e-2).all()
    assert part.attrs == {"rate": 0.15, "pictures": "other pictures"}


def test_findings_on_mnist(with_mnist):
    found = {each.id: each for each in findings(with_mnist)}
    low, high = found["variance-mnist"].interval
    assert low < 1 < high
    assert found["bit-mnist"].measured == 0
    assert found["mnist-order-over-weights"].measured == pytest.approx(1)


def test_other_pictures_are_drawn_but_not_judged(with_mnist):
    others = with_mnist.copy()
    others["mnist"].attrs["pictures"] = "other pictures"
    assert not [each.id for each in findings(others) if "mnist" in each.id]
    assert story(others)[-2:] == (Fold("The same on other pictures"), Show("mnist"))


def test_the_figure_and_the_words(with_mnist):
    with style.context():
        found = figures(with_mnist)
        legible(found)
    assert len(found["mnist"].panels) == 2
    fold, words, shown = story(with_mnist)[-3:]
    assert (fold, shown) == (Fold("The same on MNIST"), Show("mnist"))
    assert all("{" + each.id in words for each in findings(with_mnist) if "mnist" in each.id)


def test_every_variable_has_a_name(with_mnist):
    manifest = {"name": "seed_worth", "title": "", "question": "", "command": "", "smoke": True}
    manifest |= {"config": {"seed": 0}, "packages": {"nnjax": "0", "jax": "0"}}
    unnamed = labels.unnamed(labels.labelled(with_mnist, manifest))
    assert not [each for each in unnamed if "/run" in each or "/kept" in each]


def test_without_the_files_make_mnist_is_named(tmp_path):
    assert preview(Config()) == ""
    with pytest.raises(FileNotFoundError, match="make mnist"):
        preview(Config(mnist=True, pictures=str(tmp_path)))
