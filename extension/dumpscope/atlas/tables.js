// Tables that can be sorted and filtered.

const ROW_CHUNK = 200;

function sortKey(text, order) {
  if (text === '' || text === '-') return null;
  if (order === 'text') return text.toLowerCase();
  if (order === 'hex') { const digits = text.replace('0x', '').replace('`', ''); return /^[0-9a-f]+$/i.test(digits) ? BigInt('0x' + digits) : null; }
  if (order === 'time') { const parts = /^(\d+) days (\d+):(\d+):([\d.]+)$/.exec(text); return parts ? ((+parts[1] * 24 + +parts[2]) * 60 + +parts[3]) * 60 + +parts[4] : null; }
  const number = parseFloat(text);
  return Number.isNaN(number) ? null : number;
}

function makeTable(table) {
  const state = { column: -1, down: false, filter: '', chip: null, shown: ROW_CHUNK };
  const chipColumn = { handles: 1, regions: 3 }[table.key];
  const shownColumns = table.columns.map((_, i) => i === 0 || !table.rows.length || table.rows.some((row) => row[i + 1] !== ''));
  const body = el('tbody');
  const count = el('span', { class: 'count', 'aria-live': 'polite' });
  const more = el('button', { type: 'button', onclick: () => { state.shown += ROW_CHUNK * 5; draw(); } });
  const rows = table.rows.map((row, number) => ({ number, row, text: row.slice(1).join('\u0001').toLowerCase() }));
  let current = rows;

  function apply() {
    const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
    current = rows.filter(({ row, text }) => words.every((word) => text.includes(word)) && (state.chip === null || row[1 + chipColumn] === state.chip));
    if (state.column >= 0) {
      const order = table.columns[state.column][1];
      const keyed = current.map((one) => [sortKey(one.row[state.column + 1], order), one]);
      keyed.sort(([a, x], [b, y]) => {
        if (a === null || b === null) return a === b ? x.number - y.number : a === null ? 1 : -1; // what is not known comes last
        const by = a < b ? -1 : a > b ? 1 : 0;
        return (state.down ? -by : by) || x.number - y.number;
      });
      current = keyed.map(([, one]) => one);
    }
    state.shown = ROW_CHUNK;
    draw();
  }

  function draw() {
    const made = [];
    for (const { row } of current.slice(0, state.shown)) {
      const cells = row.slice(1).map((text, i) => {
        if (!shownColumns[i]) return null;
        const kind = table.columns[i][1];
        const cell = el('td', { class: (kind === 'text' ? 'text own' : 'mono') + (kind === 'dec' || kind === 'time' ? ' num' : '') + (table.columns[i][0] === 'rights' ? ' rights' : '') });
        if (i === 0 && row[0] !== null) cell.append(el('a', { href: '#x' + row[0].toString(16), text, title: `its bytes, at ${hex(row[0])}` }));
        else cell.textContent = text;
        return cell;
      });
      made.push(el('tr', {}, ...cells));
    }
    body.replaceChildren(...made);
    count.textContent = current.length === rows.length ? `${rows.length} rows` : `${current.length} of ${rows.length} rows`;
    more.hidden = current.length <= state.shown;
    more.textContent = `show more (${current.length - state.shown} left)`;
  }

  const heads = table.columns.map(([title, kind], i) => el('th', { scope: 'col', class: kind === 'dec' || kind === 'time' ? 'num' : null },
    el('button', {
      type: 'button', text: title,
      onclick: () => {
        if (state.column === i) { if (state.down) { state.column = -1; state.down = false; } else state.down = true; } else { state.column = i; state.down = false; }
        heads.forEach((head, j) => {
          const sorted = j === state.column;
          if (sorted) head.setAttribute('aria-sort', state.down ? 'descending' : 'ascending'); else head.removeAttribute('aria-sort');
          head.firstElementChild.textContent = table.columns[j][0] + (sorted ? (state.down ? ' ▼' : ' ▲') : '');
        });
        apply();
      },
    })));
  const box = el('div', { class: 'card', 'data-table': table.key });
  box.append(el('div', { class: 'tools' }, el('h2', { text: table.title }), count, el('span', { class: 'grow' }),
    rows.length > 1 ? el('input', { type: 'search', placeholder: 'filter', title: 'words that a row must hold', 'aria-label': `Filter ${table.title}`, oninput: (event) => { state.filter = event.target.value; apply(); } }) : null));
  if (chipColumn !== undefined && rows.length > 8) {
    const counts = new Map();
    for (const { row } of rows) counts.set(row[1 + chipColumn], (counts.get(row[1 + chipColumn]) || 0) + 1);
    const chips = el('div', { class: 'chips', role: 'group', 'aria-label': 'Only one type' });
    for (const [name, number] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, 30)) {
      chips.append(el('button', {
        type: 'button', class: 'own', 'aria-pressed': 'false', text: `${name || '(none)'} ${number}`,
        onclick: (event) => {
          state.chip = state.chip === name ? null : name;
          for (const chip of chips.children) chip.setAttribute('aria-pressed', 'false');
          event.currentTarget.setAttribute('aria-pressed', String(state.chip === name));
          apply();
        },
      }));
    }
    box.append(chips);
  }
  if (table.note) box.append(el('p', { class: 'mute own', text: table.note }));
  if (rows.length) box.append(el('div', { class: 'scroll' }, el('table', { class: 'list' }, el('caption', { class: 'hidden', text: table.title }), el('thead', {}, el('tr', {}, ...heads.filter((_, i) => shownColumns[i]))), body)), el('div', { class: 'morebar' }, more));
  draw();
  return box;
}
