// Asks before a form that cannot be taken back.
"use strict";
document.addEventListener("submit", (event) => {
  const { sure } = event.target.dataset;
  if (sure && !confirm(sure)) event.preventDefault();
});
