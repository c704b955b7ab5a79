"""Strict settings: float64, no silent broadcasting or promotion, shapes checked at every call."""

import collections
import ctypes
import functools
import gc
import pathlib
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jaxtyping
import pytest
from jax._src import compiler
from jax._src.interpreters import mlir
from jaxlib.mlir import ir
from jaxtyping import install_import_hook

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

with install_import_hook("nnjax", "beartype.beartype"):
    import nnjax  # noqa: F401

QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""Options that cut the time of compilation to a third: an older way to make kernels, without MLIR, and one
module per program instead of up to 32."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs in .pytest_cache: compiling them takes up most of a first run."""
    cache = getattr(config, "cache", None)
    if cache is not None:
        jax.config.update("jax_compilation_cache_dir", str(cache.mkdir("jax")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)


def _unit(nodeid: str, root: pathlib.Path) -> str:
    """Return what runs in one process: a file, or a folder whose fixtures are then made only once."""
    file = nodeid.split("::")[0]
    folder = pathlib.PurePath(file).parent
    return str(folder) if len(folder.parts) > 2 and (root / folder / "conftest.py").exists() else file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run first what is compiled as usual, then what has most tests, so that few programs are forgotten."""
    units = {item: _unit(item.nodeid, config.rootpath) for item in items}
    sizes = collections.Counter(units.values())
    usual = {units[item] for item in items if getattr(getattr(item, "module", None), "OPTIMISED", False)}
    items.sort(key=lambda item: (units[item] not in usual, -sizes[units[item]], units[item]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a folder that has its own fixtures in one process."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class LoadFolderScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _unit(nodeid, config.rootpath)

    return LoadFolderScheduling(config, log)


def pytest_collection_finish() -> None:
    """Make the garbage collector skip what imports left behind, and run rarely.

    Tracing makes many objects that live on; looking through them again and again took 10 % of a test run.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@functools.cache
def quick_options() -> dict[str, Any]:
    """Return the options of `QUICK` that this version of XLA knows."""
    return {name: value for name, value in QUICK.items() if _knows({name: value})}


def _knows(options: dict[str, Any]) -> bool:
    try:
        jax.jit(lambda: 0, compiler_options=options).lower().compile()
    except (jax.errors.JaxRuntimeError, ValueError):
        return False
    return True


def _quickly() -> Callable[..., Any]:
    """Return a `get_compile_options` that adds the quick options."""
    usual, known = compiler.get_compile_options, quick_options()

    def quick(*args: Any, env_options_overrides: dict[str, Any] | None = None, **options: Any) -> Any:
        return usual(*args, env_options_overrides=known | (env_options_overrides or {}), **options)

    return quick


LIMIT = 5 << 28
"""If more bytes than this are in use before a file of tests starts, all compiled programs are dropped."""


def _in_use() -> int:
    """Return the bytes of memory that this process uses; infinitely many where that is not known."""
    statm = pathlib.Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() if statm.exists() else sys.maxsize


def _forget_programs() -> None:
    jax.clear_caches()
    shared_context.cache_clear()
    gc.collect()
    _give_memory_back()


make_context = mlir.make_ir_context
shared_context = functools.cache(make_context)


def _context() -> Any:
    """Return the context in which a program is written before it is compiled.

    JAX makes one for each program, which takes 3 ms of the 16 that a small program takes, and a megabyte. A
    program written while another one is being written gets its own, since it would become a part of that one,
    and so do programs in other threads.
    """
    alone = threading.current_thread() is threading.main_thread() and ir.Context.current is None
    return shared_context() if alone else make_context()


def _give_memory_back() -> None:
    """Return freed memory: after 100 or more compilations, glibc keeps two thirds of a process's memory."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


last = {"optimised": False}
"""How the last file of tests was compiled."""


@pytest.fixture(autouse=True, scope="module")
def quick_programs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make XLA optimise little, since most programs here run briefly; files share programs compiled alike.

    Test files about bits, speed or faults of the compiler opt out with OPTIMISED = True. Test files whose
    slow tests take long or compare bits opt out with LONG = True whenever slow tests run. Each file has one
    setting, because its fixtures are compiled too. JAX's public options affect whole programs, but not single
    operations.
    """
    slow = "not slow" not in request.config.option.markexpr
    says = functools.partial(getattr, request.module)
    optimised = says("OPTIMISED", False) or (slow and says("LONG", False))
    if optimised != last["optimised"] or _in_use() > LIMIT:
        _forget_programs()
        last["optimised"] = optimised
    with pytest.MonkeyPatch.context() as patch:
        if not optimised:
            patch.setattr(compiler, "get_compile_options", _quickly())
        patch.setattr(mlir, "make_ir_context", _context)
        yield


@pytest.fixture
def quickly(quick_programs: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make XLA optimise little for one test of a file that opts out."""
    jax.clear_caches()
    monkeypatch.setattr(compiler, "get_compile_options", _quickly())
    yield
    jax.clear_caches()


@pytest.fixture
def without_shape_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn off the shape checker, so that a test gets the same errors as a user."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


LOCAL_DEVICES = jax.local_devices


def _use(patch: pytest.MonkeyPatch, count: int) -> None:
    patch.setattr(jax, "local_devices", lambda *args, **options: LOCAL_DEVICES(*args, **options)[:count])


@pytest.fixture(autouse=True, scope="session")
def two_devices() -> Iterator[None]:
    """Let sweeps use two devices; eight give the same bits, but two cores would then mostly copy data."""
    with pytest.MonkeyPatch.context() as patch:
        _use(patch, 2)
        yield


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let sweeps run on a different number of devices, up to eight: `devices(8)`."""
    return functools.partial(_use, monkeypatch)


@pytest.fixture
def keyed() -> Callable[[Callable], Callable]:
    """Turn a function of a key into a function of a seed, since keys are not arrays that can be exported."""
    return lambda fn: lambda seed: fn(jax.random.key(seed, impl="threefry2x32"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print which cases catch which planted slip, since it is worth knowing which slips few cases catch."""
    reports = terminalreporter.getreports("passed")
    lines = [text for report in reports for name, text in report.user_properties if name == "planted slip"]
    if lines:
        terminalreporter.section("planted slips")
        terminalreporter.write_line("\n".join(lines))
