// The tree of structures, opened as it is walked.

const N = D.nodes.map(([parent, label, kind, offset, size, parts, pointer, same, hint], number) => (
  { number, parent, label, kind, offset, size, end: offset + size, parts, pointer, same, hint, children: [] }));
const ROOTS = [];
const byPointer = new Map(); // the place of an RVA -> what it leads to
const pointedBy = new Map(); // a structure -> the places of the RVAs that lead to it
const byOffset = new Map();
for (const node of N) {
  if (node.parent >= 0) N[node.parent].children.push(node.number); else ROOTS.push(node.number);
  const real = real_(node.number);
  if (node.pointer >= 0) {
    if (!byPointer.has(node.pointer)) byPointer.set(node.pointer, node.number);
    if (!pointedBy.has(real)) pointedBy.set(real, []);
    const list = pointedBy.get(real);
    if (!list.includes(node.pointer)) list.push(node.pointer);
  }
  if (node.same < 0 && !byOffset.has(node.offset)) byOffset.set(node.offset, node.number);
}
function real_(number) { return N[number].same >= 0 ? N[number].same : number; }

function nodeOfPiece(piece) {
  let best = -1;
  for (let number = byOffset.has(piece.offset) ? byOffset.get(piece.offset) : -1; number >= 0 && number < N.length && N[number].offset === piece.offset; number++) {
    if (best < 0 || (N[number].size >= piece.size && N[number].size < N[best].size)) best = number;
  }
  return best;
}

// The smallest structure that a byte lies in; -1 for a byte that nobody owns.
function nodeAt(offset) {
  let best = -1;
  for (const node of N) {
    if (node.same >= 0 || offset < node.offset || offset >= node.end) continue;
    if (best < 0 || node.size < N[best].size || (node.size === N[best].size && node.parts >= 0 && N[best].parts < 0)) best = node.number;
  }
  return best;
}

function ancestors(number) {
  const found = [];
  for (let at = N[number].parent; at >= 0; at = N[at].parent) found.unshift(at);
  return found;
}
function pathText(number) {
  return [...ancestors(number), number].map((at) => N[at].label).join(' > ');
}

const CHUNK = 200;
const items = new Map(); // node -> its <li>, once it was drawn

function treeItem(number, level) {
  const node = N[number];
  const swatch = el('span', { class: 'swatch' });
  swatch.style.background = `var(--k-${D.kinds[node.kind][0]})`;
  const row = el('div', { class: 'row', title: `${hex(node.offset)}, ${hex(node.size)} bytes` },
    el('span', { class: 'twig', 'aria-hidden': 'true', text: node.children.length ? '▶' : '' }), swatch,
    el('span', { class: 'label own', text: node.label.replace(/^stream (\d+) /, '') }),
    /^stream \d+ /.test(node.label) ? el('span', { class: 'hint number', text: node.label.split(' ')[1] }) : null, node.hint ? el('span', { class: 'hint own', text: node.hint }) : null);
  row.style.paddingLeft = (level * 14 + 2) + 'px';
  const item = el('li', { role: 'treeitem', tabindex: '-1', 'aria-level': level + 1, 'aria-selected': 'false', 'data-node': number }, row);
  if (node.children.length) item.setAttribute('aria-expanded', 'false');
  items.set(number, item);
  return item;
}

function addChunk(group, children, from, level) {
  const to = Math.min(children.length, from + CHUNK);
  for (const child of children.slice(from, to)) group.append(treeItem(child, level));
  if (to < children.length) {
    const row = el('div', { class: 'row more', text: `${children.length - to} more …` });
    row.style.paddingLeft = (level * 14 + 22) + 'px';
    group.append(el('li', { role: 'treeitem', tabindex: '-1', 'aria-level': level + 1, 'data-more': to }, row));
  }
}

function openItem(item, open) {
  const number = Number(item.dataset.node);
  const node = N[number];
  if (!node || !node.children.length) return;
  item.setAttribute('aria-expanded', String(open));
  let group = item.querySelector(':scope > ul');
  if (open && !group) {
    group = el('ul', { role: 'group' });
    item.append(group);
    addChunk(group, node.children, 0, Number(item.getAttribute('aria-level')));
  }
  if (group) group.hidden = !open;
}

