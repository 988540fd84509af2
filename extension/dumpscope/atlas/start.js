// Views, the way between them, and the first drawing.

const VIEWS = [];

function addView(key, title, count, build, mood) {
  const tab = el('button', { type: 'button', role: 'tab', id: 'tab-' + key, 'aria-controls': 'view-' + key, 'aria-selected': 'false', tabindex: '-1', onclick: () => go(key === 'bytes' ? lastPlace : '#' + key) }, title,
    count === null ? null : el('span', { class: 'count' + (mood ? ' ' + mood : ''), text: String(count) }));
  byId('tabs').append(tab);
  let section = byId('view-' + key);
  if (!section) {
    section = el('section', { id: 'view-' + key, role: 'tabpanel', 'aria-labelledby': 'tab-' + key, tabindex: '-1' });
    byId('main').append(section);
  }
  section.hidden = true;
  VIEWS.push({ key, tab, section, build, built: !build });
}
function buildView(one) {
  if (!one.built) { one.built = true; one.build(one.section); }
}
function showView(key) {
  for (const one of VIEWS) {
    const chosen = one.key === key;
    one.tab.setAttribute('aria-selected', String(chosen));
    one.tab.setAttribute('tabindex', chosen ? '0' : '-1');
    one.section.hidden = !chosen;
    if (chosen) buildView(one);
  }
  drawMap();
}

let lastPlace = '#x0';
let focusAfter = false;
function go(hash) {
  if (location.hash === hash) route(); else location.hash = hash;
}
function route() {
  const hash = location.hash || '#x0';
  const place = /^#(n(\d+)|x([0-9a-f]{1,13}))$/.exec(hash);
  if (place) {
    lastPlace = hash;
    showView('bytes');
    if (place[2] !== undefined) {
      const number = Math.min(Number(place[2]), N.length - 1);
      if (number >= 0) { selectItem(number); showNode(number); }
    } else {
      const offset = parseInt(place[3], 16), number = nodeAt(offset);
      selectItem(number);
      if (number >= 0) showNode(number, offset === N[number].offset && !focusAfter ? null : offset); else showGap(offset);
    }
    if (focusAfter && byId('what')) { byId('what').focus({ preventScroll: true }); const top = byId('inspect').getBoundingClientRect().top; if (top < 0 || top > window.innerHeight * 0.7) byId('inspect').scrollIntoView({ block: 'start' }); }
  } else if (VIEWS.some((one) => '#' + one.key === hash)) {
    showView(hash.slice(1));
  }
  focusAfter = false;
}

// Words with `commands` in them.
function prose(text) {
  return text.split('`').map((part, i) => (i % 2 ? el('code', { text: part }) : part)).filter((part) => part !== '');
}
function placeCell(offset) {
  return el('td', {}, offset === null ? '' : placeLink(offset));
}

function buildFindings(section) {
  const column = el('div');
  if (!D.findings.some((one) => one.severity !== 'info')) column.append(el('p', { class: 'empty', text: 'Nothing is wrong with this dump that dumpscope knows of.' }));
  for (const one of D.findings) {
    const evidence = el('tbody', {}, ...one.evidence.map(([what, value, offset]) => el('tr', {}, el('td', { class: 'own', text: what }), el('td', { class: 'mono own', text: value }), placeCell(offset))));
    column.append(el('article', { class: 'card finding ' + one.severity },
      el('div', { class: 'title' }, el('span', { class: 'badge ' + one.severity, text: one.severity }), el('h2', { class: 'own', text: one.title }), el('code', { class: 'mute', text: one.code }),
        el('span', { class: 'mute', text: one.confidence === 'proven' ? 'proven by the file' : 'inferred' })),
      el('p', { class: 'own' }, ...prose(one.verdict)),
      one.evidence.length ? el('h3', { text: 'evidence' }) : null, one.evidence.length ? el('div', { class: 'scroll' }, el('table', {}, evidence)) : null,
      one.remedy.length ? el('h3', { text: 'what to do' }) : null, one.remedy.length ? el('ul', {}, ...one.remedy.map((text) => el('li', { class: 'own' }, ...prose(text)))) : null,
      one.commands.length ? el('p', { class: 'mute' }, 'affects ', el('code', { text: one.commands.join('  ') })) : null));
  }
  const rows = D.commands.map(([command, outcome, why]) => el('tr', {}, el('td', {}, el('code', { text: command })), el('td', {}, el('span', { class: 'badge ' + outcome, text: outcome })), el('td', { class: 'mute own', text: why })));
  const side = el('div', { class: 'card' }, el('h2', { text: "What the debugger's commands will do" }), el('div', { class: 'scroll' }, el('table', {}, el('tbody', {}, ...rows))));
  section.append(el('div', { class: 'split' }, column, side));
}

