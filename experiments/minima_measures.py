"""Seeds and minima, the measurements: XOR, a teacher's students, digits, a linear bottleneck."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from jax.flatten_util import ravel_pytree

import nnjax
from nnjax import datasets, minima, symmetries

LEVELS = (0.0, 1 / 2, 2 / 3, 1.0)
"""The infima of XOR's SSE for a logistic 2-2-1 network: Σ n p (1 - p) over rows that share an output."""
WIDTH = 0.02
"""A loss is counted to a level within this."""
SETTINGS = {
    "as below": (1.0, 2.0),
    "initial scale ¼": (0.25, 2.0),
    "initial scale 4": (4.0, 2.0),
    "rate 0.5": (1.0, 0.5),
    "rate 0.1": (1.0, 0.1),
}
"""(scale of the initial N(0, 1) weights and biases, learning rate); the first is the main case."""
XOR_NETWORKS = {
    "2-2-1 sigmoid": nnjax.mlp((2, 2, 1)),
    "2-3-1 sigmoid": nnjax.mlp((2, 3, 1)),
    "2-4-1 sigmoid": nnjax.mlp((2, 4, 1)),
    "2-2-1 ReLU": nnjax.mlp((2, 2, 1), "relu"),
}
MAIN = "2-2-1 sigmoid"


@functools.cache
def xor_end(name: str, steps: int) -> Callable[..., tuple[nnjax.Params, jax.Array]]:
    """A function of a key, a scale and a rate: parameters and SSE after `steps` full-batch steps on XOR."""
    network = XOR_NETWORKS[name]

    def end(key: jax.Array, scale: jax.Array, rate: jax.Array) -> tuple[nnjax.Params, jax.Array]:
        params = nnjax.init(network, key, "normal", "normal", scale)
        params, history = nnjax.train(
            network, params, *datasets.xor(), optimizer=optax.sgd(rate), epochs=steps, view="nodes"
        )
        return params, history.loss

    return end


def certificates(network: nnjax.Network, params: Any, xs: Any, ys: Any) -> minima.Certificate:
    """`minima.certify` of every network (s, ...) in float64, by the manual gradients."""

    def one(own: nnjax.Params) -> minima.Certificate:
        return minima.certify(
            lambda p: nnjax.total_loss(network, p, xs, ys),
            own,
            lambda p: nnjax.gradients(network, p, xs, ys),
        )

    double = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
    return jax.tree.map(np.array, jax.jit(lambda many: jax.lax.map(one, many, batch_size=1024))(double))


def polished(network: nnjax.Network, params: Any, xs: Any, ys: Any, steps: int = 40) -> minima.Polished:
    """`minima.polish` of every network (s, ...) in float64."""

    def one(own: nnjax.Params) -> minima.Polished:
        return minima.polish(
            lambda p: nnjax.total_loss(network, p, xs, ys),
            own,
            lambda p: nnjax.gradients(network, p, xs, ys),
            steps=steps,
            growth=3.0,
        )

    double = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
    return jax.tree.map(np.array, jax.jit(lambda many: jax.lax.map(one, many, batch_size=256))(double))


def level(losses: np.ndarray) -> np.ndarray:
    """Index into `LEVELS` of the level that a loss is within `WIDTH` of; -1 for none."""
    distance = np.abs(np.asarray(losses)[..., None] - np.array(LEVELS))
    return np.where(distance.min(axis=-1) <= WIDTH, distance.argmin(axis=-1), -1)


def _settings() -> dict[str, np.ndarray]:
    scale, rate = np.asarray(list(SETTINGS.values()), np.float32).T
    return {"scale": scale, "rate": rate}


def xor(seeds: np.ndarray, steps: int) -> xr.Dataset:
    """Every seed's end on XOR in the main case, with its certificate."""
    first = {name: values[:1] for name, values in _settings().items()}
    params, losses = nnjax.sweep(xor_end(MAIN, steps), seeds, first)
    params = jax.tree.map(lambda leaf: leaf[:, 0], params)
    found = certificates(XOR_NETWORKS[MAIN], params, *datasets.xor())
    per_seed = {
        "loss": losses[:, 0],
        "level": level(losses[:, 0]).astype(np.int8),
        "verdict": found.verdict.astype(np.int8),
        "gradient_norm": found.gradient_norm,
        "step": found.step,
        "eigenvalue": found.eigenvalues[:, -1],
        "small_eigenvalue": np.abs(found.eigenvalues[:, :-1]).max(axis=1),
        "length": np.linalg.norm(vector(params, len(seeds)), axis=1),
    }
    data = xr.Dataset({f"xor_{name}": ("xor_seed", values) for name, values in per_seed.items()})
    return data.assign_coords(xor_seed=seeds)


