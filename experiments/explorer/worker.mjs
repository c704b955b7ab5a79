// Training beside the page, so that the page does not freeze: the same script, started from a Blob.
import { path } from "./train.mjs";

/** Answer each order {width, rate, steps, seeds, order} with one message for every few networks. */
export function serve() {
  self.onmessage = ({ data: { width, rate, steps, seeds, order } }) => {
    for (let from = 0; from < seeds; from += 10) {
      const ways = Array.from({ length: Math.min(10, seeds - from) }, (_, k) =>
        path(width, from + k, rate, steps),
      );
      self.postMessage({ order, from, ways });
    }
  };
}
