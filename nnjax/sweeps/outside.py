"""What a function reads besides its arguments, such as a global that changes between notebook cells."""

import functools
import inspect
import types
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

PLAIN = (bool, int, float, complex, str, bytes, type(None))
MANY, DEEP = 100, 6
"""The largest size and depth of tuples and dicts that are inspected; the depth also limits wrappers."""


class _Same:
    """A wrapper that compares an object by its identity, whatever the object's own equality says."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


def reads(*functions: Callable) -> Hashable:
    """Note the globals and closed-over values that functions read, and those read by functions they call.

    Numbers, strings, and small tuples and dicts of them are noted by value, and anything else by its
    identity. Some changes therefore go unnoticed: those made to an array or a list in place, to attributes of
    objects and modules, and to globals of modules other than the function's own and `__main__`.
    """
    seen: dict[types.FunctionType, None] = {}
    for function in functions:
        _add(function, None, seen)
    return tuple((name, _noted(value)) for function in seen for name, value in _outside(function))


class _Unwrapped(NamedTuple):
    """The function behind a partial, a method, a jitted function or an object with `__call__`.

    Attributes:
        plain: The Python function; None if there is none.
        owner: The class whose methods the function may call through `self`.
        given: The arguments of partials.
    """

    plain: types.FunctionType | None
    owner: type | None
    given: list[Any]


def _unwrapped(function: Any) -> _Unwrapped:
    owner, given = None, []
    for _ in range(DEEP):
        if isinstance(function, types.FunctionType) or not callable(function):
            break
        if isinstance(function, functools.partial):
            given += [*function.args, *function.keywords.values()]
        under = [getattr(function, name, None) for name in ("func", "__func__", "__wrapped__")]
        inner = next((inner for inner in under if callable(inner)), None)
        if isinstance(function, types.MethodType):
            of = function.__self__
            owner = of if isinstance(of, type) else type(of)
        elif inner is None:
            owner = type(function)
            inner = inspect.getattr_static(owner, "__call__", None)
        function = inner
    return _Unwrapped(function if isinstance(function, types.FunctionType) else None, owner, given)


def _add(function: Any, module: str | None, seen: dict[types.FunctionType, None]) -> None:
    """Add a function of `module` (or of any, if None) or of `__main__`, and the functions that it reads."""
    plain, owner, given = _unwrapped(function)
    if plain is None or plain in seen:
        return
    if module not in (None, plain.__module__) and plain.__module__ != "__main__":
        return
    seen[plain] = None
    for value in (*given, *(value for _, value in _outside(plain)), *_methods(plain, owner)):
        for inner in _within(value):
            _add(inner, plain.__module__, seen)


def _methods(function: types.FunctionType, owner: type | None) -> Iterator[Any]:
    """Yield the methods of a function's own class that the function names, such as self.rate()."""
    for name in _names(function.__code__) if owner else ():
        method = inspect.getattr_static(owner, name, None)
        if isinstance(method, property):
            method = method.fget
        if method is not None and callable(method):
            yield types.MethodType(method, owner)


def _within(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the value itself, or the contents of a small tuple or dict."""
    if _is_small(value, depth):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _within(part, depth + 1)
    else:
        yield value


def _is_small(value: Any, depth: int) -> bool:
    return type(value) in (tuple, dict) and len(value) <= MANY and depth < DEEP


def _outside(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of the globals and closure variables that a function refers to."""
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
    if _is_small(value, depth):
        parts = value.items() if isinstance(value, dict) else value
        return type(value), tuple(_noted(part, depth + 1) for part in parts)
    return _Same(value)
