"""What a function reads besides its arguments: in a notebook a global changes from one cell to the next."""

import types
from collections.abc import Callable, Hashable, Iterator
from typing import Any

PLAIN = (bool, int, float, complex, str, bytes, type(None))
MANY, DEEP = 100, 6
"""Tuples and dicts are looked into up to so many entries, and so deep; wrappers of functions, too."""


class _Same:
    """An object that equals itself alone, so that it can be looked up whatever its own equality says."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


def reads(*functions: Callable) -> Hashable:
    """Note the globals and closed-over values that functions read, and those that they call beside them.

    Numbers, texts, and small tuples and dicts of them are noted by their values; anything else by which
    object it is, so that an array or a list that is changed in place is not noticed.
    """
    seen: dict[types.FunctionType, None] = {}
    for function in functions:
        _add(function, seen)
    return tuple((name, _noted(value)) for function in seen for name, value in _outside(function))


def _add(function: Any, seen: dict[types.FunctionType, None]) -> None:
    """Add a function, and the functions of the same module that it reads."""
    function = _plain(function)
    if function is None or function in seen:
        return
    seen[function] = None
    for _, value in _outside(function):
        inner = _plain(value)
        if inner is not None and inner.__module__ == function.__module__:
            _add(inner, seen)


def _plain(function: Any) -> types.FunctionType | None:
    """The Python function behind a partial, a method or a jitted function; None if there is none."""
    for _ in range(DEEP):
        if isinstance(function, types.FunctionType) or not callable(function):
            break
        under = [getattr(function, name, None) for name in ("func", "__func__", "__wrapped__")]
        function = next((inner for inner in under if callable(inner)), None)
    return function if isinstance(function, types.FunctionType) else None


def _outside(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Names and values: globals that it or a function within it names, and what it closes over."""
    for name in dict.fromkeys(_names(function.__code__)):
        if name in function.__globals__ and not isinstance(function.__globals__[name], types.ModuleType):
            yield name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _noted(value: Any, depth: int = 0) -> Hashable:
    if type(value) in PLAIN:
        return type(value), repr(value)
    if type(value) in (tuple, dict) and len(value) <= MANY and depth < DEEP:
        parts = value.items() if isinstance(value, dict) else value
        return type(value), tuple(_noted(part, depth + 1) for part in parts)
    return _Same(value)
