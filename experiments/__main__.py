"""The command: python -m experiments [redraw] [NAME ...] [options]."""

import sys
from collections.abc import Callable, Sequence

from experiments.runner.arguments import parse


def main(arguments: Sequence[str], set_up: Callable[[], None] = lambda: None) -> int:
    """Run the experiments that `arguments` name, or all if none is named; returns the exit status.

    Args:
        arguments: The command line.
        set_up: Called once the arguments are known to be valid.
    """
    request = parse(arguments)
    set_up()
    # Imported late, so that help and error messages come at once.
    from experiments.runner import running

    return running.run(request)


def _set_up() -> None:
    """Turn on float64 and all cores, once, before JAX computes anything."""
    import jax

    import nnjax

    jax.config.update("jax_enable_x64", True)
    nnjax.use_all_cores()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], _set_up))
    except KeyboardInterrupt:
        print("finished experiments are kept", file=sys.stderr)
        sys.exit(130)
