// One structure: its fields, its bytes, where it is and who points to it.

const PAGE_BYTES = 2048;
const CHILD_CHUNK = 100;
const view = { node: -1, start: 0, end: 0, fields: [], pinned: -1, page: 0, perLine: 8 };

function placeLink(offset, text) {
  return el('a', { href: '#x' + offset.toString(16), class: 'mono', text: text || hex(offset) });
}
function nodeLink(number, text) {
  return el('a', { href: '#n' + number, class: 'own', text: text || N[number].label });
}

// The fields of a structure: numbers of its layout, then what the layout does not say.
function fieldsOf(node) {
  const fields = [];
  const inside = node.children.filter((child) => N[child].offset >= node.offset && N[child].end <= node.end);
  if (inside.length && (node.parts < 0 || inside.some((child) => N[child].offset === node.offset))) {
    return inside.slice(0, 3000).map((child) => ({ child, offset: N[child].offset, size: N[child].size })).sort((a, b) => a.offset - b.offset);
  }
  const parts = node.parts >= 0 ? D.parts[node.parts] : [];
  let known = node.offset;
  for (let i = 0; i < parts.length; i += 2) {
    const shape = D.shapes[parts[i]], base = node.offset + parts[i + 1];
    if (parts.length > 2) fields.push({ group: shape.name, meaning: shape.meaning });
    for (const leaf of shape.leaves) if (base + leaf[1] + leaf[2] * (leaf[5] || 1) <= node.end) fields.push(readLeaf(leaf, base));
    known = Math.max(known, Math.min(node.end, base + shape.size));
  }
  const kind = D.kinds[node.kind][0];
  if (kind === 'string') fields.push(...stringFields(node, parts.length > 0));
  else if (kind === 'codeview' && known < node.end && known > node.offset) {
    const bytes = bytesAt(known, node.end - known);
    if (bytes) {
      const text = utf8Text(bytes).split('\0')[0];
      const id = parts.length && D.shapes[parts[0]].name === 'CV_INFO_ELF';
      fields.push(extra(id ? 'BuildId' : 'path', known, node.end - known, id ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') : quoted(text), id ? 'the build id' : 'where the linker wrote the symbols'));
    }
  } else if (parts.length && known < node.end && !node.children.length) {
    fields.push(extra('…', known, node.end - known, `${hex(node.end - known)} more bytes`, 'behind the structure'));
  }
  return fields;
}
function extra(path, offset, size, text, meaning) {
  return { path, offset, size, ctype: '', kind: 'text', meaning, names: [], text, note: '', value: null };
}
const quoted = (text) => '"' + printable(shorten(text, 4000)) + '"';

function stringFields(node, wide) {
  const length = numberAt(node.offset, 4, false);
  if (length === null) return [];
  const fields = [];
  if (!wide) fields.push({ ...extra('Length', node.offset, 4, length.toString(), 'length of the text in bytes'), ctype: 'ULONG32', value: length });
  const size = Math.min(Number(length), node.end - node.offset - 4);
  const bytes = bytesAt(node.offset + 4, size);
  if (size > 0) fields.push({ ...extra(wide ? 'Buffer' : 'text', node.offset + 4, size, bytes === null ? '(not in this page)' : quoted(wide ? wideText(bytes) : utf8Text(bytes)), wide ? 'UTF-16 text' : 'UTF-8 text'), ctype: wide ? `WCHAR[${size >> 1}]` : `CHAR[${size}]` });
  const rest = node.end - node.offset - 4 - size;
  if (rest > 0) fields.push(extra('(NUL)', node.offset + 4 + size, rest, '', 'a terminator that Length does not count'));
  return fields;
}

function showNode(number, pinned) {
  const node = N[number];
  view.node = number; view.start = node.offset; view.end = node.end;
  view.fields = fieldsOf(node);
  render(pinned, () => {
    const shape = node.parts >= 0 ? D.shapes[D.parts[node.parts][0]] : null;
    const head = [crumbs(number)];
    head.push(el('div', { class: 'title' }, el('h2', { tabindex: '-1', id: 'what', class: 'own', text: node.label }), node.hint ? el('span', { class: 'own mute', text: node.hint }) : null));
    head.push(el('p', { class: 'about' }, shape ? el('code', { text: shape.name }) : D.kinds[node.kind][1], `  at `, el('code', { text: `${hex(node.offset)} … ${hex(node.end)}` }), `, ${sizeText(node.size)} bytes`, shape && shape.meaning ? `. ${shape.meaning}` : ''));
    const from = pointedBy.get(real_(number)) || [];
    if (from.length) {
      const line = el('p', { class: 'links' }, 'Pointed to by ');
      from.slice(0, 6).forEach((place, i) => {
        const owner = nodeAt(place);
        line.append(i ? ', ' : '', placeLink(place, owner >= 0 ? fieldName(owner, place) : hex(place)));
      });
      if (from.length > 6) line.append(` and ${from.length - 6} more`);
      head.push(line);
    }
    const away = node.children.filter((child) => N[child].offset < node.offset || N[child].end > node.end);
    if (away.length && away.length <= 12) {
      const line = el('p', { class: 'links' }, 'Leads to ');
      away.forEach((child, i) => line.append(i ? ', ' : '', nodeLink(child)));
      head.push(line);
    }
    return head;
  }, node);
}

function fieldName(owner, place) {
  const parts = N[owner].parts >= 0 ? D.parts[N[owner].parts] : [];
  for (let i = 0; i < parts.length; i += 2) {
    for (const leaf of D.shapes[parts[i]].leaves) {
      const at = N[owner].offset + parts[i + 1] + leaf[1];
      if (at <= place && place < at + leaf[2] * (leaf[5] || 1)) return `${N[owner].label} · ${leaf[0]}`;
    }
  }
  return N[owner].label;
}

function showGap(offset) {
  const piece = P[pieceAt(offset)];
  view.node = -1;
  view.start = piece ? piece.offset : Math.min(offset, D.size); view.end = piece ? piece.end : Math.min(offset + 16, D.size);
  view.fields = [];
  render(offset, () => [
    el('div', { class: 'title' }, el('h2', { tabindex: '-1', id: 'what', class: 'own', text: piece ? longName(piece) : `offset ${hex(offset)} is outside the file` })),
    piece ? el('p', { class: 'about' }, `${D.kinds[piece.kind][1]}  at `, el('code', { text: `${hex(piece.offset)} … ${hex(piece.end)}` }), `, ${sizeText(piece.size)} bytes`) : null,
  ], null);
}

function crumbs(number) {
  const nav = el('nav', { class: 'crumbs', 'aria-label': 'Where this is' });
  nav.append(el('span', { text: 'file' }));
  for (const step of ancestors(number)) nav.append(el('span', { class: 'sep', text: '›' }), nodeLink(step));
  return nav;
}

function render(pinned, head, node) {
  const box = byId('inspect');
  const panes = el('div', { class: 'panes' });
  view.page = 0;
  view.pinned = -1;
  if (pinned !== undefined && pinned !== null) {
    view.pinned = view.fields.findIndex((field) => field.offset <= pinned && pinned < field.offset + field.size);
    view.pinnedAt = pinned;
    view.page = Math.max(0, Math.floor((pinned - view.start) / PAGE_BYTES));
  } else view.pinnedAt = -1;
  const hexPane = el('div', { class: 'hex-pane' });
  const left = el('div', { class: 'field-pane' });
  if (view.fields.length) left.append(view.fields.some((field) => field.child !== undefined) ? childTable(node) : fieldTable());
  else left.append(el('p', { class: 'mute', text: emptyWords(node) }));
  const shape = node && node.parts >= 0 ? D.shapes[D.parts[node.parts][0]] : null;
  if (shape && shape.c) left.append(el('details', { class: 'c' }, el('summary', { text: 'as C' + (shape.source ? `, from ${shape.source}` : '') }), el('pre', { text: shape.c })));
  panes.append(left, hexPane);
  box.replaceChildren(...head().filter(Boolean), panes);
  drawHex();
  map.selection = { offset: view.start, end: view.end };
  map.target = null;
  showOnMap(view.start, view.end);
  map.cursor = Math.max(0, pieceAt(view.start));
  sayPiece(P[map.cursor]);
  drawMap();
  if (view.pinned >= 0) {
    const row = box.querySelector('tr.pin');
    if (row && row.getBoundingClientRect().bottom > window.innerHeight) row.scrollIntoView({ block: 'nearest' });
  }
}

function emptyWords(node) {
  if (!node) return 'No structure owns these bytes.';
  if (D.redacted && byteAt(view.start) < 0) return 'Left out: this page is redacted.';
  if (D.kinds[node.kind][0] === 'memory') return D.memory ? 'Memory of the process.' : 'Memory of the process: its bytes are not in this page (--memory takes them in).';
  return 'Bytes without a layout that dumpscope knows.';
}

function fieldTable() {
  const body = el('tbody');
  view.fields.forEach((field, number) => {
    if (field.group) {
      body.append(el('tr', { class: 'group' }, el('td', { colspan: '4' }, el('code', { text: field.group }), field.meaning ? ' ' + field.meaning : '')));
      return;
    }
    const value = el('td', { class: 'value own' + (field.text.length > 22 ? ' long' : '') });
    const to = targetOf(field);
    if (to) value.append(el('a', { href: to.hash, class: 'number', text: field.text }), el('span', { class: 'own mute', text: ' → ' + to.text }));
    else value.append(el('span', { class: field.text.length > 22 ? 'own' : 'own number', text: field.text }));
    const meaning = el('td', { class: 'meaning' });
    const words = [field.note, !field.flags && field.names.length ? field.names.map(([label, text]) => label + (text ? `: ${text}` : '')).join(', ') : ''].filter(Boolean).join('; ');
    if (words) meaning.append(el('div', { class: 'own', text: words }));
    if (field.flags && field.names.length) {
      meaning.append(el('ul', { class: 'bits' }, ...field.names.map(([label, text, bit]) => el('li', {}, el('code', { text: label }), ` ${bit}` + (text ? ` ${text}` : '')))));
    }
    if (field.meaning || field.when) meaning.append(el('div', { text: field.meaning + (field.when ? ` (${field.when})` : '') }));
    const first = el('td', { class: 'mono mute', text: '+' + (field.offset - view.start).toString(16) });
    first.style.borderLeftColor = `var(--f${number % 6})`;
    body.append(el('tr', { tabindex: number === 0 ? '0' : '-1', 'data-field': number, class: number === view.pinned ? 'pin' : null },
      first, el('td', {}, el('span', { class: 'name', text: field.path }), ' ', el('span', { class: 'ctype', text: field.ctype })), value, meaning));
  });
  const firstRow = body.querySelector('tr[data-field]');
  if (firstRow) firstRow.setAttribute('tabindex', '0');
  const table = el('table', { class: 'fields' }, el('caption', { class: 'hidden', text: 'Fields' }),
    el('thead', {}, el('tr', {}, ...['at', 'field', 'value', 'meaning'].map((text) => el('th', { scope: 'col', text })))), body);
  wireRows(table);
  return el('div', { class: 'scroll' }, table);
}

// Where an RVA leads, in words.
function targetOf(field) {
  if (byPointer.has(field.offset)) {
    const number = byPointer.get(field.offset);
    const node = N[real_(number)];
    let text = node.label;
    if (D.kinds[node.kind][0] === 'string') {
      const last = fieldsOf(node).find((one) => one.path === 'Buffer' || one.path === 'text');
      text = last ? shorten(last.text, 60) : text;
    }
    return { hash: '#n' + number, text, offset: node.offset, end: node.end };
  }
  if (field.kind === 'rva' && field.value && field.value < BigInt(D.size)) {
    const offset = Number(field.value), number = nodeAt(offset);
    return { hash: '#x' + offset.toString(16), text: number >= 0 ? N[number].label : 'bytes that nobody owns', offset, end: number >= 0 ? N[number].end : offset + 1 };
  }
  return null;
}

function childTable(node) {
  const body = el('tbody');
  const box = el('div', {});
  let shown = 0;
  const more = el('button', { type: 'button', text: 'show more', onclick: () => add() });
  const add = () => {
    for (const number of view.fields.slice(shown, shown + CHILD_CHUNK).keys()) {
      const index = shown + number, child = N[view.fields[index].child];
      const first = el('td', { class: 'mono mute', text: '+' + (child.offset - view.start).toString(16) });
      first.style.borderLeftColor = `var(--f${index % 6})`;
      body.append(el('tr', { tabindex: index ? '-1' : '0', 'data-field': index, class: index === view.pinned ? 'pin' : null },
        first, el('td', {}, nodeLink(child.number)), el('td', { class: 'own mute', text: child.hint }), el('td', { class: 'mono num', text: hex(child.size) })));
    }
    shown = Math.min(view.fields.length, shown + CHILD_CHUNK);
    more.hidden = shown >= view.fields.length;
    more.textContent = `show more (${view.fields.length - shown} left)`;
  };
  add();
  const table = el('table', { class: 'fields' }, el('caption', { class: 'hidden', text: 'Contents' }),
    el('thead', {}, el('tr', {}, ...['at', 'holds', '', 'size'].map((text, i) => el('th', { scope: 'col', text, class: i === 3 ? 'num' : null })))), body);
  wireRows(table);
  box.append(el('div', { class: 'scroll' }, table), el('div', { class: 'morebar' }, more));
  return box;
}

function wireRows(table) {
  const rowOf = (event) => event.target.closest('tr[data-field]');
  table.addEventListener('pointerover', (event) => { const row = rowOf(event); if (row) light(Number(row.dataset.field)); });
  table.addEventListener('pointerleave', () => light(-1));
  table.addEventListener('focusin', (event) => { const row = rowOf(event); if (row) light(Number(row.dataset.field)); });
  table.addEventListener('focusout', () => light(-1));
  table.addEventListener('keydown', (event) => {
    const row = rowOf(event);
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = [...table.querySelectorAll('tr[data-field]')];
    const at = rows.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (rows[to]) { row.setAttribute('tabindex', '-1'); rows[to].setAttribute('tabindex', '0'); rows[to].focus({ preventScroll: true }); rows[to].scrollIntoView({ block: 'nearest' }); }
    } else if (event.key === 'Enter' && event.target === row) {
      const link = row.querySelector('a');
      if (link) go(link.getAttribute('href'));
    }
  });
}

// Lights a field: its row, its bytes, and on the map what it points to.
function light(number) {
  const box = byId('inspect');
  for (const one of box.querySelectorAll('.lit')) one.classList.remove('lit');
  map.target = null;
  map.source = null;
  const field = view.fields[number];
  const bar = box.querySelector('.lights');
  if (field && !field.group) {
    const row = box.querySelector(`tr[data-field="${number}"]`);
    if (row) row.classList.add('lit');
    let first = null;
    for (const one of box.querySelectorAll(`.hex i[data-f="${number}"]`)) { one.classList.add('lit'); first = first || one; }
    if (first) {
      const pane = first.closest('.hex'), place = first.getBoundingClientRect(), around = pane.getBoundingClientRect();
      if (place.top < around.top || place.bottom > around.bottom) pane.scrollTop += place.top - around.top - around.height / 3;
    }
    map.source = { offset: field.offset, end: field.offset + field.size };
    const to = field.child === undefined ? targetOf(field) : null;
    if (to) map.target = { offset: to.offset, end: to.end };
    else if (field.child !== undefined) map.target = { offset: field.offset, end: field.offset + field.size };
    if (field.child !== undefined) map.source = null;
    const says = to ? `${field.path} → ${to.text} at ${hex(to.offset)}` : field.child !== undefined ? pathText(field.child) : `${field.path}: ${field.text}`;
    byId('map-says').textContent = says;
    if (bar) bar.textContent = says;
  } else if (bar) bar.textContent = bar.dataset.empty;
  drawMap();
}

// -- bytes ----------------------------------------------------------------------------------------------------------------

function drawHex() {
  const pane = byId('inspect').querySelector('.hex-pane');
  if (!pane) return;
  const size = view.end - view.start;
  const first = view.start + view.page * PAGE_BYTES, last = Math.min(view.end, first + PAGE_BYTES);
  view.perLine = pane.clientWidth > 540 ? 16 : 8;
  const owner = new Int32Array(Math.max(0, last - first)).fill(-1);
  view.fields.forEach((field, number) => {
    if (field.group) return;
    for (let at = Math.max(field.offset, first); at < Math.min(field.offset + field.size, last); at++) if (owner[at - first] < 0 || field.child === undefined) owner[at - first] = number;
  });
  const digits = Math.max(6, (view.end - 1).toString(16).length);
  const box = el('div', { class: 'hex', tabindex: '0', role: 'group', 'aria-label': `Bytes ${hex(first)} to ${hex(last)}` });
  const perLine = view.perLine;
  let held = false;
  for (let at = first; at < last && !held; at++) held = byteAt(at) >= 0;
  if (!held) box.append(el('span', { class: 'gone', text: size ? `${hex(first)} … ${hex(last)}: not in this page` : 'no bytes' }));
  for (let line = first - (first % perLine); held && line < last; line += perLine) {
    const bytes = el('span'), chars = el('span', { class: 'chars' });
    for (let at = line; at < line + perLine; at++) {
      if (at < first || at >= last) { bytes.append(el('i', { text: '  ' })); chars.append(el('i', { text: ' ' })); continue; }
      const byte = byteAt(at), field = owner[at - first];
      const marks = (byte < 0 ? 'gone ' : '') + (field >= 0 ? `f${field % 6}` : '') + (field >= 0 && field === view.pinned ? ' pin' : at === view.pinnedAt && view.pinned < 0 ? ' pin' : '');
      const data = { class: marks || null, 'data-f': field >= 0 ? field : null };
      bytes.append(el('i', { ...data, text: byte < 0 ? '··' : byte.toString(16).padStart(2, '0') }));
      chars.append(el('i', { ...data, text: byte < 0 ? ' ' : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.' }));
    }
    box.append(el('div', { class: 'line' }, el('span', { class: 'at', text: line.toString(16).padStart(digits, '0') }), bytes, chars));
  }
  const pages = Math.ceil(size / PAGE_BYTES);
  const bar = el('div', { class: 'hexbar' }, el('span', { class: 'lights own', 'data-empty': pages > 1 ? `${hex(first)} … ${hex(last)}` : 'bytes', text: pages > 1 ? `${hex(first)} … ${hex(last)}` : 'bytes' }));
  if (pages > 1) {
    const turn = (by) => () => { view.page = Math.max(0, Math.min(pages - 1, view.page + by)); drawHex(); };
    bar.append(el('button', { type: 'button', text: '‹ before', onclick: turn(-1) }), `${view.page + 1} / ${pages}`, el('button', { type: 'button', text: 'after ›', onclick: turn(1) }));
  }
  pane.replaceChildren(bar, box);
  const pinned = box.querySelector('.pin');
  if (pinned) box.scrollTop = Math.max(0, pinned.parentElement.parentElement.offsetTop - box.offsetTop - 40);
  box.addEventListener('pointerover', (event) => {
    const one = event.target.closest('i[data-f]');
    if (one) light(Number(one.dataset.f));
  });
  box.addEventListener('pointerleave', () => light(-1));
  box.addEventListener('click', (event) => {
    const one = event.target.closest('i[data-f]');
    const field = one && view.fields[Number(one.dataset.f)];
    if (!field) return;
    if (field.child !== undefined) go('#n' + field.child);
    else {
      const to = targetOf(field);
      if (to) go(to.hash);
    }
  });
}
