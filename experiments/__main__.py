"""The command: python -m experiments [redraw] [NAME ...] [options]."""

import sys
from collections.abc import Callable, Sequence

from experiments.runner.arguments import parse


def main(arguments: Sequence[str], set_up: Callable[[], None] = lambda: None) -> int:
    """Run the experiments that `arguments` name, all without a name; returns the exit status.

    Args:
        arguments: As typed.
        set_up: Called once they are known to be good.
    """
    request = parse(arguments)
    set_up()
    # Imported late: help and refusals come at once.
    from experiments.runner import running

    return running.run(request)


def _set_up() -> None:
    """Float64 and all cores, once, before JAX computes anything."""
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