def conditions(seeds: np.ndarray, steps: int) -> xr.Dataset:
    """XOR's last losses for other networks and settings, from the same draws."""
    losses = [nnjax.sweep(xor_end(name, steps), seeds, _settings())[1] for name in XOR_NETWORKS]
    return xr.Dataset(
        {"condition_loss": (("network", "few_seed", "setting"), np.stack(losses))},
        {"few_seed": seeds, "network": list(XOR_NETWORKS), "setting": list(SETTINGS)},
    )


STUDENT = nnjax.mlp((2, 2, 1), "tanh", "identity")
COPIES = 8
"""2ⁿ n! for n = 2 tanh nodes."""


def copies(params: nnjax.Params) -> list[nnjax.Params]:
    """The eight networks that compute what a 2-2-1 tanh network computes."""
    return [
        symmetries.flipped(
            STUDENT, symmetries.permuted(params, 0, np.array(order)), 0, jnp.array(signs, jnp.float64)
        )
        for order in itertools.permutations(range(2))
        for signs in itertools.product((1.0, -1.0), repeat=2)
    ]


def vector(params: Any, count: int) -> np.ndarray:
    """Parameters (s, ...) as rows (s, p)."""
    return np.concatenate([np.reshape(leaf, (count, -1)) for leaf in jax.tree.leaves(params)], axis=1)


