"""A worker's failure is reported with the row, the worker and a remedy."""

import pytest

from nnjax.sweeps import answers, workers

HERE = {
    "function": "f1",
    "lane": 16,
    "jax": "0.10.1",
    "device": "AMD EPYC 9654 avx avx2 avx512f sse",
    "XLA_FLAGS": [],
}


def test_what_only_the_worker_tells_is_a_difference_and_none_is_no_crash():
    said = answers.difference(HERE, workers.Answer("w", identity=HERE | {"more": 1}))
    assert said.startswith("its more is 1, the sweep's None; install the same versions")
    assert "nnjax" in answers.difference(HERE, workers.Answer("w", identity=HERE))


def test_a_message_of_two_lines_is_told_whole():
    try:
        raise ValueError("first\nsecond")
    except ValueError as error:
        error.add_note("JAX has left out frames of its own")
        failure = workers._failure(error, None, loading=True)
    told = answers.difference(HERE, workers.Answer("w", failure=failure))
    assert told.startswith("fn cannot be loaded on the worker (ValueError: first\nsecond)")


@pytest.mark.parametrize(
    "change, said",
    [
        (
            {"device": "AMD EPYC 7742 avx avx2 sse", "function": "f2"},
            "it has AMD EPYC 7742, the sweep runs on AMD EPYC 9654 avx512f; ask for machines of one kind "
            "(Slurm: --constraint=...)",
        ),
        ({"XLA_FLAGS": ["--a=1"]}, "its XLA_FLAGS is ['--a=1'], the sweep's []; set the same XLA_FLAGS"),
        (
            {"jax": "0.12.0", "function": "f2"},
            "its jax is 0.12.0, the sweep's 0.10.1; install the same versions",
        ),
        (
            {"function": "f2"},
            "fn is a different program on the worker: install the same versions of nnjax and of your own",
        ),
        ({"lane": 8}, "its lane is 8, the sweep's 16"),
    ],
)
def test_a_difference_says_what_to_do(change, said):
    there = workers.Answer("w", identity=HERE | change)
    assert answers.difference(HERE, there).startswith(said)


def test_an_exception_keeps_its_type_row_and_traceback():
    failure = workers._failure(KeyError("planted"), {"seed": 5, "rate": 0.5})
    error = answers.exception(workers.Answer("node7, process 1", failure=failure))
    assert isinstance(error, KeyError)
    first, trace = error.__notes__
    assert first == "in fn at seed 5, rate 0.5, on worker node7, process 1"
    assert "planted" in trace


class Unpicklable(Exception):  # noqa: N818
    """An exception that cannot be pickled."""

    def __reduce__(self):
        raise TypeError("not me")


def test_an_exception_that_cannot_travel_comes_as_text():
    failure = workers._failure(Unpicklable("planted 7"), None)
    error = answers.exception(workers.Answer("w", failure=failure))
    assert type(error) is RuntimeError
    assert str(error) == "Unpicklable: planted 7"
    lost = failure._replace(error=b"no pickle")
    assert "planted 7" in str(answers.exception(workers.Answer("w", failure=lost)))


def test_a_function_that_cannot_be_loaded_says_what_helps():
    failure = workers._failure(ModuleNotFoundError("No module named 'mine'"), None, loading=True)
    error = answers.exception(workers.Answer("w", failure=failure))
    assert "register_pickle_by_value" in error.__notes__[1]
    told = answers.difference(HERE, workers.Answer("w", failure=failure))
    assert told.startswith(
        "fn cannot be loaded on the worker (ModuleNotFoundError: No module named 'mine'); install"
    )
