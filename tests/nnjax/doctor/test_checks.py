"""The checks find this device healthy, and notice a single wrong row or a NaN."""

import numpy as np
import pytest

from nnjax import doctor
from nnjax.doctor import checks

OPTIMISED = True


@pytest.mark.slow
def test_this_device_computes_what_numpy_computes():
    made = doctor.run_checks()
    assert [
        (check.name, check.error, check.note) for check in made if check.decisive and not check.passed
    ] == []
    assert all(check.error is not None for check in made)
    assert {check.name.split(", ")[1] for check in made} == {"float32", "float64"}


def test_one_wrong_row_among_many_and_nan_are_seen():
    want = np.ones((16385, 3))
    got = want.copy()
    assert checks.relative_error([got], [want]) == 0
    got[-1, -1] = 1.25
    assert checks.relative_error([want, got], [want, want]) == 0.25
    got[0, 0] = np.nan
    assert not checks.relative_error([got], [want]) <= 1
