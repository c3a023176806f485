"use strict";
// One pair at a time; votes live here, in the browser's store where it allows that, and in the file that is saved.
(() => {
  const { key, pairs, words } = JSON.parse(document.getElementById("pairs").textContent);
  const at = (id) => document.getElementById(id);
  const store = `tamis-duel-${key}`;
  let votes = {};
  let place = 0;
  try {
    const kept = JSON.parse(localStorage.getItem(store) || "{}");
    votes = kept.votes || {};
    at("voter").value = kept.voter || "";
  } catch { votes = {}; } // a browser without a store: votes last as long as the page
  const open = pairs.findIndex((pair) => !(pair.id in votes));
  place = open < 0 ? 0 : open;

  const keep = () => {
    try { localStorage.setItem(store, JSON.stringify({ votes, voter: at("voter").value })); } catch { return; }
  };

  const turn = ([role, text]) => {
    const part = document.createElement("div");
    part.className = `turn ${role}`;
    const name = document.createElement("p");
    name.className = "small";
    name.textContent = words.roles[role] || role;
    const said = document.createElement("p");
    said.className = "said";
    said.textContent = text;
    part.append(name, said);
    return part;
  };

  const show = () => {
    const pair = pairs[place];
    const done = Object.keys(votes).length;
    at("progress").textContent = done === pairs.length ? words.done : words.progress
      .replace("{at}", place + 1).replace("{of}", pairs.length).replace("{done}", done);
    at("asked").replaceChildren(...pair.messages.map(turn));
    at("left-text").textContent = pair.left.trim() ? pair.left : words.empty;
    at("right-text").textContent = pair.right.trim() ? pair.right : words.empty;
    for (const button of document.querySelectorAll("[data-choice]"))
      button.setAttribute("aria-pressed", String(votes[pair.id] === button.dataset.choice));
    at("back").disabled = place === 0;
    at("next").disabled = place === pairs.length - 1;
  };

  const move = (by) => {
    const to = place + by;
    if (to < 0 || to >= pairs.length) return;
    place = to;
    show();
    at("duel").focus({ preventScroll: true });
    at("progress").scrollIntoView({ block: "start" });
  };

  const choose = (choice) => {
    votes[pairs[place].id] = choice;
    keep();
    if (place < pairs.length - 1) move(1); else show();
  };

  const save = () => {
    const voter = at("voter").value.trim() || "anonymous";
    const told = JSON.stringify({ duel: key, voter, votes }, null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([told], { type: "application/json" }));
    link.download = `votes-${voter.replace(/[^\p{L}\p{N}]+/gu, "-")}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  for (const button of document.querySelectorAll("[data-choice]"))
    button.addEventListener("click", () => choose(button.dataset.choice));
  at("back").addEventListener("click", () => move(-1));
  at("next").addEventListener("click", () => move(1));
  at("save").addEventListener("click", save);
  at("voter").addEventListener("input", keep);
  document.addEventListener("keydown", (event) => {
    if (event.target === at("voter") || event.ctrlKey || event.metaKey || event.altKey) return;
    const choice = { 1: "left", 2: "right", 3: "tie", 4: "bad" }[event.key];
    if (choice) choose(choice);
    else if (event.key === "ArrowLeft") move(-1);
    else if (event.key === "ArrowRight") move(1);
  });
  show();
})();
