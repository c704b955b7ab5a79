"""The benchmark's story."""

import xarray as xr

from experiments.benchmark.findings import drawable
from experiments.runner.experiment import Show, Story


def story(data: xr.DataTree) -> Story:
    """Report the speeds as ratios if the run is large enough for them to be judged."""
    speed = data["speed"].to_dataset()
    repeats, methods = speed.sizes["repeat"], speed.sizes["peer"]
    judged = (
        "On the smallest network nnjax reaches {floor:%} of the speed of a C program written for it. It is "
        "{torch-func} times as fast as torch.func and {plain-jax-2-2-1} times as fast as plain JAX, since it "
        "computes node by node, as the handout does: each node is a vector of seeds, and no product of tiny "
        "matrices is left. A network that is trained alone has no such vectors; there nnjax is {alone} times "
        "as fast as a loop in PyTorch."
    )
    too_short = (
        "This run is too small to keep the machine busy, so its speeds appear only in the table. "
        "PROFILE=full has the sizes at which speeds are judged."
    )
    return [
        "How fast is a program? On a busy machine no single timing can be trusted. Therefore "
        f"{methods} methods train the same networks in turn, {repeats} times over, and their times are "
        "compared within each round. That all methods do the same work shows in the losses, which differ by "
        "a share of {same-losses} at most. "
        "Compiling a training program takes up to {compilation} seconds.",
        judged if speed.attrs["full"] else too_short,
        *map(Show, drawable(data)),
    ]
