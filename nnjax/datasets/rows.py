"""Rows of data: examples with their targets, splits, and labels turned into one-hot rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax import checks


class Data(NamedTuple):
    """Examples and their targets.

    Attributes:
        xs: Inputs (n, in).
        ys: Targets (n, out).
    """

    xs: np.ndarray
    ys: np.ndarray


class Split(NamedTuple):
    """Data to train on and data to test with."""

    train: Data
    test: Data


def split(xs: np.ndarray, labels: np.ndarray, test_share: float, who: str) -> Split:
    """Split rows into training and test rows with equal shares of each class 0..k-1."""
    train_test_split = checks.needed("sklearn.model_selection", who).train_test_split
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must lie between 0 and 1, got {test_share}")
    parts = train_test_split(xs, one_hot(labels), test_size=test_share, random_state=0, stratify=labels)
    train_xs, test_xs, train_ys, test_ys = map(np.asarray, parts)
    return Split(Data(train_xs, train_ys), Data(test_xs, test_ys))


def one_hot(labels: Any, classes: Sequence[Any] | None = None) -> np.ndarray:
    """Give each class an output node (handout): turn labels (n,) into rows (n, k) of 0 and 1.

    Labels may be integers that start at 0 or 1, the numbers -1 and 1 (with or without 0), floats that are
    whole numbers, booleans, or names; column k belongs to the k-th class in ascending (or alphabetical)
    order.

    >>> one_hot(["robin", "owl", "robin"])
    array([[0., 1.],
           [1., 0.],
           [0., 1.]])


    Args:
        labels: One label per row.
        classes: All classes, in the order of the columns. They must be given if the labels do not show them
            all, because a number in between does not occur or only one class occurs.

    Raises:
        TypeError: If labels are neither whole numbers nor booleans nor names.
        ValueError: If there are no labels, or they are not a list; if a label is not among the classes, or a
            class is given twice; if no classes are given although the labels skip a number, or start at
            neither 0 nor 1.
    """
    values = _labels(labels)
    found = np.unique(values)
    columns = _told_by(found) if classes is None else _labels(classes)
    if len(np.unique(columns)) < len(columns):
        raise ValueError(f"classes must differ from each other, got {columns.tolist()}")
    lost = [value for value in found.tolist() if value not in columns.tolist()]
    if lost:
        raise ValueError(f"labels hold {lost[0]!r}, which is not among the classes {columns.tolist()}")
    return (values[:, None] == columns[None, :]).astype(float)


def _labels(labels: Any) -> np.ndarray:
    array = np.asarray(labels)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"labels must be one list with a label per row, (n,); got shape {array.shape}")
    if array.dtype == object and len({isinstance(value, str) for value in array}) == 1:
        array = np.array(array.tolist())
    if array.dtype.kind == "f":
        if not np.all(array == np.floor(array)):
            raise TypeError(
                f"labels must be whole numbers or names, got {array[array != np.floor(array)][0]}"
            )
        return array.astype(np.int64)
    if array.dtype.kind not in "iubUT":
        raise TypeError(f"labels must be whole numbers, booleans or names, got {array.dtype}")
    return array


def _told_by(found: np.ndarray) -> np.ndarray:
    """Infer all the classes from those that occur."""
    if found.dtype.kind == "b":
        return np.array([False, True])
    if len(found) == 1:
        raise ValueError(f"labels hold {found[0].item()!r} alone; name all classes with classes=[...]")
    if found.dtype.kind in "UT" or found.tolist() == [-1, 1]:
        return found
    missing = sorted(set(range(int(found[0]), int(found[-1]) + 1)) - set(found.tolist()))
    if missing or found[0] not in (-1, 0, 1):
        why = f"leave out {missing[0]}" if missing else f"start at {found[0]}"
        raise ValueError(
            f"labels {why}; name all classes with classes=[...], so that no class is lost or invented"
        )
    return found
