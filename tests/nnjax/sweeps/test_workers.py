"""A worker recognises its function, gives JAX the driver's settings, and describes itself."""

import concurrent.futures
import platform
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import standin

from nnjax.sweeps import jobs, workers

pytestmark = pytest.mark.cpu
cloudpickle = pytest.importorskip("cloudpickle")


def ratio(key, scale):
    return scale / jax.random.uniform(key)


CONTENT = cloudpickle.dumps(jobs.Function(ratio, ("scale",)))
PYTHON = platform.python_version().rpartition(".")[0]
SETTINGS = {"jax_enable_x64": False}
ORDER = workers.Order("digest", CONTENT, PYTHON, SETTINGS, lane=2)
COLUMNS = {"seed": np.arange(3, dtype=np.uint32), "scale": np.float32([1, 2, 3])}


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    standin.forget()
    monkeypatch.setattr(workers, "HOLDS", (0.0, 0.0))


def asked():
    return workers.run(ORDER, {name: column[:0] for name, column in COLUMNS.items()}, "0")


def test_first_it_says_what_it_is_and_then_it_computes():
    first = asked()
    assert first.leaves is None
    assert (first.devices, first.shapes) == (2, [((), "float32")])
    done = workers.run(ORDER._replace(expected=first.identity, content=None), COLUMNS, "1")
    assert done.worker == first.worker == workers.name()
    assert done.leaves is not None
    assert done.leaves[0].dtype == np.float32  # as on the driver, although the tests use x64
    assert done.seconds > 0


def test_arrays_that_fn_closes_over_keep_their_precision():
    third = jnp.float64(1) / 3

    def fn(key):
        return third

    columns = {"seed": np.arange(1, dtype=np.uint32)}
    order = workers.Order(
        "third", cloudpickle.dumps(jobs.Function(fn, ())), PYTHON, {"jax_enable_x64": True}, 1
    )
    with jax.enable_x64(False):
        first = workers.run(order, {"seed": columns["seed"][:0]}, "0")
        done = workers.run(order._replace(expected=first.identity), columns, "1")
    assert done.leaves is not None
    assert done.leaves[0].tolist() == [1 / 3]


def test_a_function_that_it_does_not_know_it_asks_for():
    assert workers.run(ORDER._replace(content=None), COLUMNS, "0") == workers.Answer(workers.name())


def test_the_same_digest_is_the_same_object_and_old_ones_go(monkeypatch):
    monkeypatch.setattr(workers, "KEPT", 2)
    first = workers._function(ORDER)
    assert workers._function(ORDER) is first
    for other in "ab":
        workers._function(ORDER._replace(digest=other))
    assert list(workers._functions) == ["a", "b"]


def test_another_python_is_named():
    answer = workers.run(ORDER._replace(python="3.9"), COLUMNS, "0")
    assert answer.failure is not None
    assert answer.failure.loading
    assert "this worker runs Python 3." in answer.failure.text


def test_a_refused_worker_holds_on_longer_every_time(monkeypatch):
    pauses = []
    monkeypatch.setattr(workers, "HOLDS", (0.1, 0.3))
    monkeypatch.setattr(workers, "time", type("", (), {"sleep": pauses.append, "monotonic": time.monotonic}))
    for _ in range(3):
        refused = workers.run(ORDER._replace(expected={"lane": 7}), COLUMNS, "0")
        assert refused.leaves is None
        assert refused.identity is not None
    assert pauses == [0.1, 0.2, 0.3]


def test_it_does_one_task_at_a_time(monkeypatch):
    inside, most = [], []

    def slow(order, columns):
        inside.append(threading.get_ident())
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return workers.Answer("w")

    monkeypatch.setattr(workers, "_answer", slow)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: workers.run(ORDER, COLUMNS, str(number)), range(4)))
    assert most == [1] * 4


def test_devices_are_made_before_jax_runs_and_kept_after(monkeypatch):
    made = []
    monkeypatch.setattr(jax.config, "update", lambda *setting: made.append(setting))
    workers._make_devices(None)
    workers._make_devices(3)
    assert made == [("jax_num_cpu_devices", 3)]
    monkeypatch.undo()
    workers._make_devices(3)
    assert len(jax.devices()) == 8


def test_the_search_for_a_row_comes_to_an_end(monkeypatch):
    monkeypatch.setattr(workers, "SEARCH", -1.0)
    columns = {"seed": np.arange(9, dtype=np.uint32)}
    content = cloudpickle.dumps(jobs.Function(raising(lambda seed: seed == 6), ()))
    order = workers.Order("long", content, PYTHON, SETTINGS, lane=2)
    first = workers.run(order, {"seed": columns["seed"][:0]}, "0")
    failed = workers.run(order._replace(expected=first.identity), columns, "1").failure
    assert failed is not None
    assert failed.row is None


def raising(where):
    def fn(key):
        def check(data):
            if where(data[1]):
                raise ValueError("planted")
            return data

        bits = jax.random.key_data(key)
        return jax.pure_callback(check, bits, bits, vmap_method="sequential")

    return fn


@pytest.mark.parametrize(
    "where, row",
    [
        (lambda seed: seed == 6, {"seed": 6}),
        (lambda seed: seed >= 2, {"seed": 2}),
        (lambda seed: seed >= 0, None),
    ],
    ids=["one", "some", "all"],
)
def test_the_row_that_raises_is_found(where, row):
    columns = {"seed": np.arange(9, dtype=np.uint32)}
    content = cloudpickle.dumps(jobs.Function(raising(where), ()))
    order = workers.Order("raising", content, PYTHON, SETTINGS, lane=2)
    first = workers.run(order, {"seed": columns["seed"][:0]}, "0")
    failed = workers.run(order._replace(expected=first.identity), columns, "1").failure
    assert failed is not None
    assert (failed.row, failed.loading) == (row, False)