function openMore(item) {
  const group = item.parentElement;
  const parent = group.closest('li');
  const children = parent ? N[Number(parent.dataset.node)].children : ROOTS;
  const from = Number(item.dataset.more);
  const had = item.contains(document.activeElement) || document.activeElement === item;
  item.remove();
  addChunk(group, children, from, Number(item.getAttribute('aria-level')) - 1);
  if (had) focusItem(items.get(children[from]));
}

// Makes a structure's item visible, opening what leads to it.
function revealItem(number) {
  const path = [...ancestors(number), number];
  let siblings = ROOTS, group = byId('tree');
  for (const step of path) {
    if (!items.has(step)) {
      const at = siblings.indexOf(step);
      let more = group.querySelector(':scope > li[data-more]');
      while (more && Number(more.dataset.more) <= at) { openMore(more); more = group.querySelector(':scope > li[data-more]'); }
    }
    const item = items.get(step);
    if (!item) return null;
    if (step !== number) openItem(item, true);
    siblings = N[step].children;
    group = item.querySelector(':scope > ul');
  }
  return items.get(number);
}

function selectItem(number) {
  for (const item of byId('tree').querySelectorAll('[aria-selected="true"]')) item.setAttribute('aria-selected', 'false');
  for (const item of byId('tree').querySelectorAll('[tabindex="0"]')) item.setAttribute('tabindex', '-1');
  const item = number >= 0 ? revealItem(number) : byId('tree').firstElementChild;
  if (!item) return;
  item.setAttribute('tabindex', '0');
  if (number < 0) return;
  item.setAttribute('aria-selected', 'true');
  const pane = byId('tree'), row = item.firstElementChild.getBoundingClientRect(), box = pane.getBoundingClientRect();
  if (row.top < box.top || row.bottom > box.bottom) pane.scrollTop += row.top - box.top - box.height / 3;
}

function focusItem(item) {
  if (!item) return;
  for (const other of byId('tree').querySelectorAll('[tabindex="0"]')) other.setAttribute('tabindex', '-1');
  item.setAttribute('tabindex', '0');
  item.focus({ preventScroll: true });
  item.firstElementChild.scrollIntoView({ block: 'nearest' });
}

function startTree() {
  const tree = byId('tree');
  addChunk(tree, ROOTS, 0, 0);
  tree.addEventListener('click', (event) => {
    const item = event.target.closest('li');
    if (!item) return;
    if (item.dataset.more) { openMore(item); return; }
    const number = Number(item.dataset.node);
    if (event.target.closest('.twig') && N[number].children.length) openItem(item, item.getAttribute('aria-expanded') !== 'true');
    else {
      openItem(item, item.getAttribute('aria-selected') !== 'true' || item.getAttribute('aria-expanded') !== 'true');
      go('#n' + number);
    }
    focusItem(item);
  });
  tree.addEventListener('keydown', (event) => {
    const item = event.target.closest('li');
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    const shown = [...tree.querySelectorAll('li')].filter((one) => one.offsetParent !== null);
    const at = shown.indexOf(item);
    const open = item.getAttribute('aria-expanded');
    if (event.key === 'ArrowDown') focusItem(shown[at + 1]);
    else if (event.key === 'ArrowUp') focusItem(shown[at - 1]);
    else if (event.key === 'Home') focusItem(shown[0]);
    else if (event.key === 'End') focusItem(shown[shown.length - 1]);
    else if (event.key === 'ArrowRight') { if (open === 'false') openItem(item, true); else if (open === 'true') focusItem(shown[at + 1]); }
    else if (event.key === 'ArrowLeft') { if (open === 'true') openItem(item, false); else focusItem(item.parentElement.closest('li')); }
    else if (event.key === 'Enter' || event.key === ' ') { if (item.dataset.more) openMore(item); else go('#n' + item.dataset.node); }
    else return;
    event.preventDefault();
  });
}
