"""Labels as one-hot rows: any common kind of label is accepted, and no class is lost or invented."""

import numpy as np
import pandas as pd
import pytest

from nnjax.datasets import one_hot

NAMES = ["b", "a", "b"]


@pytest.mark.parametrize(
    "labels, expected",
    [
        ([0, 2, 1], [0, 2, 1]),
        ([-1, 1, 1, -1], [0, 1, 1, 0]),
        ([-1, 0, 1], [0, 1, 2]),
        ([1, 2, 3], [0, 1, 2]),
        ([1.0, 0.0], [1, 0]),
        ([True, False], [1, 0]),
        ([True, True], [1, 1]),
        (NAMES, [1, 0, 1]),
        (np.array(NAMES, object), [1, 0, 1]),
        (pd.Series(NAMES), [1, 0, 1]),
        (pd.Series(NAMES, dtype="category"), [1, 0, 1]),
        (pd.Series([0, 1, 1], dtype="Int64"), [0, 1, 1]),
        (np.uint8([1, 0]), [1, 0]),
    ],
)
def test_labels_become_columns(labels, expected):
    rows = one_hot(labels)
    assert rows.dtype == float
    np.testing.assert_array_equal(rows, np.eye(int(max(max(expected) + 1, 2)))[expected])


def test_classes_say_what_the_labels_do_not():
    assert one_hot([1, 1], classes=[0, 1, 2]).tolist() == [[0, 1, 0], [0, 1, 0]]
    assert one_hot([5, 9], classes=range(10)).sum(axis=0).tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert one_hot(["no", "yes"], classes=["yes", "no"]).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    "labels, classes, error, message",
    [
        ([0, 2], None, ValueError, "labels leave out 1; name all classes"),
        ([5, 6], None, ValueError, "labels start at 5; name all classes"),
        ([0, 0], None, ValueError, "labels hold 0 alone; name all classes"),
        ([0, 3], [0, 1, 2], ValueError, r"labels hold 3, which is not among the classes \[0, 1, 2\]"),
        (["a"], ["a", "a"], ValueError, "classes must differ from each other"),
        ([0.5, 1], None, TypeError, "labels must be whole numbers or names, got 0.5"),
        ([0, np.nan], None, TypeError, "labels must be whole numbers or names, got nan"),
        ([], None, ValueError, r"labels must be one list .* got shape \(0,\)"),
        ([[0], [1]], None, ValueError, r"got shape \(2, 1\)"),
        ([1j, 0], None, TypeError, "labels must be whole numbers, booleans or names, got complex"),
        (
            np.array(["a", 1], object),
            None,
            TypeError,
            "labels must be whole numbers, booleans or names, got obj",
        ),
    ],
)
def test_what_would_lose_or_invent_a_class_is_refused(labels, classes, error, message):
    with pytest.raises(error, match=message):
        one_hot(labels, classes)
