// The file as a picture: rows of pieces from the first byte to the last, wrapped like text.

const P = D.pieces.map(([offset, size, kind, count, what], number) => ({ number, offset, size, end: offset + size, kind, count, what: what || '' }));
const pieceStart = P.map((piece) => piece.offset);
const MAP_ROWS = 5;
const map = {
  canvas: byId('map'), overview: byId('overview'), sums: [0], from: 0, to: 1, total: 1, even: false,
  hover: -1, cursor: 0, only: -1, selection: null, target: null, colors: [],
};

function pieceAt(offset) {
  const number = lastAtOrBefore(pieceStart, offset);
  return number >= 0 && offset < P[number].end ? number : -1;
}

function setScale(even) {
  map.even = even;
  map.sums = [0];
  let sum = 0;
  for (const piece of P) { sum += even ? 6 + Math.pow(piece.size, 0.42) : piece.size; map.sums.push(sum); }
  map.total = sum || 1;
  map.from = 0;
  map.to = map.total;
  byId('scale-true').setAttribute('aria-pressed', String(!even));
  byId('scale-even').setAttribute('aria-pressed', String(even));
  drawMap();
}

// Between a place in the file and a place on the map's own line.
function lineOf(offset) {
  const number = pieceAt(Math.min(offset, D.size - 1));
  if (number < 0) return 0;
  const piece = P[number];
  return map.sums[number] + (map.sums[number + 1] - map.sums[number]) * Math.min(1, (offset - piece.offset) / (piece.size || 1));
}
function offsetOf(line) {
  const number = Math.max(0, Math.min(P.length - 1, lastAtOrBefore(map.sums, line)));
  const piece = P[number];
  if (!piece) return 0;
  const width = map.sums[number + 1] - map.sums[number];
  return Math.min(piece.end - 1, Math.floor(piece.offset + piece.size * (line - map.sums[number]) / (width || 1)));
}

function readColors() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(name).trim();
  map.colors = D.kinds.map(([name]) => get('--k-' + name) || '#888');
  map.ink = get('--ink'); map.soft = get('--soft'); map.ground = get('--ground'); map.card = get('--card'); map.accent = get('--accent'); map.line = get('--line');
  map.font = '11px ' + get('--mono');
}

function fitCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [context, width, height];
}

const GUTTER = 78;
function mapLayout() {
  const width = map.canvas.clientWidth, height = map.canvas.clientHeight;
  const pitch = height / MAP_ROWS;
  return { left: GUTTER, width: Math.max(10, width - GUTTER), pitch, bar: pitch - 7, span: (map.to - map.from) / MAP_ROWS };
}

// The stretches of rows that a part of the line covers.
function* stretches(from, to, layout) {
  const first = Math.max(0, Math.floor((from - map.from) / layout.span));
  for (let row = first; row < MAP_ROWS; row++) {
    const start = map.from + row * layout.span;
    if (start >= to) return;
    const left = Math.max(from, start), right = Math.min(to, start + layout.span);
    if (right <= left) continue;
    yield [layout.left + (left - start) / layout.span * layout.width, row * layout.pitch + 2, (right - left) / layout.span * layout.width, layout.bar];
  }
}

let drawing = 0;
function drawMap() {
  if (drawing) return;
  drawing = requestAnimationFrame(() => { drawing = 0; paintMap(); });
}

function paintMap() {
  map.overview.hidden = !map.canvas.clientWidth;
  if (!map.canvas.clientWidth) return;
  if (!map.colors.length) readColors();
  const [context, width, height] = fitCanvas(map.canvas);
  const layout = mapLayout();
  context.clearRect(0, 0, width, height);
  context.font = map.font;
  context.textBaseline = 'middle';
  for (let row = 0; row < MAP_ROWS; row++) {
    context.fillStyle = map.soft;
    context.fillText(hex(offsetOf(map.from + row * layout.span)), 0, row * layout.pitch + 2 + layout.bar / 2);
  }
  const memory = D.kinds.findIndex(([name]) => name === 'memory');
  const first = Math.max(0, lastAtOrBefore(map.sums, map.from));
  for (let number = first; number < P.length && map.sums[number] < map.to; number++) {
    const piece = P[number];
    const dim = map.only >= 0 && piece.kind !== map.only;
    for (const [x, y, w, h] of stretches(map.sums[number], map.sums[number + 1], layout)) {
      context.globalAlpha = dim ? 0.13 : 1;
      context.fillStyle = map.colors[piece.kind];
      const gap = w > 4 ? 1 : w > 2 ? 0.5 : 0;
      context.fillRect(x, y, Math.max(w - gap, 0.4), h);
      if (piece.kind === memory && !dim && w > 14) hatch(context, x, y, w - gap, h);
      if (piece.count > 1 && !dim && w / piece.count > 3) ticks(context, piece.count, x, y, w, h);
      if (w > 30) name(context, piece, x, y, w - gap, h, dim);
    }
  }
  context.globalAlpha = 1;
  outline(context, layout, map.selection, map.ink, false);
  if (map.hover >= 0) outline(context, layout, P[map.hover], map.accent, false);
  if (document.activeElement === map.canvas && P[map.cursor]) outline(context, layout, P[map.cursor], map.accent, true);
  if (map.target) { outline(context, layout, map.target, map.accent, false); arrow(context, layout); }
  paintOverview();
}

