"""The command: python -m experiments [redraw] [NAME ...] [options]."""

import sys
from collections.abc import Sequence

from experiments.runner.arguments import parse


def main(arguments: Sequence[str]) -> int:
    """Run the experiments that `arguments` name, all without a name; returns the exit status."""
    request = parse(arguments)
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
    parse(sys.argv[1:])
    _set_up()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("finished experiments are kept", file=sys.stderr)
        sys.exit(130)
