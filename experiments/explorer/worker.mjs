// Training beside the page, so that the page does not freeze: the same script, started from a Blob.
import { path } from "./train.mjs";

const AT_ONCE = 10;

/** The paths of the next few seeds of an order {width, rate, steps, seeds, order}. */
function answer({ width, rate, steps, seeds, order }, from) {
  const count = Math.min(AT_ONCE, seeds - from);
  return { order, from, ways: Array.from({ length: count }, (_, k) => path(width, from + k, rate, steps)) };
}

/** As a worker: answer each order with one message for every few seeds. */
export function serve() {
  self.onmessage = ({ data }) => {
    for (let from = 0; from < data.seeds; from += AT_ONCE) self.postMessage(answer(data, from));
  };
}

/** The same work on the page itself, a few seeds at a time, for browsers that refuse to start a worker here. */
export function onThePage() {
  const here = {
    onmessage: null,
    stopped: false,
    terminate: () => (here.stopped = true),
    postMessage: (data, from = 0) => {
      if (here.stopped || from >= data.seeds) return;
      here.onmessage({ data: answer(data, from) });
      setTimeout(() => here.postMessage(data, from + AT_ONCE));
    },
  };
  return here;
}
