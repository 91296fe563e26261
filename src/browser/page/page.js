'use strict';
// Takes files, has a worker examine them, and shows what comes of it. Nothing is decided here, and nothing is sent.

const at = id => document.getElementById(id);
// Everything that was dropped: a file, or a folder with all that is in it.
let sources = [];
let worker = null;
// What the worker has read, and is to read, as text; the source that it is at, and those on which it ended before.
let read = '';
let asked = '';
let current = null;
let lost = [];
let verdict = '';

/* Sources */

const size = bytes => {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
  return (unit === 0 ? bytes : bytes.toPrecision(3)) + ' ' + units[unit];
};

// Two sources of one name have to have two paths; and `-` alone means standard input.
const freePath = name => {
  const isTaken = path => path === '-' || sources.some(source => source.path === path);
  let path = name, number = 1;
  while (isTaken(path)) path = (number += 1) + '/' + name;
  return path;
};

// Adds a source: entries have paths that begin with its name.
const add = (name, entries, folders, isFolder) => {
  const path = freePath(name);
  const moved = below => path + below.slice(name.length);
  const bytes = entries.reduce((sum, { file }) => sum + file.size, 0);
  const placed = entries.map(entry => ({ path: moved(entry.path), file: entry.file }));
  sources.push({ path, isFolder, bytes, entries: placed, folders: folders.map(moved), name: '' });
};

const addFiles = files => {
  const folders = new Map();
  for (const file of files) {
    const path = file.webkitRelativePath;
    if (!path) { add(file.name, [{ path: file.name, file }], [], false); continue; }
    const top = path.split('/')[0];
    if (!folders.has(top)) folders.set(top, []);
    folders.get(top).push({ path, file });
  }
  for (const [top, entries] of folders) add(top, entries, [top], true);
  show();
};

const promised = call => new Promise((resolve, reject) => call(resolve, reject));

// Two ways to look into a folder that was dropped. On a page from a file, Chromium has the first alone; Firefox has only the second.
const throughHandle = {
  isFolder: handle => handle.kind === 'directory',
  file: handle => handle.getFile(),
  below: handle => handle.values(),
};
const throughEntry = {
  isFolder: entry => entry.isDirectory,
  file: entry => promised((yes, no) => entry.file(yes, no)),
  async *below(entry) {
    const listing = entry.createReader();
    for (;;) {
      // At most a hundred at a time.
      const some = await promised((yes, no) => listing.readEntries(yes, no));
      if (some.length === 0) return;
      yield* some;
    }
  },
};

// Collects what is in a folder, however deep.
const walk = async (way, folder, path, found) => {
  found.folders.push(path);
  for await (const one of way.below(folder)) {
    const below = path + '/' + one.name;
    if (way.isFolder(one)) await walk(way, one, below, found);
    else found.entries.push({ path: below, file: await way.file(one) });
  }
};

const addFolder = async (way, folder) => {
  const found = { entries: [], folders: [] };
  try {
    say('Listing ' + folder.name);
    await walk(way, folder, folder.name, found);
    add(folder.name, found.entries, found.folders, true);
  } catch {
    complain('The browser does not hand over the folder ' + folder.name + '. Use the button “Choose a folder”.');
  }
  say('');
};

// Adds what was dropped or pasted. It can be asked for at once alone, and waited for later.
const addItems = async items => {
  const dropped = Array.from(items).filter(item => item.kind === 'file').map(item => ({
    file: item.getAsFile(),
    entry: item.webkitGetAsEntry && item.webkitGetAsEntry(),
    handle: item.getAsFileSystemHandle && item.getAsFileSystemHandle().catch(() => null),
  }));
  for (const { file, entry, handle } of dropped) {
    const known = await handle;
    if (known && throughHandle.isFolder(known)) await addFolder(throughHandle, known);
    else if (!known && entry && throughEntry.isFolder(entry)) await addFolder(throughEntry, entry);
    else if (file) addFiles([file]);
  }
  show();
};

