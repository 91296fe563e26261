// Uploads to examine, made of what is in testdata.

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';

const testdata = new URL('../../testdata/', import.meta.url).pathname;

const tar = (...options) => {
  const { status, stderr } = spawnSync('tar', options);
  if (status !== 0) throw new Error(String(stderr));
};

// Packs a folder, with owners and times that do not change.
const pack = (file, directory, entry) =>
  tar('-czf', file, '--owner=aem:1000', '--group=aem:1000', '--mtime=2026-11-20', '-C', directory, entry);

// Copies a source of a case; `@oak` names the store that belongs to it.
function copyCase(name, source, to) {
  const from = join(testdata, 'cases', name, source);
  cpSync(from, to, { recursive: true, filter: path => !path.includes('/@') });
  const oak = readdirSync(from).includes('@oak') && readFileSync(join(from, '@oak'), 'utf8').trim().split(' ');
  if (!oak) return;
  mkdirSync(join(to, oak[0]), { recursive: true });
  tar('-xzf', join(testdata, 'oak', oak[1] + '.tar.gz'), '-C', join(to, oak[0]), '--strip-components=1', oak[1]);
}

const u16 = number => { const bytes = Buffer.alloc(2); bytes.writeUInt16LE(number); return bytes; };
const u32 = number => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(number); return bytes; };

// Returns all files in a folder and below.
export function filesIn(directory) {
  const paths = readdirSync(directory, { recursive: true }).map(path => join(directory, path));
  return paths.filter(path => statSync(path).isFile()).sort();
}

// A zip as old tools of Windows write it: `\` in names, nothing compressed.
function windowsZip(directory) {
  const bodies = [], listing = [];
  let offset = 0;
  for (const path of filesIn(directory)) {
    const name = Buffer.from(relative(directory, path).replaceAll('/', '\\'));
    const body = readFileSync(path);
    const fields = [u16(20), u16(0), u16(0), u32(0x5b740000), u32(crc32(body)), u32(body.length), u32(body.length), u16(name.length), u16(0)];
    listing.push(u32(0x02014b50), u16(20), ...fields, u16(0), u16(0), u16(0), u32(0), u32(offset), name);
    const local = Buffer.concat([u32(0x04034b50), ...fields, name, body]);
    bodies.push(local);
    offset += local.length;
  }
  const directoryBytes = Buffer.concat(listing);
  const count = u16(bodies.length);
  const end = [u32(0x06054b50), u16(0), u16(0), count, count, u32(directoryBytes.length), u32(offset), u16(0)];
  return Buffer.concat([...bodies, directoryBytes, ...end]);
}

// A GiB of zeros, packed to a MB.
function bomb() {
  const zeros = gzipSync(Buffer.alloc(16 << 20));
  return Buffer.concat([gzipSync(Buffer.alloc(512)), ...Array(64).fill(zeros)]);
}

const POLICY = `
[[farm]]
name = "shop"
[[farm.instance]]
name = "a"
[[farm.instance]]
name = "publish3"
[[suppress]]
rule = "hmac-differs"
reason = "known"
until = "2099-12-31"
`;

// Makes them all in a folder.
export function makeUploads(home) {
  const at = (...parts) => join(home, ...parts);
  for (const name of ['demo', 'jcr', 'odd', 'hostile', 'unpacked']) mkdirSync(at(name));
  const demo = ['author', 'publish1', 'publish2'].map(name => name + '.tar.gz');
  for (const name of demo) cpSync(join(testdata, 'demo', name), at('demo', name));

  for (const source of ['publish1', 'publish2']) {
    copyCase('jcr-author', source, at('unpacked', source));
    pack(at('jcr', source + '.tar.gz'), at('unpacked', source), 'crx-quickstart');
    // A page sees no modes, so that there must be nothing to say of them.
    for (const file of filesIn(at('unpacked', source))) chmodSync(file, 0o600);
  }

  writeFileSync(at('odd', 'cut.tar.gz'), readFileSync(at('demo', 'author.tar.gz')).subarray(0, 3000));
  copyCase('odd-hmac', 'publish1', at('odd', 'windows'));
  writeFileSync(at('odd', 'windows.zip'), windowsZip(at('odd', 'windows')));
  writeFileSync(at('odd', 'bomb.gz'), bomb());
  writeFileSync(at('odd', 'policy.toml'), POLICY);

  const script = '"><script>fetch(`https:evil.example`)<‌script>';
  const image = '<img src=https:&#47;&#47;evil.example onerror=alert(1)>';
  mkdirSync(at('hostile', image));
  copyCase('odd-hmac', 'publish1', at('hostile', image));
  pack(at('hostile', script + '.tar.gz'), at('hostile'), image);
}