function hatch(context, x, y, w, h) {
  context.save();
  context.beginPath(); context.rect(x, y, w, h); context.clip();
  context.strokeStyle = map.card; context.globalAlpha = 0.28; context.lineWidth = 1.5;
  context.beginPath();
  for (let at = x - h - (x % 8); at < x + w; at += 8) { context.moveTo(at, y + h); context.lineTo(at + h, y); }
  context.stroke();
  context.restore();
}

function ticks(context, count, x, y, w, h) {
  context.save();
  context.globalAlpha = 0.35; context.fillStyle = map.card;
  for (let i = 1; i < count; i++) context.fillRect(x + w * i / count, y, 1, h);
  context.restore();
}

function name(context, piece, x, y, w, h, dim) {
  context.save();
  context.font = '11px system-ui, sans-serif';
  const text = names(piece).find((one) => one && context.measureText(one).width < w - 8);
  if (!text) { context.restore(); return; }
  context.beginPath(); context.rect(x, y, w - 3, h); context.clip();
  context.globalAlpha = dim ? 0.3 : 1;
  const dark = ['memory', 'alignment', 'unreferenced', 'after-end'].includes(D.kinds[piece.kind][0]);
  if (piece.count > 1) { context.fillStyle = map.colors[piece.kind]; context.fillRect(x + 3, y + h / 2 - 8, context.measureText(text).width + 6, 16); }
  context.fillStyle = dark ? map.ink : '#fff';
  context.fillText(text, x + 6, y + h / 2 + 0.5);
  context.restore();
}

function outline(context, layout, part, color, dashed) {
  if (!part) return;
  context.save();
  context.strokeStyle = color; context.lineWidth = 2;
  if (dashed) context.setLineDash([4, 3]);
  const end = part.end !== undefined ? part.end : part.offset + part.size;
  for (const [x, y, w, h] of stretches(lineOf(part.offset), Math.max(lineOf(end - 1) + 1e-6, lineEnd(end)), layout)) {
    context.strokeRect(x - 1, y - 1, Math.max(w + 1, 4), h + 2);
  }
  context.restore();
}
function lineEnd(end) {
  const number = pieceAt(end - 1);
  return number >= 0 && P[number].end === end ? map.sums[number + 1] : lineOf(end);
}

function middleOf(part, layout) {
  for (const [x, y, w, h] of stretches(lineOf(part.offset), lineEnd(part.end !== undefined ? part.end : part.offset + part.size), layout)) return [x + Math.min(w / 2, 200), y + h / 2, h];
  return null;
}

function arrow(context, layout) {
  const from = map.source && middleOf(map.source, layout), to = middleOf(map.target, layout);
  if (!from || !to) return;
  context.save();
  context.strokeStyle = map.accent; context.fillStyle = map.accent; context.lineWidth = 1.6;
  const bend = Math.abs(from[1] - to[1]) < 4 ? -layout.pitch * 0.8 : 0;
  const high = Math.max(4, Math.min(from[1], to[1]) + bend);
  context.beginPath(); context.moveTo(from[0], from[1]);
  context.bezierCurveTo(from[0], bend ? high : (from[1] + to[1]) / 2, to[0], bend ? high : (from[1] + to[1]) / 2, to[0], to[1]);
  context.stroke();
  for (const [x, y] of [from, to]) { context.beginPath(); context.arc(x, y, 3.5, 0, 7); context.fill(); }
  context.restore();
}

