// What every page gains with JavaScript: no form is sent twice, and texts can be copied.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
  } else if (form.method === "post") {
    form.dataset.sent = "yes";
  }
});

// A page that the browser kept and shows again has its forms ready again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// Only one question is open at a time; Escape closes it.
document.addEventListener("toggle", (event) => {
  if (event.target.matches(".deed[open]")) {
    document.querySelectorAll(".deed[open]").forEach((each) => { each.open = each === event.target; });
  }
}, true);

document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector(".deed[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

if (navigator.clipboard) {
  document.querySelectorAll("[data-copies]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).value);
      button.textContent = "Copied";
    });
  });
}
