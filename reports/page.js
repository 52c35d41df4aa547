"use strict";
// Sortable tables, tables as CSV, a paragraph to copy, the overview's filter, and a word where something is cut.
// The page is complete without it.
(() => {
  const key = (row, index) => {
    const cell = row.cells[index];
    return cell.dataset.value ?? cell.textContent.trim();
  };
  const words = new Intl.Collator(undefined, { numeric: true });
  const compare = (a, b) => {
    if (!Number.isNaN(a.number) && !Number.isNaN(b.number)) return a.number - b.number;
    return a.missing - b.missing || words.compare(a.text, b.text);
  };
  const sort = (table, header, index) => {
    const ascending = header.getAttribute("aria-sort") !== "ascending";
    for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => {
      const text = key(row, index);
      return { row, text, number: text === "" ? NaN : Number(text), missing: text === "" || text === "nan" };
    });
    rows.sort((a, b) => (ascending ? compare(a, b) : compare(b, a)));
    body.append(...rows.map(({ row }) => row));
  };
  const quote = (text) => {
    // A leading formula sign would be run by spreadsheet programs.
    const safe = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const csv = (table) =>
    [...table.rows]
      .map((row) => [...row.cells].map((cell) => quote(cell.dataset.value ?? (cell.dataset.label || cell.textContent.trim()))).join(","))
      .join("\r\n") + "\r\n";
  const download = (table) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", csv(table)], { type: "text/csv" }));
    link.download = `${table.id}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const button = (label, action) => {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = label;
    element.addEventListener("click", action);
    return element;
  };

  for (const table of document.querySelectorAll("table")) {
    [...table.tHead.rows[0].cells].forEach((header, index) => {
      const label = header.textContent;
      header.dataset.label = label;
      if (table.tBodies[0].rows.length > 2) header.replaceChildren(button(label, () => sort(table, header, index)));
    });
    const save = button("CSV", () => download(table));
    save.setAttribute("aria-label", `Download the table ${table.caption.textContent} as CSV`);
    table.caption.append(save);
  }

  for (const part of navigator.clipboard ? document.querySelectorAll(".copied") : []) {
    const copy = button("Copy", async () => {
      await navigator.clipboard.writeText(part.textContent);
      copy.textContent = "Copied";
    });
    part.after(copy);
  }

  const filters = document.getElementById("filters");
  if (filters) {
    const [text, status] = [filters.querySelector("input"), filters.querySelector("select")];
    const shown = document.getElementById("shown");
    const rows = [...document.querySelectorAll("main table")].flatMap((table) => [...table.tBodies[0].rows]);
    const apply = () => {
      const wanted = text.value.trim().toLowerCase();
      let visible = 0;
      for (const row of rows) {
        const fits = row.cells[0].textContent.toLowerCase().includes(wanted) && (!status.value || row.cells[1].dataset.value === status.value);
        row.hidden = !fits;
        visible += fits;
      }
      shown.textContent = `${visible} of ${rows.length} data sets shown`;
    };
    filters.hidden = false;
    filters.addEventListener("input", apply);
    filters.addEventListener("submit", (event) => event.preventDefault());
  }

  const fits = new ResizeObserver((entries) =>
    requestAnimationFrame(() => {
      for (const { target } of entries) target.classList.toggle("cut", target.scrollWidth > target.clientWidth + 1);
    }),
  );
  for (const part of document.querySelectorAll(".scroll")) fits.observe(part);

  // A link to something inside a closed part opens that part.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let part = target || null; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  if (matchMedia("(max-width: 60rem)").matches) document.querySelector("nav details")?.removeAttribute("open");
})();
