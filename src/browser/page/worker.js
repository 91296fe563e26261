'use strict';
// Holds the tool, and hands it the files of the page in slices. Its loader, which wasm-bindgen wrote, is in front of this.

let files = [];
const reader = new FileReaderSync();

// Called by the tool: fills a slice with bytes of a file.
function readSlice(number, offset, slice) {
  const start = Number(offset);
  let bytes;
  try {
    bytes = new Uint8Array(reader.readAsArrayBuffer(files[number].slice(start, start + slice.length)));
  } catch (error) {
    throw error.name;
  }
  if (bytes.length !== slice.length) throw 'it is shorter than it was';
  slice.set(bytes);
  // They may be those of a key.
  bytes.fill(0);
  bytes = null;
  sweep(slice.length);
}

// A browser looks for buffers that nobody needs any more when a worker is idle, or makes many objects. This one is at work for minutes, so it
// makes some that are good for nothing else: without them, a GB that is read takes 400 MB of memory.
let unswept = 0, garbage = null;
function sweep(bytes) {
  unswept += bytes;
  if (unswept < 4 << 20) return;
  unswept = 0;
  for (let count = 0; count < 4000; count += 1) garbage = new Array(128);
}

// Called by the tool: how far it is. The page is not woken for each of a million entries.
let read = 0, reported = 0;
function sourceStarted(name, bytes) {
  read = 0;
  postMessage({ kind: 'started', name, bytes: Number(bytes) });
}
function sourceAdvanced(bytes) {
  read += Number(bytes);
  const now = performance.now();
  if (now - reported < 100) return;
  reported = now;
  postMessage({ kind: 'advanced', read });
}
function sourceFinished(name) {
  postMessage({ kind: 'finished', name });
}

const actions = {
  start({ module, entries, folders, reading }) {
    wasm_bindgen.initSync({ module });
    files = entries.map(entry => entry.file);
    entries.forEach(({ path, file }, number) =>
      wasm_bindgen.hold_file(path, number, BigInt(file.size), BigInt(Math.max(0, file.lastModified))));
    folders.forEach(wasm_bindgen.hold_folder);
    wasm_bindgen.examine(JSON.stringify(reading));
    postMessage({ kind: 'examined' });
  },
  judge({ judging }) {
    const summary = wasm_bindgen.judge(JSON.stringify(judging));
    postMessage({ kind: 'judged', summary, formats: JSON.parse(wasm_bindgen.formats()) });
  },
  write({ format, purpose }) {
    postMessage({ kind: 'written', format, purpose, bytes: wasm_bindgen.write(format) });
  },
};

onmessage = ({ data }) => {
  try {
    actions[data.kind](data);
  } catch (error) {
    // The tool says what is wrong in an `Error`; anything else is its end: it panicked, or ran out of memory or stack.
    const isSaid = error instanceof Error && error.constructor === Error;
    postMessage(isSaid ? { kind: 'refused', message: error.message } : { kind: 'lost', message: String(error) });
  }
};
