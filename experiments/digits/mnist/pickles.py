"""Reading NumPy arrays from a pickle without running it.

A pickle is a program for a small stack machine, and may call whatever it names. This module lists the
operations of a pickle with `pickletools`, and follows only those that describe tuples and arrays of numbers.
"""

import pickletools
from typing import Any

import numpy as np

GLOBALS = {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
"""The names that may occur in an array's description; any other name is refused."""
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
VALUES = {"BININT", "BININT1", "BININT2", "BINSTRING", "SHORT_BINSTRING", "GLOBAL"}
MARK = object()


class Described:
    """An array or a dtype as the pickle describes it, piece by piece.

    Attributes:
        arguments: The arguments from which the array or dtype is made.
        state: The state that is filled in afterwards.
    """

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments
        self.state: tuple[Any, ...] = ()


def arrays(content: bytes) -> Any:
    """Read a pickle of arrays and tuples, as written by Python 2 (protocol 2), without running it.

    Raises:
        ValueError: The pickle contains something else; the message says what.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for operation, argument, place in pickletools.genops(content):
        name = operation.name
        try:
            _follow(name, argument, stack, memo)
        except (IndexError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is not a pickle of arrays: {name} at byte {place}") from error
    return _finished(stack[-1])


def _follow(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    if name == "GLOBAL" and argument not in GLOBALS:
        raise ValueError(f"the pickle asks for {argument!r}; only arrays and tuples are read")
    if name in VALUES:
        stack.append(argument)
    elif name in CONSTANTS:
        stack.append(CONSTANTS[name])
    elif name == "MARK":
        stack.append(MARK)
    elif name in TUPLES or name == "TUPLE":
        _gather(stack, TUPLES.get(name))
    elif name in ("BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name in ("BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name == "REDUCE":
        stack[-2:] = [Described(stack[-1])]
    elif name == "BUILD":
        state = stack.pop()
        stack[-1].state = state
    elif name not in ("PROTO", "STOP"):
        raise ValueError(f"the pickle has the operation {name}; only arrays and tuples are read")


def _gather(stack: list[Any], count: int | None) -> None:
    """Put the last `count` values, or all values from the mark on, into a tuple."""
    if count is None:
        count = next(i for i, value in enumerate(reversed(stack)) if value is MARK)
        del stack[len(stack) - count - 1]
    first = len(stack) - count
    stack[first:] = [tuple(stack[first:])]


def _finished(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_finished, value))
    if not isinstance(value, Described):
        raise ValueError(f"the pickle holds {value!r}; only arrays and tuples are read")
    if len(value.state) != 5:
        raise ValueError("the pickle holds an array that is only partly described")
    _, shape, dtype, by_column, content = value.state
    if by_column or dtype.state[1] != "<":
        raise ValueError("the pickle's arrays must be stored by rows, lowest byte first")
    return np.frombuffer(content.encode("latin-1"), f"<{dtype.arguments[0]}").reshape(shape)
