"""Arrays are read from a pickle that is never run; the pickles have the form that Python 2 wrote."""

import os
import pickle

import numpy as np
import pytest

from experiments.digits.mnist import pickles
from tests.shared.pickled import array, pickled, text


def test_arrays_and_tuples_come_out_as_numpy_itself_unpickles_them():
    images, labels = np.arange(8, dtype="<f4").reshape(2, 4), np.array([3, 250], "<i8")
    content = pickled(images, labels)
    read = pickles.arrays(content)
    for one, theirs in zip(read, pickle.loads(content, encoding="latin-1"), strict=True):
        np.testing.assert_array_equal(one[0], theirs[0], strict=True)
        np.testing.assert_array_equal(one[1], theirs[1], strict=True)
    np.testing.assert_array_equal(read[2][0], images)
    np.testing.assert_array_equal(read[2][1], labels)


class Malicious:
    """Makes a folder when unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_a_malicious_pickle_is_refused_and_not_run(tmp_path):
    content = pickle.dumps(Malicious(tmp_path / "made"), protocol=2)
    with pytest.raises(ValueError, match=r"asks for '(posix|nt) mkdir'; only arrays and tuples are read"):
        pickles.arrays(content)
    assert not (tmp_path / "made").exists()
    pickle.loads(content)
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "content, message",
    [
        (pickle.dumps([1, 2], protocol=2), "has the operation EMPTY_LIST"),
        (b"\x80\x02K\x05.", "holds 5; only"),
        (b"\x80\x02h\x07.", "not a pickle of arrays: BINGET at byte 2"),
        (b"\x80\x02" + array(np.zeros(2, ">f4")) + b".", "lowest byte first"),
        (b"\x80\x02" + array(np.zeros(2, "<f4"), by_column=True) + b".", "stored by rows"),
        (b"\x80\x02K\x01" + text(b"b") + b"R.", "partly described"),
    ],
)
def test_what_is_no_array_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        pickles.arrays(content)