function buildFlags(section) {
  const rows = D.flags.map((one) => {
    const state = one.there === 'yes' ? 'yes' : one.there === 'no' ? (one.asked ? 'no' : '') : one.there === 'partial' ? 'partial' : one.asked ? 'unknown' : '';
    const known = el('td', { class: 'own' }, one.note);
    if (one.offset !== null) known.append(' at ', placeLink(one.offset));
    return el('tr', { class: one.asked ? null : 'mute' }, el('td', { class: 'mono num', text: one.bit }), el('td', { class: 'own' }, el('code', { text: one.name }), el('div', { class: 'mute', text: one.asks })),
      el('td', {}, one.asked ? el('span', { class: 'badge good', text: 'asked' }) : ''), el('td', {}, state ? el('span', { class: 'badge ' + state, text: one.there }) : el('span', { class: 'mute', text: one.there })), known);
  });
  section.append(el('div', { class: 'card' }, el('div', { class: 'tools' }, el('h2', { text: 'What the flags ask for, and what is there' }), el('span', { class: 'grow' }), el('span', {}, 'the flags themselves: ', placeLink(24, 'header.Flags'))),
    el('div', { class: 'scroll' }, el('table', { class: 'flags' }, el('thead', {}, el('tr', {}, ...['bit', 'flag and what it asks for', 'asked', 'there', 'known by'].map((text, i) => el('th', { scope: 'col', text, class: i ? null : 'num' })))), el('tbody', {}, ...rows)))));
}

function buildTables(...keys) {
  return (section) => {
    for (const table of D.tables) if (keys.includes(table.key)) { const box = makeTable(table); box.style.marginBottom = '12px'; section.append(box); }
  };
}

function startTheme() {
  const button = byId('theme'), order = ['auto', 'light', 'dark'];
  let at = 0;
  const set = () => {
    if (order[at] === 'auto') document.documentElement.removeAttribute('data-theme'); else document.documentElement.setAttribute('data-theme', order[at]);
    button.textContent = { auto: '◐ auto', light: '○ light', dark: '● dark' }[order[at]];
    button.setAttribute('aria-label', `Theme: ${order[at]}`);
    readColors();
    drawMap();
  };
  button.addEventListener('click', () => { at = (at + 1) % 3; set(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { readColors(); drawMap(); });
  set();
}

function start() {
  document.title = `${D.name} · dumpscope atlas`;
  byId('name').textContent = D.name;
  byId('name').classList.add('own');
  const count = (severity) => D.findings.filter((one) => one.severity === severity).length;
  if (D.redacted) byId('badges').append(el('span', { class: 'badge redacted', text: 'redacted' }));
  for (const [label, value, offset] of D.facts) byId('facts').append(el('div', {}, el('dt', { text: label }), el('dd', { class: 'own' }, offset === null ? value : el('a', { href: '#x' + offset.toString(16), text: value }))));
  const total = (key) => (D.tables.find((table) => table.key === key) || { total: 0 }).total;
  const serious = count('error') + count('warning');
  addView('bytes', 'Map and bytes', null, null);
  addView('findings', 'Findings', serious, buildFindings, count('error') ? 'error' : '');
  // Files without streams (kernel dumps, user dumps of the old format) have no flags and not all tables.
  const addTables = (key, title, ...keys) => { if (keys.some((one) => D.tables.some((table) => table.key === one))) addView(key, title, total(keys[0]) || total(keys[keys.length - 1]), buildTables(...keys)); };
  if (D.flags.length) addView('flags', 'Flags', D.flags.filter((one) => one.asked).length, buildFlags);
  addTables('streams', 'Streams', 'streams');
  addTables('threads', 'Threads', 'threads');
  addTables('handles', 'Handles', 'handles');
  addTables('modules', 'Modules', 'modules', 'unloaded');
  addTables('memory', 'Memory', 'ranges', 'regions');
  byId('tabs').addEventListener('keydown', (event) => {
    const at = VIEWS.findIndex((one) => one.tab === document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: VIEWS.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = VIEWS[(to + VIEWS.length) % VIEWS.length];
    next.tab.focus();
    next.tab.click();
  });
  byId('skip').addEventListener('click', (event) => { event.preventDefault(); const to = byId('view-bytes').hidden ? VIEWS.find((one) => !one.section.hidden).section : byId('what'); if (to) { to.focus(); to.scrollIntoView({ block: 'start' }); } });
  document.addEventListener('click', (event) => { const link = event.target.closest('a[href^="#"]'); if (link && link.id !== 'skip') { focusAfter = true; if (link.getAttribute('href') === location.hash) route(); } }, true);
  const about = ['made by dumpscope; this page loads nothing and sends nothing.', D.redacted ? 'Redacted: names of users in paths, SIDs, mail addresses, secrets that look like secrets, memory, comments, tokens and unknown bytes are left out. Read it before you give it away.' : '', ...D.notes,
    ...(D.overlaps.length ? [`${D.overlaps.length} places are claimed twice; the first: ${hex(D.overlaps[0][0])}, ${D.overlaps[0][2]} and ${D.overlaps[0][3]}.`] : [])];
  byId('about').append(...about.filter(Boolean).map((text) => el('div', { class: 'own', text })));
  startMap();
  startTree();
  startTheme();
  window.addEventListener('hashchange', route);
  window.addEventListener('resize', () => { const pane = byId('inspect').querySelector('.hex-pane'); if (pane && (pane.clientWidth > 540 ? 16 : 8) !== view.perLine) drawHex(); });
  window.addEventListener('beforeprint', () => { for (const one of VIEWS) buildView(one); });
  route();
  document.documentElement.setAttribute('data-ready', 'yes');
}

function trouble(words, error) {
  byId('trouble').hidden = false;
  byId('trouble').textContent = words;
  console.error(words, error);
}

loadBytes().then(
  () => { try { start(); } catch (error) { trouble(`This page could not be drawn: ${error}`, error); } },
  (error) => trouble(`The bytes of this page cannot be unpacked (${error}). A browser of 2023 or later is needed.`, error),
);
