"use strict";
// Sortable tables, tables and figures as files, text to copy, the overview's filter, a word where something is cut.
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
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
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
  const named = (element, label) => {
    element.setAttribute("aria-label", label);
    return element;
  };

  for (const table of document.querySelectorAll("table")) {
    [...table.tHead.rows[0].cells].forEach((header, index) => {
      const label = header.textContent;
      header.dataset.label = label;
      if (table.tBodies[0].rows.length > 2) header.replaceChildren(button(label, () => sort(table, header, index)));
    });
    const csvOf = () => save(new Blob(["\ufeff", csv(table)], { type: "text/csv" }), `${table.id}.csv`);
    table.caption.append(named(button("CSV", csvOf), `Download the table ${table.caption.textContent} as CSV`));
  }

  // Figures as files of their own, in the light colours whatever the page has: the style sheet begins with them.
  const light = document.styleSheets[0].cssRules[0].style;
  const drawn = (figure) => {
    const copy = figure.cloneNode(true);
    const { width, height } = figure.viewBox.baseVal;
    const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const set = (element, values) => {
      for (const [key, value] of Object.entries(values)) if (!element.hasAttribute(key)) element.setAttribute(key, value);
    };
    set(paper, { width, height, fill: "var(--paper)" });
    copy.prepend(paper);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    set(copy, { width, height, "font-family": getComputedStyle(document.body).fontFamily });
    for (const text of copy.querySelectorAll("text")) set(text, { fill: "var(--ink)", "font-size": "11px" });
    const coloured = new XMLSerializer().serializeToString(copy);
    return { width, height, text: coloured.replace(/var\((--[\w-]+)\)/g, (_, name) => light.getPropertyValue(name).trim()) };
  };
  const png = ({ width, height, text }, done) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2 * width, 2 * height];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(done);
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  };
  for (const figure of document.querySelectorAll("figure")) {
    const image = figure.querySelector("svg");
    const name = figure.id.replace("figure-", "");
    const svg = () => save(new Blob([drawn(image).text], { type: "image/svg+xml" }), `${name}.svg`);
    const pixels = () => png(drawn(image), (blob) => save(blob, `${name}.png`));
    const title = image.querySelector("title").textContent;
    for (const [label, action] of [["SVG", svg], ["PNG", pixels]])
      figure.lastElementChild.append(named(button(label, action), `Download the figure ${title} as ${label}`));
  }

  for (const part of navigator.clipboard ? document.querySelectorAll(".copied") : []) {
    const copy = button(part.matches(".answer") ? "Copy the answer" : "Copy", async () => {
      await navigator.clipboard.writeText(part.innerText);
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