def students(seeds: np.ndarray, paths: int, epochs: int = 2000, looks: int = 40) -> xr.Dataset:
    """Students of a tanh 2-2-1 teacher: where each ends, which copy that is, and the way of some of them."""
    teacher = datasets.teacher(STUDENT, nnjax.key(1), 80, jnp.float64)
    data = teacher.xs, teacher.ys

    def way(key: jax.Array) -> nnjax.Params:
        def on(state: Any, _: None) -> tuple[Any, nnjax.Params]:
            new = nnjax.train(STUDENT, state, *data, optimizer=optax.sgd(0.003), epochs=epochs // looks)[0]
            return new, state

        start = nnjax.init(STUDENT, key, "normal", "normal", dtype=jnp.float64)
        return jax.lax.scan(on, start, None, length=looks)[1]

    ways = nnjax.sweep(way, seeds)
    last = jax.tree.map(lambda leaf: leaf[:, -1], ways)
    ends = polished(STUDENT, last, *data, steps=80)
    found = certificates(STUDENT, ends.params, *data)
    all_copies = np.stack(
        [vector(jax.tree.map(lambda x: x[None], copy), 1)[0] for copy in copies(teacher.params)]
    )
    rows = vector(ends.params, len(seeds))
    distance = np.abs(rows[:, None] - all_copies).max(axis=2)
    per_seed = {
        "loss": found.loss,
        "verdict": found.verdict.astype(np.int8),
        "gradient_norm": found.gradient_norm,
        "copy": distance.argmin(axis=1).astype(np.int8),
        "distance": distance.min(axis=1),
        "smallest_eigenvalue": found.eigenvalues[:, 0],
        "accepted": ends.accepted,
    }
    features = np.column_stack([found.loss, found.eigenvalues])
    tolerance = np.append(1e-6, 1e-3 * np.abs(found.eigenvalues).max(axis=0).clip(1e-3))
    stuck = np.where((found.verdict == minima.STRICT)[:, None], features, np.nan)
    out = xr.Dataset({f"student_{name}": ("student_seed", values) for name, values in per_seed.items()})
    out["student_minimum"] = "student_seed", minima.group(stuck, tolerance.tolist())
    walked = jax.tree.map(lambda leaf: leaf[:paths].reshape(paths * looks, *leaf.shape[2:]), ways)
    out["student_path"] = (
        ("path", "look", "parameter"),
        vector(walked, paths * looks).reshape(paths, looks, -1),
    )
    out["student_end"] = ("student_seed", "parameter"), rows
    return out.assign(_slice(out, data)).assign_coords(student_seed=seeds)


def _slice(data: xr.Dataset, rows: tuple[Any, Any], size: int = 61) -> dict[str, Any]:
    """The plane of the end states' two principal directions, the loss on it, the paths in it."""
    _, back = ravel_pytree(nnjax.init(STUDENT, nnjax.key(0), dtype=jnp.float64))
    good = data["student_end"].values[data["student_loss"].values < 1e-9]
    good = good if len(good) > 2 else data["student_end"].values
    centre = good.mean(axis=0)
    first, second = np.linalg.svd(good - centre, full_matrices=False)[2][:2]
    paths = (data["student_path"].values - centre) @ np.stack([first, second]).T
    reach = 1.3 * np.abs((good - centre) @ np.stack([first, second]).T).max()
    steps = np.linspace(-reach, reach, size)

    def loss_of(params: nnjax.Params) -> jax.Array:
        return nnjax.total_loss(STUDENT, params, *rows)

    middle, first_way, second_way = (back(jnp.asarray(v)) for v in (centre, first, second))
    loss = minima.plane(loss_of, middle, first_way, second_way, steps, steps)
    start = back(jnp.asarray(good[0]))
    one, other = (minima.filter_normalised(nnjax.key(seed), start) for seed in (1, 2))
    share = np.linspace(-1.5, 1.5, size)
    near = minima.plane(loss_of, start, one, other, share, share)
    return {
        "plane_loss": (("across", "along"), np.array(loss)),
        "plane_step": ("along", steps),
        "plane_path": (("path", "look", "axis"), paths),
        "random_loss": (("across", "along"), np.array(near)),
        "random_step": ("along", share),
    }


STARTS = {"LeCun": ("lecun_normal", "zeros"), "N(0, 1)": ("normal", "normal")}
"""Initial weights and biases on the digits."""


def digits_end(sizes: Sequence[int], start: str, rate: float, epochs: int) -> Callable[[jax.Array], Any]:
    """A function of a key: parameters, labels (n,) given to the test rows, loss per training row."""
    train, test = datasets.digits()
    network = nnjax.mlp(tuple(sizes))
    rows = jnp.asarray(test.xs, jnp.float32)

    def end(key: jax.Array) -> tuple[nnjax.Params, jax.Array, jax.Array]:
        params = nnjax.init(network, key, *STARTS[start])
        params, history = nnjax.train(
            network,
            params,
            *train,
            optimizer=optax.sgd(rate),
            epochs=epochs,
            batch_size=10,
            key=jax.random.fold_in(key, 1 << 20),
        )
        y_hats = jax.vmap(lambda x: nnjax.predict(network, params, x))(rows)
        return params, jnp.argmax(y_hats, axis=1), history.loss / len(train.xs)

    return end


def digits(seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """64-30-10 from many seeds and two kinds of initial weights: accuracy, lost classes, disagreement."""
    truth = np.argmax(datasets.digits().test.ys, axis=1)
    parts = []
    for start in STARTS:
        _, labels, losses = nnjax.sweep(digits_end((64, 30, 10), start, 0.15, epochs), seeds)
        given = np.stack([(labels == c).any(axis=1) for c in range(10)], axis=1)
        pairs = np.array(list(itertools.combinations(range(min(len(seeds), 40)), 2)))
        apart = np.mean(labels[pairs[:, 0]] != labels[pairs[:, 1]], axis=1)
        right = np.mean(labels == truth, axis=1)
        parts.append((right, losses, ~given, apart))
    accuracy, loss, lost, apart = (np.stack(column) for column in zip(*parts, strict=True))
    return xr.Dataset(
        {
            "digits_accuracy": (("digits_start", "digits_seed"), accuracy),
            "digits_loss": (("digits_start", "digits_seed"), loss),
            "digits_lost": (("digits_start", "digits_seed", "digit"), lost),
            "digits_apart": (("digits_start", "pair_of_seeds"), apart),
        },
        {"digits_start": list(STARTS), "digits_seed": seeds, "digit": np.arange(10)},
    )


def barriers(seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """The barrier per row between each two of several 64-64-10 networks, before and after aligning."""
    network = nnjax.mlp((64, 64, 10))
    train, _ = datasets.digits()
    params, _, _ = nnjax.sweep(digits_end(network.sizes, "LeCun", 0.05, epochs), seeds)
    double = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
    pairs = np.array(list(itertools.combinations(range(len(seeds)), 2)))

    @jax.jit
    def both(a: nnjax.Params, b: nnjax.Params) -> jax.Array:
        aligned = minima.align(network, b, a)
        return jnp.stack([minima.barrier(network, a, end, *train, points=25) for end in (b, aligned)])

    ends = [jax.tree.map(lambda leaf, s=s: leaf[s], double) for s in range(len(seeds))]
    found = np.array([both(ends[a], ends[b]) for a, b in pairs]) / len(train.xs)
    return xr.Dataset(
        {"barrier_before": ("barrier_pair", found[:, 0]), "barrier_after": ("barrier_pair", found[:, 1])}
    )


LINEAR = nnjax.mlp((4, 2, 4), "identity", "identity", biases=False)
SUBSETS = list(itertools.combinations(range(4), 2))
"""Which two of the four principal directions a critical point keeps."""


def bottleneck(seeds: np.ndarray) -> xr.Dataset:
    """A linear 4-2-4 network gives Iris back (Baldi & Hornik 1989): ends of all seeds, and all saddles."""
    xs = np.asarray(datasets.iris().train.xs)
    xs = xs - xs.mean(axis=0)
    values, vectors = np.linalg.eigh(xs.T @ xs)
    values, vectors = values[::-1], vectors[:, ::-1]

    def end(key: jax.Array) -> nnjax.Params:
        params = nnjax.init(LINEAR, key, "lecun_normal", dtype=jnp.float64)
        return nnjax.train(LINEAR, params, xs, xs, optimizer=optax.sgd(5e-4, 0.9), epochs=2000)[0]

    ends = polished(LINEAR, nnjax.sweep(end, seeds), xs, xs, steps=30)
    weights = ends.params
    losses = certificates_of_weights(weights, xs)
    product = np.einsum("sij,sjk->sik", weights[0].weights, weights[1].weights)
    points = [vectors[:, list(chosen)] for chosen in SUBSETS]
    critical = tuple(
        nnjax.Layer(jnp.stack(w), jnp.zeros((len(points), w[0].shape[1])))
        for w in (points, [u.T for u in points])
    )
    kinds = certificates_of_weights(critical, xs)
    downhill = [
        sum(values[j] > values[i] for i in kept for j in set(range(4)) - set(kept)) for kept in SUBSETS
    ]
    return xr.Dataset(
        {
            "linear_loss": ("linear_seed", losses.loss),
            "linear_product": (("linear_seed", "row", "column"), product),
            "linear_weights": (("linear_seed", "row", "node"), weights[0].weights),
            "linear_least": values[2:].sum(),
            "subset_loss": ("subset", kinds.loss),
            "subset_theory": (
                "subset",
                np.array([values.sum() - values[list(kept)].sum() for kept in SUBSETS]),
            ),
            "subset_negative": ("subset", kinds.negative),
            "subset_downhill": ("subset", np.array(downhill)),
            "subset_verdict": ("subset", kinds.verdict),
        },
        {"linear_seed": seeds, "subset": ["".join(str(i + 1) for i in chosen) for chosen in SUBSETS]},
    )


def certificates_of_weights(params: nnjax.Params, xs: np.ndarray) -> minima.Certificate:
    """Certificates of the linear network over its weights alone, since it has no biases."""

    def one(weights: list[jax.Array]) -> minima.Certificate:
        def layers(own: list[jax.Array]) -> nnjax.Params:
            return tuple(nnjax.Layer(w, jnp.zeros(w.shape[1], w.dtype)) for w in own)

        return minima.certify(
            lambda own: nnjax.total_loss(LINEAR, layers(own), xs, xs),
            weights,
            lambda own: [layer.weights for layer in nnjax.gradients(LINEAR, layers(own), xs, xs)],
        )

    weights = [jnp.asarray(layer.weights, jnp.float64) for layer in params]
    return jax.tree.map(np.array, jax.jit(jax.vmap(one))(weights))
