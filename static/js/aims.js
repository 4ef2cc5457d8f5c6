// The aim's form checks itself while it is written (htmx); its buttons send it as any form.

for (const button of document.querySelectorAll("[data-plain]")) {
  const form = button.form;
  // htmx listens to the form's own triggers only, so pressing a button submits the page.
  button.addEventListener("click", () => form.setAttribute("hx-disable", ""));
}