function paintOverview() {
  const [context, width, height] = fitCanvas(map.overview);
  const top = 4, bar = height - top;
  const across = (line) => line / map.total * width;
  context.clearRect(0, 0, width, height);
  for (const piece of P) {
    context.fillStyle = map.colors[piece.kind];
    context.fillRect(across(map.sums[piece.number]), top, Math.max(across(map.sums[piece.number + 1] - map.sums[piece.number]), 0.3), bar);
  }
  if (map.to - map.from < map.total * 0.999) {
    const x = across(map.from), w = Math.max(3, across(map.to - map.from));
    context.fillStyle = map.ground; context.globalAlpha = 0.7;
    context.fillRect(0, top, x, bar); context.fillRect(x + w, top, width, bar);
    context.globalAlpha = 1; context.strokeStyle = map.ink; context.lineWidth = 1.5;
    context.strokeRect(x, top + 0.75, w, bar - 1.5);
  }
  const mark = (part, color) => {
    if (!part) return;
    const end = part.end !== undefined ? part.end : part.offset + part.size;
    const x = across(lineOf(part.offset)), w = Math.max(2, across(lineEnd(end)) - x), middle = x + w / 2;
    context.strokeStyle = color; context.fillStyle = color; context.lineWidth = 2;
    context.strokeRect(x, top + 1, w, bar - 2);
    context.beginPath(); context.moveTo(middle - 4, 0); context.lineTo(middle + 4, 0); context.lineTo(middle, 4.5); context.fill();
  };
  mark(map.selection, map.ink);
  mark(map.target, map.accent);
}

function zoom(factor, around) {
  const center = around === undefined ? (map.from + map.to) / 2 : around;
  const least = map.total / Math.max(200, P.length * 40);
  const span = Math.min(map.total, Math.max(least, (map.to - map.from) * factor));
  const share = (center - map.from) / (map.to - map.from);
  moveTo(center - span * share, span);
}
function moveTo(from, span) {
  map.from = Math.max(0, Math.min(map.total - span, from));
  map.to = Math.min(map.total, map.from + span);
  drawMap();
}
function showOnMap(offset, end) {
  const from = lineOf(offset), to = lineEnd(end);
  if (from >= map.from && to <= map.to) return;
  const span = Math.max(map.to - map.from, to - from);
  moveTo((from + to) / 2 - span / 2, span);
}

// Names of a piece for the picture, the longest first.
function names(piece) {
  if (piece.names) return piece.names;
  const node = piece.what ? -1 : nodeOfPiece(piece);
  const words = piece.what || (node >= 0 ? pathText(node) : '');
  const parts = words.split(' > ');
  const last = parts[parts.length - 1].replace(/^directory entry \d+ \((.*)\)$/, '$1').replace(/^stream \d+ /, '').replace(/ at 0x[0-9a-f]*$/, '');
  const stream = parts[0].replace(/^stream \d+ /, '').replace(/^stream /, '').replace(/(List|Data)?Stream$/, '');
  const times = piece.count > 1 ? ` × ${piece.count}` : '';
  piece.names = parts.length > 1 ? [`${stream}: ${last}${times}`, `${last}${times}`, last, stream] : [last, last.replace(/(List|Data)?Stream$/, '')];
  return piece.names;
}
function longName(piece) {
  const node = piece.what ? -1 : nodeOfPiece(piece);
  const words = piece.what || (node >= 0 ? pathText(node) : D.kinds[piece.kind][1]);
  const hint = node >= 0 && N[node].hint ? ` (${N[node].hint})` : '';
  return words + hint + (piece.count > 1 ? ` × ${piece.count}` : '');
}
function sayPiece(piece) {
  byId('map-says').textContent = piece ? `${longName(piece)}: ${hex(piece.offset)} to ${hex(piece.end)}, ${sizeText(piece.size)} bytes, ${D.kinds[piece.kind][1]}` : '';
}

function pieceUnder(event) {
  const box = map.canvas.getBoundingClientRect();
  const layout = mapLayout();
  const x = event.clientX - box.left - layout.left, row = Math.floor((event.clientY - box.top) / layout.pitch);
  if (x < 0 || x > layout.width || row < 0 || row >= MAP_ROWS) return [-1, 0];
  const line = map.from + row * layout.span + x / layout.width * layout.span;
  const number = Math.min(P.length - 1, lastAtOrBefore(map.sums, line));
  return [line <= map.total ? number : -1, line];
}

