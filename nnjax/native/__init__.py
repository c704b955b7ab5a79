"""Training in C++: `nnjax.train(..., view="native")`, for plain gradient descent on CPUs.

XLA computes a batch of ten digits in a dozen small products and loops, and most of the time passes between
them. Where the machine has a C++ compiler (g++ 12 on Linux was tried), the whole training is instead compiled
for one network, number of rows and batch size, in 2 to 15 seconds, and called from XLA (`jax.ffi`). Nothing
in nnjax needs this. JAX can neither differentiate nor export such a program.

The library (`kernel.cc`) is made in one of two ways. If every update reads all rows and the network is tiny
(`LANE_PRODUCTS`), each element of a vector register belongs to another seed, as in the view "nodes".
Otherwise one network is trained after the other, with its weights, activations and deltas side by side in the
first-level cache, and each weight is changed as soon as its gradient is known. Each thread keeps room for one
batch of rows.

A seed's bits depend neither on its place in a sweep nor on the other seeds. They differ from those of the
other views: sums are taken in another order, and sigmoid and tanh are accurate to three units in the last
place. After a few updates, weights agree to about 1e-6 of a layer's largest weight.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.extend import core
from jaxtyping import Array, Float, Int

from nnjax.losses import LOSSES, Loss
from nnjax.native.calls import call
from nnjax.native.compiling import ACTIVATIONS, Shape, target
from nnjax.network import Network, Params
from nnjax.views import VIEWS, scalar_products

NAME = "native"
LAYOUTS = VIEWS | {NAME: VIEWS["matrix"]}
"""The layouts of parameters in all views; the C++ code is handed matrices, and returns matrices."""
UNROLLED = 4
"""The number of rows that one turn of the loop over the rows computes, in `lanes.h`."""
LANE_PRODUCTS = 1000
"""The largest number of products w · a in one turn of that loop with which the seeds share vectors.

All loops over the nodes are unrolled, and more products would take too long to compile.
"""


class Descent(NamedTuple):
    """Gradient descent on the SSE, compiled for one network.

    Attributes:
        target: The name under which XLA knows the compiled function.
        rate: The learning rate.
        xs: Inputs (n, in).
        ys: Labels (n, out).
    """

    target: str
    rate: Float[Array, ""]
    xs: Float[Array, "n i"]
    ys: Float[Array, "n o"]

    def __call__(self, params: Params, order: Int[Array, " n"], passes: int) -> Params:
        """Go through the rows in this order, batch by batch, `passes` times; return the new parameters."""
        leaves, tree = jax.tree.flatten(params)
        order = jnp.asarray(order, jnp.int32)
        return tree.unflatten(
            call(self.target, passes, len(leaves))(*leaves, self.xs, self.ys, order, self.rate)
        )


def descent(
    network: Network,
    params: Params,
    xs: Float[Array, "n i"],
    ys: Float[Array, "n o"],
    loss: Loss,
    optimizer: optax.GradientTransformation,
    batch_size: int,
) -> Descent:
    """Compile the training of this network, or find it compiled already.

    Raises:
        RuntimeError: If there is no C++ compiler, or it fails.
        ValueError: If the loss is not "sse" (without row weights), an activation is not in `ACTIVATIONS`, the
            numbers are not float32, the device is not a CPU, or the optimiser is not optax.sgd(rate).
    """
    _check(network, xs.dtype, loss)
    rate = _rate(optimizer, params)
    in_lanes = batch_size == len(xs) and scalar_products(network, min(len(xs), UNROLLED)) <= LANE_PRODUCTS
    names = tuple(map(str, network.activations))
    shape = Shape(network.sizes, names, network.biases, len(xs), batch_size, in_lanes)
    return Descent(target(shape), rate, xs, ys)


def _check(network: Network, dtype: Any, loss: Loss) -> None:
    where = getattr(jax.config, "jax_default_device", None) or jax.local_devices()[0]
    platform = getattr(where, "platform", where)
    if platform != "cpu":
        raise ValueError(f'view="native" computes on CPUs; jax.default_device chooses one, and it is {where}')
    if dtype != jnp.float32:
        raise ValueError(f'view="native" computes in float32 only, got {dtype}')
    if loss != LOSSES["sse"]:
        raise ValueError('view="native" needs the loss "sse", without row_weights')
    for layer, names in enumerate(network.activations, start=1):
        if names not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f'view="native" knows the activations {known}; layer {layer} has {names!r}')


def _rate(optimizer: optax.GradientTransformation, params: Params) -> Float[Array, ""]:
    """Read the learning rate of plain gradient descent: every update must be the same number times gradient.

    Raises:
        ValueError: If the optimiser does anything else.
    """
    refusal = 'view="native" does plain gradient descent: optimizer must be optax.sgd(rate), without momentum'
    try:
        state = optimizer.init(params)
        closed = jax.make_jaxpr(lambda grads, params: optimizer.update(grads, state, params)[0])(
            params, params
        )
        ones = optimizer.update(jax.tree.map(jnp.ones_like, params), state, params)[0]
    except Exception as error:
        raise ValueError(refusal) from error
    factors = _factors(closed.jaxpr)
    if jax.tree.leaves(state) or len(factors) != 1 or None in factors:
        raise ValueError(refusal)
    return -jnp.ravel(jax.tree.leaves(ones)[0])[0].astype(jnp.float32)


def _factors(jaxpr: Any) -> set[Any]:
    """Collect the numbers by which a program multiplies its arguments; None stands for anything else."""
    converts = {e.outvars[0]: e.invars[0] for e in jaxpr.eqns if e.primitive.name == "convert_element_type"}
    made = {e.outvars[0]: e for e in jaxpr.eqns if e.primitive.name != "convert_element_type"}

    def origin(value: Any) -> Any:
        while not isinstance(value, core.Literal) and value in converts:
            value = converts[value]
        return value if not isinstance(value, core.Literal) else repr(value.val)

    products = [made.pop(origin(result), None) for result in jaxpr.outvars]
    if set(jaxpr.invars) & {origin(value) for equation in made.values() for value in equation.invars}:
        return {None}
    pairs = zip(products, jaxpr.invars, strict=False)
    return {_factor(product, argument, origin) for product, argument in pairs}


def _factor(product: Any, argument: Any, origin: Callable[[Any], Any]) -> Any:
    """Return the number (or the variable) by which an operation multiplies the argument, or None."""
    if product is None or product.primitive.name != "mul":
        return None
    others = [value for value in product.invars if origin(value) is not argument]
    return origin(others[0]) if len(others) == 1 and others[0].aval.shape == () else None
