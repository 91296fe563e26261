// Firefox over WebDriver BiDi, as far as the tests need it. Node 20 has a `WebSocket` with --experimental-websocket alone.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { filesIn } from './uploads.mjs';

const NAMES = ['firefox', 'firefox-esr'];

// Returns the Firefox that is installed, if any.
export function firefox() {
  const named = process.env.FIREFOX ? [process.env.FIREFOX] : NAMES;
  return globalThis.WebSocket && named.find(name => spawnSync(name, ['--version']).status === 0);
}

export class Firefox {
  #number = 0;
  #waiting = new Map();
  requests = [];
  messages = [];

  static async start(program) {
    const browser = new Firefox();
    browser.home = mkdtempSync(join(tmpdir(), 'aemtrix-browser-'));
    const flags = ['--headless', '--no-remote', '--profile', browser.home, '--remote-debugging-port', '0'];
    browser.process = spawn(program, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    const address = await new Promise(yes => browser.process.stderr.setEncoding('utf8').on('data', text => {
      const found = /listening on (ws:\S+)/.exec(text);
      if (found) yes(found[1]);
    }));
    browser.socket = new WebSocket(address + '/session');
    browser.socket.onmessage = ({ data }) => browser.#heard(JSON.parse(data));
    await new Promise(yes => { browser.socket.onopen = yes; });
    await browser.send('session.new', { capabilities: {} });
    await browser.send('session.subscribe', { events: ['network.beforeRequestSent', 'log.entryAdded'] });
    return browser;
  }

  #heard({ id, type, method, params, result, message }) {
    if (id) {
      const { yes, no } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (type === 'error') no(new Error(message)); else yes(result);
    } else if (method === 'network.beforeRequestSent') {
      this.requests.push(params.request.url);
    } else if (method === 'log.entryAdded') {
      this.messages.push(params.level + ': ' + params.text);
    }
  }

  send(method, params) {
    const id = this.#number += 1;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((yes, no) => this.#waiting.set(id, { yes, no }));
  }

  async open(address) {
    const old = this.context;
    this.context = (await this.send('browsingContext.create', { type: 'tab' })).context;
    if (old) await this.send('browsingContext.close', { context: old });
    this.requests = [];
    this.messages = [];
    await this.send('browsingContext.navigate', { context: this.context, url: address, wait: 'complete' });
  }

  async run(expression) {
    const params = { expression, awaitPromise: true, target: { context: this.context } };
    const { type, result, exceptionDetails } = await this.send('script.evaluate', params);
    if (type === 'exception') throw new Error(exceptionDetails.text);
    return result.value;
  }

  async runInFrame(expression) {
    const { contexts } = await this.send('browsingContext.getTree', { root: this.context });
    const target = { context: contexts[0].children[0].context };
    return (await this.send('script.evaluate', { expression, awaitPromise: true, target })).result.value;
  }

  async until(expression, seconds = 240) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      if (await this.run(expression)) return;
      await new Promise(yes => setTimeout(yes, 50));
    }
    throw new Error('not within ' + seconds + ' s: ' + expression);
  }

  async choose(field, files) {
    const locator = { type: 'css', value: '#' + field };
    const { nodes } = await this.send('browsingContext.locateNodes', { context: this.context, locator });
    await this.send('input.setFiles', { context: this.context, element: { sharedId: nodes[0].sharedId }, files });
  }

  // Firefox lets nobody but a person choose a folder, so its files are given the paths that they would have.
  async chooseFolder(field, path) {
    const files = filesIn(path);
    const paths = JSON.stringify(files.map(file => relative(dirname(path), file)));
    await this.run(`at('${field}').webkitdirectory = false; at('${field}').multiple = true;
      Object.defineProperty(File.prototype, 'webkitRelativePath', { get: Array.prototype.shift.bind(${paths}) }); null`);
    await this.choose(field, files);
  }

  async press(key) {
    const value = { Tab: '\ue004', Enter: '\ue007' }[key] ?? key;
    const actions = [{ type: 'key', id: 'keys', actions: [{ type: 'keyDown', value }, { type: 'keyUp', value }] }];
    await this.send('input.performActions', { context: this.context, actions });
  }

  async close() {
    const ended = new Promise(yes => this.process.once('exit', yes));
    await this.send('browser.close', {}).catch(() => {});
    await ended;
    rmSync(this.home, { recursive: true, force: true });
  }
}
