// Drives the page in the browsers that are there: what it writes is what the command line writes, and it asks nobody for anything.
//
//     node tests/page/run.mjs target/dist/aemtrix.html [CASE]      AEMTRIX names the program [default: target/debug/aemtrix]

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Chromium, chromium } from './chromium.mjs';
import { Firefox, firefox } from './firefox.mjs';
import { makeUploads } from './uploads.mjs';

const page = pathToFileURL(resolve(process.argv[2])).href;
const tool = resolve(process.env.AEMTRIX ?? 'target/debug/aemtrix');
const home = mkdtempSync(join(tmpdir(), 'aemtrix-page-'));
makeUploads(home);
let browser = null;

// The id of the line that ends a run is a digest of it, and it says which machine the tool was built for.
const withoutEndId = text => text.replaceAll(/"id":"[0-9a-f]{32}"(?=,"end":)/g, '"id":""');

// What the command line writes in a folder, in the format of an extension. It says which machine it was built for.
function written(folder, extension, options) {
  const file = join(home, 'written.' + extension);
  const { stderr } = spawnSync(tool, ['scan', '-q', '-f', 'summary', '-o', file, ...options], { cwd: join(home, folder) });
  assert.equal(String(stderr), '');
  return withoutEndId(readFileSync(file, 'utf8').replaceAll(/`x86_64-linux`|x86_64-linux/g, 'wasm32-browser'));
}

// What the page saves.
const saved = async format => withoutEndId(await browser.run(`new Promise(yes => {
  const before = purposes.save;
  purposes.save = bytes => { purposes.save = before; yes(new TextDecoder().decode(bytes)); };
  save(${JSON.stringify(format)});
})`));

const choose = (folder, names) => browser.choose('files', names.map(name => join(home, folder, name)));

async function examine() {
  await browser.run('at("examine").click()');
  await browser.until('at("cancel").hidden');
  assert.equal(await browser.run('at("problem").textContent'), '');
  assert.equal(await browser.run('at("report").hidden'), false);
}

// Nothing was asked for but the page itself, and nobody complained.
function checkSilence() {
  const isOwn = address => address === page || /^(blob|data|about):/.test(address);
  assert.deepEqual(browser.requests.filter(address => !isOwn(address)), []);
  assert.deepEqual(browser.messages, []);
}

// A page is not handed the owners of files in a folder.
const withoutOwners = text => JSON.parse(text, (key, value) => {
  if (key === 'rows') return value.filter(row => row.fact !== 'key-owner');
  return key === 'owner' ? null : value;
});

async function checkFolder() {
  await browser.until('sources.length === 1');
  assert.equal(await browser.run('sources[0].path'), 'unpacked');
  await examine();
  assert.deepEqual(withoutOwners(await saved('json')), withoutOwners(written('.', 'json', ['unpacked'])));
}

const DEMO = ['author.tar.gz', 'publish1.tar.gz', 'publish2.tar.gz'];

