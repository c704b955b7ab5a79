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


def test_a_library_is_compiled_once(monkeypatch, tmp_path):
    ran = []

    def run(command, **options):
        ran.append(command)
        command[-1].write_text("a library")

    monkeypatch.setattr(compiling.subprocess, "run", run)
    path = tmp_path / "folder" / "library.so"
    for _ in range(2):
        assert compiling._compiled(["c++", "-O3"], path) == path
    assert len(ran) == 1
    assert path.read_text() == "a library"
    assert [entry.name for entry in path.parent.iterdir()] == ["library.so"]


@pytest.mark.parametrize("kept", [True, False])
def test_libraries_stand_beside_jaxs_programs(tmp_path, kept):
    before = getattr(jax.config, "jax_compilation_cache_dir", None)
    jax.config.update("jax_compilation_cache_dir", str(tmp_path) if kept else None)
    try:
        assert compiling._folder() == (tmp_path if kept else compiling._temporary())
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_the_name_tells_networks_and_compilers_apart():
    one = compiling._digest(["c++", *SHAPE.definitions()])
    assert one == compiling._digest(["c++", *SHAPE.definitions()])
    assert one != compiling._digest(["clang++", *SHAPE.definitions()])
    assert one != compiling._digest(["c++", *SHAPE._replace(rows=5).definitions()])


def test_the_sources_are_part_of_the_package():
    assert all(path.exists() and path.parent.parent.name == "nnjax" for path in compiling.SOURCES)
