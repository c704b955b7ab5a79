"""The compiler is found and named, fails with its own words, and does not run twice for one network."""

import jax
import pytest

from nnjax.native import compiling

SHAPE = compiling.Shape((2, 2, 1), ("tanh", "sigmoid"), True, 4, 4, True)


def test_a_shape_is_written_as_macros():
    assert SHAPE.definitions() == [
        "-DNNJAX_SIZES=2,2,1",
        "-DNNJAX_ACTIVATIONS=2,1",
        "-DNNJAX_BIASES=1",
        "-DNNJAX_ROWS=4",
        "-DNNJAX_BATCH=4",
        "-DNNJAX_LANES=1",
    ]


def test_without_a_compiler(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    assert not compiling.available()
    with pytest.raises(RuntimeError, match=r"needs a C\+\+ compiler; found none of c\+\+, g\+\+, clang\+\+"):
        compiling.target(SHAPE)


@pytest.mark.parametrize("command", ["false", "no-such-compiler-anywhere"])
def test_a_compiler_that_fails(monkeypatch, command):
    monkeypatch.setenv("CXX", command)
    with pytest.raises(RuntimeError, match=f"{command} could not compile kernel.cc: "):
        compiling.target(SHAPE)


@pytest.mark.parametrize("before", [None, "damaged", "a library"])
def test_a_missing_or_damaged_library_is_compiled(monkeypatch, tmp_path, before):
    ran, path = [], tmp_path / "library.so"

    def run(command, **options):
        ran.append(command)
        command[-1].write_text("a library")

    def load(name):
        if not path.exists() or path.read_text() == "damaged":
            raise OSError("file too short")
        return path.read_text()

    monkeypatch.setattr(compiling.subprocess, "run", run)
    monkeypatch.setattr(compiling.ctypes, "CDLL", load)
    if before:
        path.write_text(before)
    assert compiling._loaded(["c++", "-O3"], path) == "a library"
    assert len(ran) == (before != "a library")
    assert [entry.name for entry in tmp_path.iterdir()] == ["library.so"]


def test_a_compilers_path_may_contain_a_space(monkeypatch):
    monkeypatch.setenv("CXX", "'/no where/c++' -O1")
    assert not compiling.available()
    with pytest.raises(RuntimeError, match="/no where/c"):
        compiling.target(SHAPE)


@pytest.mark.parametrize("kept", [True, False])
def test_libraries_stand_beside_jaxs_programs(tmp_path, kept):
    before = getattr(jax.config, "jax_compilation_cache_dir", None)
    jax.config.update("jax_compilation_cache_dir", str(tmp_path) if kept else None)
    try:
        assert compiling._folder() == (tmp_path if kept else compiling._temporary())
        jax.config.update("jax_compilation_cache_dir", "/proc/no such folder")
        assert compiling._folder() == compiling._temporary()
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_the_name_tells_networks_and_compilers_apart():
    one = compiling._digest(["c++", *SHAPE.definitions()], "12.2")
    assert one == compiling._digest(["c++", *SHAPE.definitions()], "12.2")
    assert one != compiling._digest(["c++", *SHAPE.definitions()], "12.3")
    assert one != compiling._digest(["clang++", *SHAPE.definitions()], "12.2")
    assert one != compiling._digest(["c++", *SHAPE._replace(rows=5).definitions()], "12.2")


def test_the_sources_are_part_of_the_package():
    assert all(path.exists() and path.parent.parent.name == "nnjax" for path in compiling.SOURCES)
