// Everything works without these lines: a figure's link then opens its file, and what is folded stays so in print.
const large = document.getElementById("large");
document.addEventListener("click", (event) => {
  const panel = event.target.closest(".panel");
  if (panel && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    large.lastElementChild.replaceChildren(panel.firstElementChild.cloneNode(true));
    large.showModal();
  } else if (event.target === large) large.close();
});
large.addEventListener("close", () => large.lastElementChild.replaceChildren());
const folded = [...document.querySelectorAll("details")];
let opened = [];
addEventListener("beforeprint", () => {
  opened = folded.filter((each) => !each.open);
  for (const each of opened) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of opened) each.open = false;
});
