// Filters of the page "All results". Without this script the table is there in full.
(function () {
  const place = document.querySelector("div.results");
  if (!place) return;
  const form = place.querySelector("form.filters");
  const shown = place.querySelector("p.shown");
  const rows = Array.from(place.querySelectorAll("tbody tr"));

  function filter() {
    const asked = Array.from(form.querySelectorAll("select")).filter((one) => one.value);
    let count = 0;
    for (const row of rows) {
      const fits = asked.every((one) => row.getAttribute("data-" + one.name) === one.value);
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = count + " of " + rows.length + " shown";
  }

  form.hidden = shown.hidden = false;
  form.addEventListener("change", filter);
  form.addEventListener("reset", () => setTimeout(filter, 0)); // after the browser has cleared the choices
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
