// What is typed into a masked field is shown for as long as its box is ticked.
"use strict";
document.addEventListener("change", (event) => {
  if (!("show" in event.target.dataset)) return;
  event.target.closest(".value").querySelector("textarea").classList.toggle("masked", !event.target.checked);
});