const cases = {
  async 'a farm, in every format'() {
    await choose('demo', DEMO);
    await examine();
    for (const { name: format, extension } of JSON.parse(await browser.run('JSON.stringify(known)'))) {
      assert.equal(await saved(format), written('demo', extension, DEMO), format);
    }
    assert.match(await browser.run('at("status").textContent'), /^Done: inconsistent: 3 instances from 3 sources/);
  },

  async 'the report in its frame'() {
    await choose('demo', DEMO);
    await examine();
    for (const end = Date.now() + 10000; Date.now() < end;) {
      if (await browser.runInFrame('document.querySelectorAll("table").length > 0').catch(() => false)) break;
    }
    assert.match(await browser.runInFrame('document.body.textContent'), /hmac differs from the other 2 instances/);
    assert.equal(await browser.runInFrame('getComputedStyle(document.querySelector(".card")).borderTopLeftRadius'), '8px', 'its style');
    await browser.runInFrame('dispatchEvent(new Event("beforeprint")), true');
    assert.equal(await browser.runInFrame('document.querySelectorAll("details:not([open])").length'), 0, 'its script');
    assert.equal(await browser.runInFrame('try { String(parent.document) } catch (error) { error.name }'), 'SecurityError');
  },

  async 'facts that are saved'() {
    if (!browser.saveTo) return 'not to be driven';
    await browser.saveTo(home);
    await choose('demo', DEMO);
    await examine();
    await browser.run('at("facts").click()');
    const file = join(home, 'aemtrix.ndjson');
    for (const end = Date.now() + 10000; Date.now() < end && !existsSync(file);) await new Promise(yes => setTimeout(yes, 50));
    assert.equal(withoutEndId(readFileSync(file, 'utf8')), written('demo', 'ndjson', DEMO));
  },

  async 'names, digests and a policy, then another'() {
    await choose('demo', DEMO);
    await browser.choose('policy', [join(home, 'odd', 'policy.toml')]);
    await browser.run(`at('digests').click(); at('logs').click();
      for (const [at, name] of [[0, 'a'], [2, 'p2']]) {
        const field = document.querySelectorAll('#sources input')[at];
        field.value = name; field.dispatchEvent(new Event('input'));
      }`);
    await examine();
    const named = ['a=author.tar.gz', 'publish1.tar.gz', 'p2=publish2.tar.gz', '--no-logs', '--digests'];
    const policy = ['--policy', '../odd/policy.toml'];
    const policyName = text => text.replaceAll('../odd/policy.toml', 'policy.toml');
    assert.equal(await saved('json'), policyName(written('demo', 'json', [...named, ...policy])));
    // Judged again, and not read again.
    await browser.run(`at('policy').value = ''; at('farm-by').value = 'input'; at('ignore').value = 'key-permissions'; at('case').value = 'c1'`);
    const worker = await browser.run('globalThis.first = worker, true');
    await examine();
    assert.equal(await browser.run('worker === first'), worker);
    const options = ['--farm-by', 'input', '--ignore', 'key-permissions', '--case', 'c1'];
    assert.equal(await saved('json'), written('demo', 'json', [...named, ...options]));
  },

  async 'keys in the repository'() {
    const names = ['publish1.tar.gz', 'publish2.tar.gz'];
    await choose('jcr', names);
    await examine();
    const json = await saved('json');
    assert.equal(json, written('jcr', 'json', names));
    assert.match(json, /"origin": ?"jcr"/);
  },

  async 'a cut archive, a zip of Windows, and a bomb'() {
    const names = ['bomb.gz', 'cut.tar.gz', 'windows.zip'];
    await choose('odd', names);
    await examine();
    assert.equal(await saved('json'), written('odd', 'json', names));
  },

  async 'a folder that is chosen'() {
    await browser.chooseFolder('folder', join(home, 'unpacked'));
    await checkFolder();
  },

  async 'a folder that is dropped'() {
    if (!browser.drop) return 'not to be driven';
    await browser.drop([join(home, 'unpacked')]);
    await checkFolder();
  },

  async 'hostile names'() {
    const names = ['"><script>fetch(`https:evil.example`)<‌script>.tar.gz'];
    await choose('hostile', names);
    await examine();
    assert.equal(await saved('json'), written('hostile', 'json', names));
    assert.equal(await saved('html'), written('hostile', 'html', names));
  },

  async 'a source on which the tool fails'() {
    await choose('demo', DEMO);
    // As if it panicked there: what is thrown while it runs ends it.
    await browser.run(`at('worker').textContent += \`;
      const post = postMessage;
      globalThis.postMessage = message => {
        post(message);
        if (message.kind === 'started' && message.name === 'publish1.tar.gz') throw new TypeError('panic');
      };\``);
    await examine();
    const { gaps, farms } = JSON.parse(await saved('json'));
    assert.deepEqual(gaps.map(gap => [gap.source, gap.kind]), [['publish1.tar.gz', 'internal']]);
    assert.match(gaps[0].reason, /the tool failed on this source, which is a bug/);
    assert.equal(farms[0].instances.length, 2);
  },

  async 'a policy that is none'() {
    await choose('demo', DEMO);
    await browser.choose('policy', [join(home, 'odd', 'cut.tar.gz')]);
    await browser.run('at("examine").click()');
    await browser.until('!at("problem").hidden');
    assert.equal(await browser.run('at("problem").textContent'), 'cut.tar.gz: is no UTF-8 text');
    await browser.run('at("policy").value = ""');
    await examine();
  },

  async 'cancelled'() {
    await choose('odd', ['bomb.gz']);
    await browser.run('at("examine").click()');
    await browser.until('at("status").textContent.startsWith("Reading")');
    await browser.run('at("cancel").click()');
    assert.equal(await browser.run('at("status").textContent'), 'Cancelled');
    assert.equal(await browser.run('worker === null'), true);
  },

  async 'by keyboard alone'() {
    const focused = () => browser.run('document.activeElement.id || document.activeElement.textContent');
    const order = [];
    await choose('demo', DEMO);
    for (let at = 0; at < 40 && await focused() !== 'examine'; at += 1) {
      await browser.press('Tab');
      order.push(await focused());
    }
    assert.deepEqual(order.filter(id => /choose|examine/.test(id)), ['choose-files', 'choose-folder', 'examine']);
    await browser.press('Enter');
    await browser.until('!at("report").hidden');
    assert.equal(await focused(), 'report-title');
    // What can be focused in the report comes first.
    for (let at = 0; at < 200 && await focused() !== 'facts'; at += 1) await browser.press('Tab');
    assert.equal(await focused(), 'facts');
  },
};

let failures = 0;
for (const [title, find, start] of [['Chromium', chromium, Chromium.start], ['Firefox', firefox, Firefox.start]]) {
  const program = find();
  if (!program) {
    console.log(title + ': not tested, since it is not there');
    continue;
  }
  browser = await start(program);
  for (const [name, run] of Object.entries(cases).filter(([name]) => name.includes(process.argv[3] ?? ''))) {
    try {
      await browser.open(page);
      const skipped = await Promise.race([run(), new Promise((_, no) => setTimeout(no, 200000, new Error('not within 200 s')).unref())]);
      checkSilence();
      console.log(title + (skipped ? ': -     ' : ': ok    ') + name + (skipped ? ': ' + skipped : ''));
    } catch (error) {
      failures += 1;
      console.log(title + ': WRONG ' + name + '\n' + String(error.stack).slice(0, 1500));
    }
  }
  await browser.close();
}
rmSync(home, { recursive: true });
process.exitCode = failures > 0 ? 1 : 0;
