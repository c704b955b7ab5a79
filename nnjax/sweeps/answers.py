"""Workers' answers that are not results, put into words: an exception in fn, or a worker that differs."""

import pickle
from collections.abc import Mapping
from typing import Any

from nnjax.sweeps import workers
from nnjax.sweeps.devices import VECTORS

ADVICE = {
    "device": (
        "ask for machines of one kind (Slurm: --constraint=...), or give each kind its own sweep and folder"
    ),
    "XLA_FLAGS": "set the same XLA_FLAGS on all machines",
    "function": (
        "fn is a different program on the worker: install the same versions of nnjax and of your own "
        "modules, restart the workers, or cloudpickle.register_pickle_by_value(module)"
    ),
}
"""What to do about a worker that differs, for each kind of difference."""
LOADING = (
    "install what fn imports, or have your own modules sent, too: "
    "cloudpickle.register_pickle_by_value(module)"
)
FIRST = ("jax", "jaxlib", "XLA_FLAGS", "device")
"""Differences that are reported first, since the other differences follow from them."""


def exception(answer: workers.Answer) -> Exception:
    """Rebuild the exception that a worker raised, with the row, the worker and the traceback as notes."""
    failure = answer.failure
    assert failure is not None
    try:
        error = RuntimeError(failure.said) if failure.error is None else pickle.loads(failure.error)
    except Exception:
        error = RuntimeError(failure.said)
    row = ", ".join(f"{name} {value}" for name, value in (failure.row or {}).items())
    error.add_note(f"in fn{row and f' at {row}'}, on worker {answer.worker}")
    if failure.loading:
        error.add_note(f"fn cannot be loaded on the worker: {LOADING}")
    error.add_note(failure.text)
    return error


def difference(expected: Mapping[str, Any], answer: workers.Answer) -> str:
    """Say how a worker differs from the first one, and what to do about it."""
    if answer.failure:
        return f"fn cannot be loaded on the worker ({answer.failure.said}); {LOADING}"
    there = answer.identity or {}
    names = dict.fromkeys((*FIRST, *expected, *there))
    name = next((name for name in names if expected.get(name) != there.get(name)), "nnjax")
    advice = ADVICE.get(name, "install the same versions on all machines")
    if name == "function":
        return advice
    if name == "device":
        device, own = (str(each.get(name)) for each in (there, expected))
        return f"it has {_cpu(device, own)}, the sweep runs on {_cpu(own, device)}; {advice}"
    return f"its {name} is {there.get(name)}, the sweep's {expected.get(name)}; {advice}"


def _cpu(kind: str, other: str) -> str:
    """Describe a kind of device, with only those vector instructions that the other one lacks."""
    words = [word for word in kind.split() if not word.startswith(VECTORS) or word not in other.split()]
    return " ".join(words)
