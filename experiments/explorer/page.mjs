// The page: one state, shown by its scenes, written into the address.
import { decode, encode } from "./address.mjs";
import { byId, h } from "./dom.mjs";
import { exerciseScene } from "./exercise_scene.mjs";
import { flowScene } from "./flow_scene.mjs";
import { seedsScene } from "./seeds_scene.mjs";
import { initial } from "./state.mjs";
import { stepScene } from "./step_scene.mjs";

/** Milliseconds to wait for further changes after one. */
const WRITE_AFTER = 160;

/** Read the address, build the scenes, and show every change of the state. */
export function begin() {
  const golden = JSON.parse(byId("golden").textContent);
  const app = { golden, state: initial(golden), change: (state) => shown(app, state, true) };
  app.state = read(app, location.hash, app.state);
  byId("errata-rows").replaceChildren(
    ...golden.errata.map(([says, so]) => h("tr", {}, h("td", {}, says), h("td", {}, so))),
  );
  app.scenes = [stepScene, exerciseScene, flowScene, seedsScene].map((make) => make(app));
  app.scenes.forEach((show) => show(app.state, null));
  addEventListener("hashchange", (event) => follow(app, new URL(event.newURL).hash));
  document.addEventListener("click", jump);
  document.documentElement.dataset.ready = "yes";
}

/** A link to a scene scrolls there and leaves the state in the address. */
function jump(event) {
  const target = event.target.closest?.('nav a[href^="#"]');
  if (!target) return;
  event.preventDefault();
  const section = document.querySelector(target.getAttribute("href"));
  section.scrollIntoView();
  section.setAttribute("tabindex", "-1");
  section.focus({ preventScroll: true });
}

/** Show what a new address holds; a change that is not yet written must not replace it. */
function follow(app, address) {
  clearTimeout(app.timer);
  app.timer = null;
  shown(app, read(app, address, app.state), false);
}

/** Read the state from an address; if that is damaged, the page says so and keeps the last good state. */
function read(app, address, last) {
  const note = byId("damaged");
  try {
    const state = decode(address, app.golden);
    note.hidden = true;
    return state;
  } catch (problem) {
    note.hidden = false;
    note.textContent = `This link is damaged: ${problem.message}. The page keeps the last good state.`;
    return last;
  }
}

function shown(app, state, write) {
  const before = app.state;
  app.state = state;
  app.scenes.forEach((show) => show(state, before));
  if (!write) return;
  byId("damaged").hidden = true;
  app.timer ??= setTimeout(() => writeAddress(app), WRITE_AFTER);
}

/** Put the state into the address; if the browser refuses because it happens too often, try again later. */
function writeAddress(app) {
  app.timer = null;
  try {
    history.replaceState(null, "", `#${encode(app.state, app.golden)}`);
  } catch {
    app.timer = setTimeout(() => writeAddress(app), 1000);
  }
}
