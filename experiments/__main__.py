"""The command: python -m experiments [redraw] [NAME ...] [options]."""

import sys
from collections.abc import Callable, Sequence

from experiments.runner import compiled
from experiments.runner.arguments import Request, parse


def main(arguments: Sequence[str], set_up: Callable[[Request], None] = lambda request: None) -> int:
    """Run the named experiments, or all of them if none is named, and return the exit status.

    Args:
        arguments: The command line.
        set_up: Called once the arguments are known to be valid.
    """
    request = parse(arguments)
    set_up(request)
    # Imported late, so that help and error messages appear without delay.
    from experiments.runner import running

    return running.run(request)


def _set_up(request: Request) -> None:
    """Turn on float64, all cores and the cache of compiled programs, once, before JAX computes anything."""
    if "benchmark" not in request.names:  # the benchmark measures compilation
        compiled.keep()
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
