// A photo for a machine: scaled down here before it waits or is sent, which also leaves behind where and with what it was taken.
"use strict";
(() => {
  const QUALITIES = [0.85, 0.7, 0.55];
  const SMALLER = 0.75;
  const form = document.getElementById("photo");
  if (!form) return;
  const taking = document.getElementById("taking"); // where the one form serves many machines, its row
  const canvas = form.querySelector("canvas"), failed = form.querySelector("[data-failed]");
  const show = (text) => {
    form.elements.photo.value = text;
    form.querySelector("[data-add]").disabled = !text;
    canvas.hidden = !text;
  };

  // As base64url, which a form does not make longer.
  function scaled(picture) {
    const most = Number(form.dataset.bytes) * 4 / 3, whole = Math.max(picture.width, picture.height);
    for (let side = Number(form.dataset.side); ; side *= SMALLER) {
      const factor = Math.min(1, side / whole);
      canvas.width = Math.max(1, Math.round(picture.width * factor));
      canvas.height = Math.max(1, Math.round(picture.height * factor));
      const pen = canvas.getContext("2d");
      pen.imageSmoothingQuality = "high";
      pen.fillStyle = "#fff"; // behind what is transparent
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      for (const quality of QUALITIES) {
        const text = canvas.toDataURL("image/jpeg", quality).split(",")[1];
        if (text.length <= most) return text.replaceAll("+", "-").replaceAll("/", "_");
      }
    }
  }

  for (const chooser of form.querySelectorAll("input[type=file]")) {
    chooser.addEventListener("change", async () => {
      const [file] = chooser.files;
      if (!file) return;
      show("");
      try {
        show(scaled(await createImageBitmap(file)));
        failed.hidden = true;
      } catch {
        failed.hidden = false;
      }
      chooser.value = "";
    });
  }
  form.addEventListener("reset", () => {
    show("");
    if (taking) taking.hidden = true;
  });
  for (const button of document.querySelectorAll("[data-photo-of]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      form.reset();
      form.action = button.dataset.photoOf;
      form.dataset.later = button.dataset.later;
      button.closest("tr").after(taking);
      taking.hidden = false;
      taking.querySelector("input[type=file]").focus();
    });
  }
  form.hidden = false;
})();
