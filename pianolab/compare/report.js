// A click on a column's title sorts the table by it: numbers from the largest, then from the smallest; text from A.
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const isText = head.classList.contains("t");
    const of = (row) => (isText ? row.cells[column].textContent.trim() : parseFloat(row.cells[column].textContent));
    const compared = (one, other) => {
      if (isText) return one.localeCompare(other);
      if (Number.isNaN(one) || Number.isNaN(other)) return 0;
      return one - other;
    };
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const rises = before === null ? isText || column === 0 : before === "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", rises ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      const unknown = rows.filter((row) => Number.isNaN(of(row)));
      const known = rows.filter((row) => !Number.isNaN(of(row)));
      known.sort((one, other) => (rises ? 1 : -1) * compared(of(one), of(other)));
      table.tBodies[0].append(...known, ...unknown);
    });
  });
}
