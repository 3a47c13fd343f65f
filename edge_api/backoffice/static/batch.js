// Makes a batch's cards piece by piece while its page is open, and shows how far it is.
"use strict";

(() => {
  const form = document.getElementById("making");
  const progress = document.getElementById("progress");
  const made = document.getElementById("made");
  const more = document.getElementById("more");

  const turn = async () => {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new FormData(form),
    });
    if (!answer.ok) throw new Error(answer.statusText);
    const now = await answer.json();
    progress.value = now.made;
    made.textContent = now.made.toLocaleString("en");
    return now.finished;
  };

  const run = async () => {
    more.hidden = true;
    try {
      while (!(await turn()));
      window.location.reload();
    } catch {
      more.hidden = false;
    }
  };

  run();
})();
