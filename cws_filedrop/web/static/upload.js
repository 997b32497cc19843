// Files dropped on the page, or chosen: each goes up by itself, with a bar that tells how far it is.
"use strict";
(() => {
  const zone = document.querySelector("[data-drop]");
  if (!zone) return;
  const form = zone.querySelector("form");
  const input = form.querySelector("input[type=file]");
  const list = zone.querySelector("[data-sending]");
  const csrf = form.querySelector("input[name=csrf]").value;
  form.querySelector("button").hidden = true;
  input.multiple = true;

  const send = (file) => {
    const line = document.createElement("li");
    const words = document.createElement("div");
    const bar = document.createElement("progress");
    words.textContent = `${file.name}: on its way`;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `How far ${file.name} is`);
    line.append(words, bar);
    list.prepend(line);

    const body = new FormData();
    body.append("csrf", csrf);
    if (form.querySelector("input[name=test]").checked) body.append("test", "1");
    body.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    const end = (good, text) => {
      bar.remove();
      words.textContent = text;
      line.className = good ? "notice good" : "notice bad";
      if (good) setTimeout(() => line.remove(), 15000);
    };
    request.addEventListener("load", () => {
      let answer = { text: `${file.name}: the server answered ${request.status}` };
      try { answer = JSON.parse(request.responseText); } catch { /* not ours: a proxy's page, say */ }
      end(request.status === 202, answer.text);
    });
    request.addEventListener("error", () => end(false, `${file.name}: the connection was lost; nothing was taken. Try again.`));
    request.send(body);
  };

  input.addEventListener("change", () => {
    [...input.files].forEach(send);
    input.value = "";
  });
  const stop = (event) => event.preventDefault();
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => { stop(event); zone.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) {
    zone.addEventListener(name, (event) => { stop(event); zone.classList.remove("over"); });
  }
  zone.addEventListener("drop", (event) => [...event.dataTransfer.files].forEach(send));
  addEventListener("dragover", stop);
  addEventListener("drop", stop);
})();