const show = () => {
  const rows = sources.map(source => {
    const row = document.createElement('tr');
    const cell = content => row.appendChild(document.createElement('td')).append(content);
    cell(source.path + (source.isFolder ? '/' : ''));
    cell(size(source.bytes) + (source.isFolder ? ', ' + source.entries.length + ' files' : ''));
    cell(nameField(source));
    cell(removeButton(source));
    return row;
  });
  at('sources').tBodies[0].replaceChildren(...rows);
  at('sources').hidden = sources.length === 0;
  at('examine').disabled = sources.length === 0 || !at('cancel').hidden;
};

const nameField = source => {
  const field = document.createElement('input');
  field.type = 'text';
  field.value = source.name;
  field.placeholder = 'from the source';
  field.setAttribute('aria-label', 'Name of the instance in ' + source.path);
  field.addEventListener('input', () => {
    source.name = field.value.trim();
    const isWrong = /[=/]/.test(source.name);
    field.setCustomValidity(isWrong ? 'A name has neither = nor /' : '');
    field.setAttribute('aria-invalid', String(isWrong));
  });
  return field;
};

const removeButton = source => {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Remove';
  button.setAttribute('aria-label', 'Remove ' + source.path);
  button.addEventListener('click', () => {
    sources = sources.filter(other => other !== source);
    show();
    (at('sources').querySelector('button') || at('choose-files')).focus();
  });
  return button;
};

/* What is asked for */

const words = text => text.split(',').map(word => word.trim()).filter(word => word);

const whatToRead = () => ({
  sources: sources.map(({ path, name }) => ({ path, name: name || null })),
  lost,
  logs: at('logs').checked,
  users: at('users').checked,
  digests: at('digests').checked,
});

// The bytes of a text are digested, so none may be changed on the way. No policy is as large as that.
const textOf = async file => {
  const bytes = await file.slice(0, 1 << 24).arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(file.name + ': is no UTF-8 text');
  }
};

const howToJudge = async () => {
  const policy = at('policy').files[0];
  return {
    policy: policy ? { name: policy.name, text: await textOf(policy) } : null,
    farm_by: at('farm-by').value || at('pattern').value,
    ignore: words(at('ignore').value),
    min_severity: at('min-severity').value || null,
    min_instances: Math.max(0, Math.trunc(at('min-instances').valueAsNumber || 0)),
    case: at('case').value.trim() || null,
    examiner: at('examiner').value.trim() || null,
    today: new Date().toISOString().slice(0, 10),
  };
};

/* The worker */

