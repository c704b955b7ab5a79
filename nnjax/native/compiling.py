"""Compile the training of one network with the machine's C++ compiler, and register it with XLA."""

import atexit
import ctypes
import functools
import hashlib
import os
import pathlib
import secrets
import shlex
import shutil
import subprocess
import tempfile
import threading
from typing import Any, NamedTuple

import jax

from nnjax.sweeps import devices

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu")
"""The activations that the C++ code knows, in the order of its `enum Activation`."""
SOURCES = tuple(
    pathlib.Path(__file__).with_name(name)
    for name in ("kernel.cc", "network.h", "vectors.h", "batches.h", "lanes.h")
)
COMPILERS = ("c++", "g++", "clang++")
OPTIONS = ("-O3", "-march=native", "-ffp-contract=fast", "-std=c++17", "-shared", "-fPIC", "-w")

_compiling = threading.Lock()


class Shape(NamedTuple):
    """What a library is compiled for.

    Attributes:
        sizes: The number of nodes in each layer.
        activations: The name of each layer's activation.
        biases: Whether there are biases.
        rows: The number of rows, n.
        batch_size: The number of rows per update.
        in_lanes: Whether the elements of a vector belong to different seeds.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    biases: bool
    rows: int
    batch_size: int
    in_lanes: bool

    def definitions(self) -> list[str]:
        """Write the shape as macros for the compiler."""
        activations = ",".join(str(ACTIVATIONS.index(name)) for name in self.activations)
        return [
            f"-DNNJAX_SIZES={','.join(map(str, self.sizes))}",
            f"-DNNJAX_ACTIVATIONS={activations}",
            f"-DNNJAX_BIASES={int(self.biases)}",
            f"-DNNJAX_ROWS={self.rows}",
            f"-DNNJAX_BATCH={self.batch_size}",
            f"-DNNJAX_LANES={int(self.in_lanes)}",
        ]


def target(shape: Shape) -> str:
    """Compile and register a library, unless that is done; return its name in XLA's programs.

    The name changes with the source, the compiler and the machine's vector instructions, and so does the
    identity of a sweep.

    Raises:
        RuntimeError: If there is no C++ compiler, or it fails.
    """
    with _compiling:
        return _registered(shape, _compiler())


@functools.cache
def _registered(shape: Shape, compiler: str) -> str:
    command = [*shlex.split(compiler), *OPTIONS, *shape.definitions()]
    name = f"nnjax_native_{_digest(command, _version(compiler))}"
    library = _loaded(command, _folder() / f"{name}.so")
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(library.NnjaxTrain), platform="cpu")
    return name


def _loaded(command: list[str], path: pathlib.Path) -> Any:
    """Load the library at this path; one that is missing or damaged is compiled (again)."""
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        return ctypes.CDLL(str(_compiled(command, path)))


@functools.cache
def _version(compiler: str) -> str:
    """Return what the compiler says of itself."""
    try:
        return subprocess.run([*shlex.split(compiler), "--version"], capture_output=True, text=True).stdout
    except OSError:
        return ""


def _compiler() -> str:
    """Return the compiler's command: $CXX, or the first of `COMPILERS`.

    Raises:
        RuntimeError: If there is none.
    """
    command = os.environ.get("CXX") or next(filter(shutil.which, COMPILERS), None)
    if command is None:
        names = ", ".join(COMPILERS)
        raise RuntimeError(f'view="native" needs a C++ compiler; found none of {names}, and CXX is not set')
    return command


def available() -> bool:
    """Return whether there is a C++ compiler."""
    command = os.environ.get("CXX")
    return any(map(shutil.which, shlex.split(command)[:1] if command else COMPILERS))


def _digest(command: list[str], version: str) -> str:
    told = [
        *command,
        version,
        jax.__version__,
        devices.kind(),
        *(path.read_text("utf-8") for path in SOURCES),
    ]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


def _folder() -> pathlib.Path:
    """Return where libraries are kept: beside JAX's compiled programs, or only for this process."""
    kept = getattr(jax.config, "jax_compilation_cache_dir", None)
    if not kept or "://" in kept:
        return _temporary()
    try:
        pathlib.Path(kept).mkdir(parents=True, exist_ok=True)
    except OSError:
        return _temporary()
    return pathlib.Path(kept)


@functools.cache
def _temporary() -> pathlib.Path:
    folder = tempfile.mkdtemp(prefix="nnjax-native-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


def _compiled(command: list[str], path: pathlib.Path) -> pathlib.Path:
    """Compile a library into this path, and return the path.

    Raises:
        RuntimeError: If the compiler fails.
    """
    unfinished = path.with_suffix(f".{secrets.token_hex(8)}")
    include = f"-I{jax.ffi.include_dir()}"
    try:
        subprocess.run(
            [*command, include, SOURCES[0], "-o", unfinished], check=True, capture_output=True, text=True
        )
        os.replace(unfinished, path)
    except (OSError, subprocess.CalledProcessError) as error:
        words = getattr(error, "stderr", "") or str(error)
        raise RuntimeError(f"{command[0]} could not compile {SOURCES[0].name}: {words[-2000:]}") from None
    finally:
        unfinished.unlink(missing_ok=True)
    return path
