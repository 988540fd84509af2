// The data of the page, the bytes that came with it, and how numbers are read and written.

const D = JSON.parse(document.getElementById('data').textContent);
const byId = (id) => document.getElementById(id);

// Makes an element. Text goes in as text; nothing of the dump is ever read as markup.
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'text') made.textContent = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

const hex = (value) => '0x' + value.toString(16);
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

// Characters that would not be seen, or would change the order of others, as escapes.
function printable(text) {
  return text.replace(UNSEEN, (char) => {
    const code = char.codePointAt(0);
    if (code < 0x100) return '\\x' + code.toString(16).padStart(2, '0');
    return code < 0x10000 ? '\\u' + code.toString(16).padStart(4, '0') : '\\U' + code.toString(16).padStart(8, '0');
  });
}

let blob = new Uint8Array(0);
const rangeStart = D.ranges.map((range) => range[0]);
const rangePlace = [];
{
  let at = 0;
  for (const [, size] of D.ranges) { rangePlace.push(at); at += size; }
}

async function loadBytes() {
  const element = byId('bytes');
  const text = atob(element.textContent.trim());
  let data = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) data[i] = text.charCodeAt(i);
  if (D.encoding === 'deflate') {
    const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate'));
    data = new Uint8Array(await new Response(stream).arrayBuffer());
  }
  element.textContent = '';
  blob = data;
}

// The last number whose start is not behind the value; -1 for none.
function lastAtOrBefore(starts, value) {
  let low = 0, high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= value) low = middle + 1; else high = middle;
  }
  return low - 1;
}

function byteAt(offset) {
  const number = lastAtOrBefore(rangeStart, offset);
  if (number < 0 || offset >= D.ranges[number][0] + D.ranges[number][1]) return -1;
  return blob[rangePlace[number] + offset - D.ranges[number][0]];
}

// The bytes of a stretch, or null unless the page has all of them.
function bytesAt(offset, size) {
  const number = lastAtOrBefore(rangeStart, offset);
  if (number < 0 || offset + size > D.ranges[number][0] + D.ranges[number][1]) return null;
  const start = rangePlace[number] + offset - D.ranges[number][0];
  return blob.subarray(start, start + size);
}

function numberAt(offset, size, signed) {
  const bytes = bytesAt(offset, size);
  if (bytes === null) return null;
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  if (signed && value >> BigInt(size * 8 - 1)) value -= 1n << BigInt(size * 8);
  return value;
}

// -- words for numbers --------------------------------------------------------------------------------------------------

function sizeText(value) {
  const number = Number(value);
  if (number < 1024) return String(value);
  let shown = number;
  for (const unit of ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']) {
    shown /= 1024;
    if (shown < 1024 || unit === 'EiB') return `${value} (${shown.toFixed(1)} ${unit})`;
  }
  return String(value);
}

function addressText(value) {
  const digits = BigInt.asUintN(64, value).toString(16);
  if (D.pointerSize === 4 && digits.length <= 8) return digits.padStart(8, '0');
  const whole = digits.padStart(16, '0');
  return whole.slice(0, 8) + '`' + whole.slice(8);
}

function dateText(milliseconds) {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace('T', ' ').replace('.000Z', '').replace('Z', '') + ' UTC';
}

function durationText(ticks) {
  const milliseconds = Number(ticks / 10000n);
  const days = Math.floor(milliseconds / 86400000);
  const rest = milliseconds % 86400000;
  const two = (value) => String(Math.floor(value)).padStart(2, '0');
  return `${days} days ${Math.floor(rest / 3600000)}:${two(rest / 60000 % 60)}:${two(rest / 1000 % 60)}.${String(rest % 1000).padStart(3, '0')}`;
}

function plainNumber(value, kind, signed) {
  switch (kind) {
    case 'hex': case 'rva': return signed && value < 0n ? '-0x' + (-value).toString(16) : hex(value);
    case 'tid': case 'pid': return value.toString(16);
    case 'address': return addressText(value);
    case 'size': return sizeText(value);
    default: return value.toString();
  }
}

function numberNote(value, kind) {
  switch (kind) {
    case 'time_t': return value ? dateText(Number(value) * 1000) : '';
    case 'filetime': return value > 0n ? dateText(Number(value / 10000n) - 11644473600000) : '';
    case 'duration': return value >= 0n ? durationText(value) : '';
    case 'seconds': return value >= 0n ? durationText(value * 10000000n) : '';
    case 'count': case 'decimal': return value > 4096n ? hex(value) : '';
    default: return '';
  }
}

// What a value's names are: [name, meaning] pairs, and whether they are flags.
function namesOf(valuesNumber, value) {
  if (valuesNumber < 0 || value === null) return [];
  const values = D.values[valuesNumber];
  if (!values.flags) {
    const found = values.members.find(([number]) => BigInt(number) === value) || values.members.find(([number]) => BigInt(number) === BigInt.asIntN(32, value));
    return found ? [[found[1], found[2], '']] : [];
  }
  const names = [];
  let rest = value < 0n ? BigInt.asUintN(32, value) : value;
  for (const [number, label, meaning] of values.members) {
    const bit = BigInt(number);
    if (bit && (value & bit) === bit) { names.push([label, meaning, hex(bit)]); rest &= ~bit; }
  }
  if (rest) names.push([hex(rest), 'no name', hex(rest)]);
  if (!names.length && value === 0n) {
    const none = values.members.find(([number]) => BigInt(number) === 0n);
    if (none) names.push([none[1], none[2], '0x0']);
  }
  return names;
}

function wideText(bytes) {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
  return text;
}

const utf8Text = (bytes) => new TextDecoder('utf-8').decode(bytes);
const shorten = (text, length) => (text.length > length ? text.slice(0, length) + '…' : text);

// One number of a structure at a place in the file, as the page shows it.
function readLeaf(leaf, base) {
  const [path, at, size, code, ctype, count, kind, meaning, values, target, when] = leaf;
  const offset = base + at;
  const whole = size * (count || 1);
  const field = { path, offset, size: whole, ctype: count ? `${ctype}[${count}]` : ctype, kind, meaning, target, when, names: [], text: '', note: '', value: null };
  const bytes = bytesAt(offset, whole);
  if (bytes === null) { field.text = '(not in this page)'; field.missing = true; return field; }
  const signed = code === code.toLowerCase() && code !== 'c';
  if (count) {
    if (kind === 'text') {
      const text = size === 2 ? wideText(bytes) : utf8Text(bytes);
      field.text = '"' + printable(shorten(text.split('\0')[0], 2000)) + '"';
    } else if (size === 1 || count > 16) {
      field.text = Array.from(bytes.subarray(0, 24), (byte) => byte.toString(16).padStart(2, '0')).join(' ') + (whole > 24 ? ' …' : '');
    } else {
      field.text = Array.from({ length: count }, (_, i) => plainNumber(numberAt(offset + i * size, size, signed), kind, signed)).join(', ');
    }
    return field;
  }
  field.value = numberAt(offset, size, signed);
  field.text = plainNumber(field.value, kind, signed);
  field.note = numberNote(field.value, kind);
  field.names = namesOf(values, field.value);
  field.flags = values >= 0 && D.values[values].flags;
  return field;
}
