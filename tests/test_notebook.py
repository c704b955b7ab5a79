"""Run what a user does in a notebook with a real kernel: one notebook has a cell for each action."""

import pathlib
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).parent.parent

CELLS = {
    "imports": "import jax, numpy as np, optax\nimport nnjax",
    "float64, refused": """
try:
    nnjax.init(nnjax.mlp((2, 2, 1)), nnjax.key(0), dtype="float64")
except ValueError as error:
    print(error)
""",
    "float64, after the call it names": """
jax.config.update("jax_enable_x64", True)
network = nnjax.mlp((4, 3, 3))
start = nnjax.init(network, nnjax.key(0), dtype="float64")
print(start[0].weights.dtype)
""",
    "all cores, too late": """
try:
    nnjax.use_all_cores()
    print("it is one core")
except RuntimeError as error:
    print(error)
""",
    "table": """
train, test, names = nnjax.datasets.table("TABLE", target="group")
print(names.classes, train.xs.shape, test.xs.shape)
""",
    "patience and resuming": """
options = {"optimizer": optax.adam(0.1), "batch_size": 16, "key": nnjax.key(1), "resumable": True}
options["stop"] = nnjax.Stop(validation=test, patience=3)
whole, history = nnjax.train(network, start, *train, epochs=30, **options)
half, paused = nnjax.train(network, start, *train, epochs=15, **options)
end, resumed = nnjax.train(network, half, *train, epochs=15, resume=paused, **options)
same = jax.tree.map(lambda a, b: bool((a == b).all()), whole, end)
print(nnjax.REASONS[int(history.reason)], int(history.best_epoch) == int(resumed.best_epoch))
print(jax.tree.all(same), float(nnjax.accuracy(network, end, *test)) > 0.8)
""",
    "a table by itself": "nnjax.summary(network)",
    "progress": """
def length(key):
    return jax.numpy.sum(jax.random.normal(key, (3,)) ** 2)


drawn = nnjax.sweep(length, range(100), lane=10, on_segment=nnjax.progress("lengths"))
""",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Return each cell's output, after one run of the notebook from top to bottom."""
    folder = tmp_path_factory.mktemp("notebook")
    rng = np.random.default_rng(0)
    group = np.arange(120) % 3
    columns = {
        name: group * slope + rng.normal(size=120) for name, slope in zip("abcd", range(4), strict=True)
    }
    pd.DataFrame(columns | {"group": np.array(["x", "y", "z"])[group]}).to_csv(
        folder / "table.csv", index=False
    )
    sources = [source.strip().replace("TABLE", str(folder / "table.csv")) for source in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    quick = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
    client: Any = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", quick)
        client.execute()
    return {
        name: "".join(out.get("text", "") or out["data"]["text/plain"] for out in cell.outputs)
        for name, cell in zip(CELLS, notebook.cells, strict=True)
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_notebook(shown):
    """Resuming with Stop(patience) gives the same bits, and the advice in messages works just as printed."""
    assert "jax_enable_x64" in shown["float64, refused"]
    assert shown["float64, after the call it names"].strip() == "float64"
    assert shown["table"].split("\n")[0] == "('x', 'y', 'z') (90, 4) (30, 4)"
    assert shown["patience and resuming"].splitlines() == ["patience True", "True True"]
    assert shown["a table by itself"].splitlines()[0].split()[0] == "layer"
    bar = shown["progress"].split("\r")[-1]
    assert bar.startswith("lengths [####################] 100/100  0:0")
    assert bar.rstrip().endswith(" elapsed")
    told = shown["all cores, too late"]
    assert "restart the kernel (Kernel > Restart)" in told or "it is one core" in told