function startMap() {
  const tip = byId('tip');
  let drag = null;
  map.canvas.addEventListener('pointermove', (event) => {
    if (drag && Math.abs(event.clientX - drag.x) + Math.abs(event.clientY - drag.y) > 4) {
      drag.moved = true;
      const layout = mapLayout();
      moveTo(drag.from - (event.clientX - drag.x) / layout.width * layout.span - Math.round((event.clientY - drag.y) / layout.pitch) * layout.span, drag.span);
      tip.hidden = true;
      return;
    }
    const [number] = pieceUnder(event);
    if (number !== map.hover) { map.hover = number; sayPiece(P[number]); drawMap(); }
    if (number < 0) { tip.hidden = true; return; }
    const piece = P[number];
    tip.replaceChildren(el('div', { class: 'own', text: longName(piece) }), el('div', { class: 'mono', text: `${hex(piece.offset)} … ${hex(piece.end)}   ${sizeText(piece.size)} bytes` }));
    tip.hidden = false;
    const left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8), below = event.clientY + 18;
    tip.style.left = Math.max(4, left) + 'px';
    tip.style.top = (below + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 10 : below) + 'px';
  });
  map.canvas.addEventListener('pointerleave', () => { map.hover = -1; tip.hidden = true; sayPiece(map.selection && P[pieceAt(map.selection.offset)]); drawMap(); });
  map.canvas.addEventListener('pointerdown', (event) => { drag = { x: event.clientX, y: event.clientY, from: map.from, span: map.to - map.from, moved: false }; });
  window.addEventListener('pointerup', () => { setTimeout(() => { drag = null; }, 0); });
  map.canvas.addEventListener('click', (event) => {
    if (drag && drag.moved) return;
    const [number, line] = pieceUnder(event);
    if (number < 0) return;
    map.cursor = number;
    const piece = P[number];
    const size = map.sums[number + 1] - map.sums[number];
    const into = piece.count > 1 ? Math.floor((line - map.sums[number]) / size * piece.size) : 0;
    go('#x' + (piece.offset + into).toString(16));
  });
  map.canvas.addEventListener('dblclick', (event) => zoom(0.4, pieceUnder(event)[1]));
  map.canvas.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.shiftKey && document.activeElement !== map.canvas) return;
    event.preventDefault();
    zoom(event.deltaY + event.deltaX > 0 ? 1.25 : 0.8, pieceUnder(event)[1]);
  }, { passive: false });
  map.canvas.addEventListener('keydown', (event) => {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -10, ArrowDown: 10, Home: -P.length, End: P.length };
    if (event.key in moves && !event.altKey && !event.ctrlKey && !event.metaKey) {
      map.cursor = Math.max(0, Math.min(P.length - 1, map.cursor + moves[event.key]));
      if (P[map.cursor]) { showOnMap(P[map.cursor].offset, P[map.cursor].end); sayPiece(P[map.cursor]); }
      drawMap();
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (P[map.cursor]) go('#x' + P[map.cursor].offset.toString(16));
    } else if (event.key === '+' || event.key === '=') zoom(0.6, lineOf(P[map.cursor].offset));
    else if (event.key === '-') zoom(1.6, lineOf(P[map.cursor].offset));
    else if (event.key === '0') moveTo(0, map.total);
    else return;
    event.preventDefault();
  });
  for (const type of ['focus', 'blur']) map.canvas.addEventListener(type, drawMap);
  const slide = (event) => {
    if (event.type === 'pointermove' && !event.buttons) return;
    const box = map.overview.getBoundingClientRect(), span = map.to - map.from;
    moveTo((event.clientX - box.left) / box.width * map.total - span / 2, span);
  };
  map.overview.addEventListener('pointerdown', slide);
  map.overview.addEventListener('pointermove', slide);
  byId('zoom-in').addEventListener('click', () => zoom(0.5, map.selection ? lineOf(map.selection.offset) : undefined));
  byId('zoom-out').addEventListener('click', () => zoom(2));
  byId('zoom-all').addEventListener('click', () => moveTo(0, map.total));
  byId('scale-true').addEventListener('click', () => setScale(false));
  byId('scale-even').addEventListener('click', () => setScale(true));
  const sums = new Map();
  for (const piece of P) sums.set(piece.kind, (sums.get(piece.kind) || 0) + piece.size);
  for (const [kind, size] of [...sums].sort((a, b) => a[0] - b[0])) {
    const swatch = el('span', { class: 'swatch' });
    swatch.style.background = `var(--k-${D.kinds[kind][0]})`;
    byId('legend').append(el('button', {
      type: 'button', 'aria-pressed': 'false', title: `${sizeText(size)} bytes; click to see only these`,
      onclick: (event) => {
        map.only = map.only === kind ? -1 : kind;
        for (const button of byId('legend').children) button.setAttribute('aria-pressed', 'false');
        event.currentTarget.setAttribute('aria-pressed', String(map.only === kind));
        drawMap();
      },
    }, swatch, D.kinds[kind][1], el('span', { text: share(size) })));
  }
  const memory = D.kinds.findIndex(([name]) => name === 'memory');
  setScale((sums.get(memory) || 0) > D.size * 0.6 || P.some((piece) => piece.size > D.size * 0.5));
  new ResizeObserver(drawMap).observe(map.canvas);
}
function share(size) {
  const percent = D.size ? size / D.size * 100 : 0;
  return percent >= 10 ? percent.toFixed(0) + '%' : percent >= 0.1 ? percent.toFixed(1) + '%' : '<0.1%';
}