// The tool is packed in the page: base64 of gzip. It is given away to the worker, and unpacked again for another one.
const tool = () => {
  const packed = Uint8Array.from(atob(at('module').textContent), letter => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
};

const start = async () => {
  asked = JSON.stringify(whatToRead());
  const address = URL.createObjectURL(new Blob([at('worker').textContent], { type: 'text/javascript' }));
  worker = new Worker(address);
  const own = worker;
  worker.onmessage = ({ data }) => { if (worker === own) replies[data.kind](data); };
  worker.onerror = event => { if (worker === own) fail('The page could not start its worker: ' + event.message); };
  const entries = sources.flatMap(source => source.entries);
  const folders = sources.flatMap(source => source.folders);
  const module = await tool();
  const message = { kind: 'start', module, entries, folders, reading: JSON.parse(asked) };
  if (worker === own) worker.postMessage(message, [module]);
};

const stop = () => {
  if (worker) worker.terminate();
  worker = null;
  read = '';
  current = null;
};

const judge = async () => {
  try {
    worker.postMessage({ kind: 'judge', judging: await howToJudge() });
  } catch (error) {
    replies.refused(error);
  }
};

const replies = {
  started({ name, bytes }) {
    current = { name, bytes };
    say('Reading ' + name);
    progress(0);
  },
  advanced({ read }) { progress(read); },
  finished() { current.done = true; },
  examined() {
    read = asked;
    current = null;
    showProgress(false);
    say('Judging');
    judge();
  },
  judged({ summary, formats }) {
    verdict = summary;
    listFormats(formats);
    worker.postMessage({ kind: 'write', format: 'html', purpose: 'view' });
    worker.postMessage({ kind: 'write', format: 'ndjson', purpose: 'size' });
  },
  written({ format, purpose, bytes }) { purposes[purpose](bytes, format); },
  // What was read stays: the options may be changed.
  refused({ message }) {
    busy(false);
    say('');
    complain(message);
  },
  // What the command line says of a source on which it fails, is said by the tool that begins again without this one.
  lost({ message }) {
    if (!current || current.done) return fail('The tool failed, which is a bug: ' + message);
    lost.push(current.name);
    stop();
    start();
  },
};

const purposes = {
  view(bytes) {
    at('view').srcdoc = new TextDecoder().decode(bytes);
    at('report').hidden = false;
    busy(false);
    say('Done: ' + verdict);
    at('report-title').focus();
  },
  size(bytes) { at('facts-size').textContent = 'aemtrix.ndjson, ' + size(bytes.length); },
  save(bytes, format) {
    const { extension } = known.find(one => one.name === format);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
    link.download = 'aemtrix.' + extension;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  },
};

let known = [];
const save = format => worker && worker.postMessage({ kind: 'write', format, purpose: 'save' });
const listFormats = formats => {
  known = formats;
  at('formats').replaceChildren(...formats.map(({ name, summary }) => {
    const [line, button, text] = ['li', 'button', 'span'].map(tag => document.createElement(tag));
    button.type = 'button';
    button.textContent = 'Save ' + name;
    button.addEventListener('click', () => save(name));
    text.textContent = summary.replaceAll('`', '');
    line.append(button, text);
    return line;
  }));
};

/* What the page says */

const say = text => { at('status').textContent = text; };

const complain = text => {
  at('problem').textContent = text;
  at('problem').hidden = !text;
};

// While the bar is there, the line below it is for those who hear the page.
const showProgress = is => {
  at('progress').hidden = !is;
  at('status').classList.toggle('skip', is);
};

const progress = read => {
  showProgress(true);
  const { name, bytes } = current;
  at('current').textContent = name + ': ' + size(read) + (bytes > 0 ? ' of ' + size(bytes) : '');
  if (bytes > 0) at('bar').value = Math.min(1, read / bytes); else at('bar').removeAttribute('value');
};

const busy = is => {
  at('cancel').hidden = !is;
  showProgress(false);
  show();
};

const fail = text => {
  stop();
  busy(false);
  say('');
  complain(text);
};

/* What people do */

const examine = () => {
  const wrong = document.querySelector('#sources input[aria-invalid=true]');
  if (wrong) return wrong.reportValidity();
  complain('');
  at('report').hidden = true;
  if (worker && read === JSON.stringify(whatToRead())) {
    busy(true);
    return judge();
  }
  stop();
  lost = [];
  busy(true);
  say('Starting');
  start();
};

at('examine').addEventListener('click', examine);
at('cancel').addEventListener('click', () => {
  stop();
  busy(false);
  say('Cancelled');
  at('examine').focus();
});
at('facts').addEventListener('click', () => save('ndjson'));
at('farm-by').addEventListener('change', () => { at('pattern-field').hidden = at('farm-by').value !== ''; });
for (const [button, field] of [['choose-files', 'files'], ['choose-folder', 'folder']]) {
  at(button).addEventListener('click', () => at(field).click());
  at(field).addEventListener('change', () => {
    addFiles(Array.from(at(field).files));
    at(field).value = '';
  });
}
addEventListener('dragover', event => {
  event.preventDefault();
  at('drop').classList.add('over');
});
addEventListener('dragleave', event => { if (!event.relatedTarget) at('drop').classList.remove('over'); });
addEventListener('drop', event => {
  event.preventDefault();
  at('drop').classList.remove('over');
  addItems(event.dataTransfer.items);
});
addEventListener('paste', event => {
  if (event.clipboardData.files.length === 0) return;
  event.preventDefault();
  addItems(event.clipboardData.items);
});
