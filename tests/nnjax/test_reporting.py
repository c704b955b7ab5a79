"""Output is readable: tables, a bar in a terminal, a line per minute in a log file."""

import io

import pytest

from nnjax import reporting


def test_columns_are_aligned():
    text = reporting.table([("layer", "n"), ("in", "12"), ("out", "")])
    assert str(text) == "layer   n\nin     12\nout"
    assert repr(text) == str(text)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(out, steps, label=""):
    """Return what is printed for these states: (seconds, runs done, total)."""
    now = [0.0]
    progress = reporting._Progress(label, clock=lambda: now[0], out=out)
    for seconds, done, total in steps:
        now[0] = float(seconds)
        progress(done, total)
    return out.getvalue()


def test_a_terminal_shows_a_bar_that_says_what_is_left():
    text = shown(Terminal(), [(5, 100, 1000), (15, 300, 1000), (15.01, 301, 1000), (55, 1000, 1000)], "xor")
    states = text.removesuffix("\n").split("\r")[1:]
    assert text.endswith("\n")
    assert states[1].strip() == "xor [######..............] 300/1,000  0:15 elapsed, about 0:35 left"
    assert states[2].strip() == "xor [####################] 1,000/1,000  0:55 elapsed"
    assert len(states) == 3
    assert len(states[2]) >= len(states[1])  # covers the longer text before it
    assert max(map(len, states)) < 80


def test_a_log_has_a_line_a_minute():
    text = shown(io.StringIO(), [(second, second, 200) for second in range(1, 201)])
    lines = text.splitlines()
    assert "\r" not in text
    assert [line.split()[1] for line in lines] == ["60/200", "120/200", "180/200", "200/200"]
    assert lines[0].endswith("1:00 elapsed, about 2:20 left")


def test_what_a_folder_had_does_not_count_as_fast():
    """Of 1000 runs, 900 already existed; each of the remaining runs takes a second."""
    text = shown(Terminal(), [(2, 901, 1000), (12, 911, 1000)])
    assert "about 1:29 left" in text


def test_a_second_sweep_starts_its_own_clock():
    text = shown(Terminal(), [(10, 50, 50), (70, 10, 40), (80, 20, 40)])
    assert text.split("\r")[-1].strip().endswith("0:10 elapsed, about 0:20 left")


@pytest.mark.parametrize("seconds, said", [(0.4, "0:00"), (75, "1:15"), (3675, "1:01:15")])
def test_times(seconds, said):
    assert reporting.clock(float(seconds)) == said


def test_it_prints_where_print_does(capsys):
    reporting.progress("mine")(3, 3)
    assert capsys.readouterr().out.startswith("mine [####################] 3/3")
