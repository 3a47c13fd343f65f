// Asks once a second for scans that came in, and puts each in its place by its number: processes that take
// scans in may finish out of order, so a scan with a smaller number can come after one with a greater.
"use strict";

(() => {
  const EVERY = 1000;
  const HIDDEN_EVERY = 5000;
  const GIVE_UP = 5000;
  const KEPT = 100;

  const live = document.getElementById("live");
  const rows = document.getElementById("scans");
  const none = document.getElementById("none");
  const heard = document.getElementById("heard");
  const pulse = document.getElementById("pulse");
  const again = document.getElementById("again");
  let latest = Number(live.dataset.latest);

  const show = (state, words) => {
    if (pulse.dataset.state !== state) {
      pulse.dataset.state = state;
      pulse.textContent = words;
    }
  };

  const place = (scan) => {
    const holder = document.createElement("template");
    holder.innerHTML = scan.row.trim();
    const row = holder.content.firstElementChild;
    row.classList.add("is-new");
    const older = Array.from(rows.children).find((each) => Number(each.dataset.scan) < scan.id);
    rows.insertBefore(row, older ?? null);
  };

  const take = (answer) => {
    const fresh = answer.scans.filter((scan) => !rows.querySelector(`[data-scan="${Number(scan.id)}"]`));
    const first = rows.children.length < KEPT ? 0 : Number(rows.lastElementChild.dataset.scan);
    const shown = fresh.filter((scan) => scan.id > first);
    shown.forEach(place);
    while (rows.children.length > KEPT) rows.lastElementChild.remove();
    latest = Math.max(latest, answer.latest);
    none.hidden = rows.children.length > 0;
    if (shown.length) {
      heard.textContent = shown.length > 3 ? `${shown.length} new scans.` : shown.map((scan) => scan.says).join(" ");
    }
  };

  const ask = async () => {
    const answer = await fetch(`${live.dataset.source}?after=${latest}`, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(GIVE_UP),
    });
    if (answer.status === 401) return false;
    if (!answer.ok) throw new Error(answer.statusText);
    take(await answer.json());
    show("on", "Live");
    return true;
  };

  const signedOut = () => {
    show("off", "You are signed out.");
    again.href = live.dataset.signIn;
    again.textContent = "Sign in again";
    again.hidden = false;
  };

  const turn = async () => {
    try {
      if (!(await ask())) return signedOut();
    } catch {
      show("lost", "No connection, trying again");
    }
    setTimeout(turn, document.hidden ? HIDDEN_EVERY : EVERY);
  };

  pulse.hidden = false;
  again.hidden = true;
  show("wait", "Connecting");
  turn();
})();
