// The tables of the model zoo, the methods, the boards and the published numbers: filters by column, sorting by a click on a
// heading. Nothing is loaded; without scripts the tables are simply there, whole.
document.addEventListener('DOMContentLoaded', () => {
  const places = ['model-zoo', 'all-methods', 'leaderboard', 'published-numbers'];
  document.querySelectorAll(places.map((place) => `#${place} table`)).forEach(enliven);
});

// A number counts by what it begins with: of "69.9 ± 1.6" and "+10.7 (…) ▲" the mean.
const numeric = (text) => (/^[+-]?\d+(\.\d+)?( |$)/.test(text) ? parseFloat(text) : NaN);

function enliven(table) {
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  const text = (row, column) => row.cells[column].textContent.trim();
  const filters = new Map(); // column -> what the cell must be
  let wanted = ''; // what the row must contain

  const bar = document.createElement('p');
  bar.className = 'zoo-filters';
  const count = document.createElement('output');
  const show = () => {
    let shown = 0;
    for (const row of rows) {
      const fits =
        row.textContent.toLowerCase().includes(wanted) &&
        [...filters].every(([column, value]) => !value || text(row, column) === value);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length} rows`;
    for (const refill of refills) refill();
  };

  // A filter offers what the other filters leave.
  const named = (name) => heads.findIndex((head) => head.textContent.trim() === name);
  const offered = ['method', 'kind', 'backbone', 'data', 'protocol', 'metric'].filter((name) =>
    named(name) >= 0 && new Set(rows.map((row) => text(row, named(name)))).size < rows.length);
  const refills = offered.map((name) => {
    const column = named(name);
    const select = document.createElement('select');
    select.ariaLabel = name;
    select.onchange = () => { filters.set(column, select.value); show(); };
    bar.append(select);
    return () => {
      const left = rows.filter((row) =>
        [...filters].every(([other, value]) => other === column || !value || text(row, other) === value));
      const values = [...new Set(left.map((row) => text(row, column)))].sort();
      const chosen = filters.get(column) ?? '';
      select.replaceChildren(new Option(`any ${name}`, ''), ...values.map((value) => new Option(value, value)));
      select.value = chosen;
    };
  });

  const search = document.createElement('input');
  Object.assign(search, { type: 'search', placeholder: 'any text', ariaLabel: 'any text' });
  search.oninput = () => { wanted = search.value.toLowerCase(); show(); };
  bar.append(search, count);
  (table.closest('.table-wrapper') ?? table).before(bar);

  heads.forEach((head, column) => {
    head.tabIndex = 0;
    const sort = () => {
      const sign = head.ariaSort === 'descending' ? 1 : -1;
      for (const other of heads) other.ariaSort = null;
      head.ariaSort = sign === 1 ? 'ascending' : 'descending';
      const order = (a, b) => {
        const [x, y] = [text(a, column), text(b, column)];
        if (!x || !y) return !x - !y; // rows without a value come last, whatever the direction
        const [m, n] = [numeric(x), numeric(y)];
        return sign * (isNaN(m) || isNaN(n) ? x.localeCompare(y) : m - n);
      };
      table.tBodies[0].append(...[...rows].sort(order));
    };
    head.onclick = sort;
    head.onkeydown = (event) => { if (event.key === 'Enter') sort(); };
  });
  show();
}
