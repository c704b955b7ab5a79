"""The results of the matrix form are the numbers shown at the nodes."""

import node
import numpy as np


def test_the_matrix_form_ends_in_the_numbers_of_the_nodes(golden):
    body = """const start = n.initial(given), cases = Object.values(n.presets(given));
    const numbers = {x: (s) => s.activations[0], z: (s, l, own) => own.netInputs[l],
      a: (s, l) => s.activations[l + 1], e: (s) => s.activations.at(-1).map((a) => given.label - a),
      d: (s, l) => s.deltas[l],
      w: (s, l) => s.changes[l].weights, u: (s, l) => s.updated[l].weights};
    return [start, ...cases, n.edited(n.withBiases(start, true), "b.0.1", 0.7)].flatMap((s) =>
      [...Array(11).keys()].map((steps) => {
        const seen = n.view({...start, ...s, steps}), {kind, layer} = seen.phase;
        const own = n.view({...start, ...s, steps, assumed: null});
        return [m.matrixForm(s, seen).at(-1), numbers[kind](seen, layer, own)];
      }));"""
    for matrix, values in node.evaluate("matrices.mjs", body, golden):
        assert np.ravel(matrix).tolist() == np.ravel(values).tolist()
