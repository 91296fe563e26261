// Chromium over the DevTools protocol, through pipes: nothing is to be installed beside it.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

// Returns the Chromium that is installed, if any.
export function chromium() {
  const named = process.env.CHROMIUM ? [process.env.CHROMIUM] : NAMES;
  return named.find(name => spawnSync(name, ['--version']).status === 0);
}

export class Chromium {
  #number = 0;
  #waiting = new Map();
  #rest = '';
  #contexts = [];
  // What pages asked for and said, by everything that they started.
  requests = [];
  messages = [];

  static async start(program, more = []) {
    return new Chromium(program, more);
  }

  constructor(program, more) {
    this.home = mkdtempSync(join(tmpdir(), 'aemtrix-browser-'));
    const flags = ['--headless=new', '--no-sandbox', '--no-first-run', '--disable-gpu', '--disable-extensions',
      '--disable-background-networking', '--disable-component-update', '--remote-debugging-pipe',
      `--user-data-dir=${this.home}`, ...more, 'about:blank'];
    this.process = spawn(program, flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.process.stdio[4].setEncoding('utf8').on('data', text => this.#take(text));
  }

  #take(text) {
    const parts = (this.#rest + text).split('\0');
    this.#rest = parts.pop();
    for (const part of parts) this.#heard(JSON.parse(part));
  }

  #heard({ id, method, params, sessionId, result, error }) {
    if (id) {
      const { yes, no } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) no(new Error(error.message)); else yes(result);
    } else if (method === 'Network.requestWillBeSent') {
      this.requests.push(params.request.url);
    } else if (method === 'Runtime.consoleAPICalled') {
      this.messages.push(params.type + ': ' + params.args.map(one => one.value ?? one.description).join(' '));
    } else if (method === 'Runtime.exceptionThrown') {
      this.messages.push('exception: ' + (params.exceptionDetails.exception?.description ?? params.exceptionDetails.text));
    } else if (method === 'Log.entryAdded') {
      this.messages.push(params.entry.level + ': ' + params.entry.text);
    } else if (method === 'Runtime.executionContextCreated') {
      this.#contexts.push({ contextId: params.context.id, ...params.context.auxData, session: sessionId });
    } else if (method === 'Target.attachedToTarget') {
      this.watch(params.sessionId).catch(() => {});
    }
  }

  // Calls a method of the protocol.
  send(method, params = {}, sessionId = this.session) {
    const id = this.#number += 1;
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId: sessionId ?? undefined }) + '\0');
    return new Promise((yes, no) => this.#waiting.set(id, { yes, no }));
  }

  // Notes what a page, a worker or a frame does, and what it starts, before its first line runs.
  async watch(session) {
    const on = (method, params) => this.send(method, params, session).catch(() => {});
    await Promise.all([on('Network.enable'), on('Runtime.enable'), on('Log.enable'),
      on('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })]);
    await on('Runtime.runIfWaitingForDebugger');
  }

  // Opens a page of its own, and forgets what was noted before.
  async open(address) {
    if (this.target) await this.send('Target.closeTarget', { targetId: this.target }, null);
    this.requests = [];
    this.messages = [];
    this.#contexts = [];
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' }, null);
    this.target = targetId;
    this.session = (await this.send('Target.attachToTarget', { targetId, flatten: true }, null)).sessionId;
    await this.watch(this.session);
    await this.send('Page.enable');
    await this.send('Page.navigate', { url: address });
    await this.until('document.readyState === "complete"');
  }

  // Evaluates a script in the page.
  async run(expression) {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', params);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Evaluates a script in the frame of the report.
  async runInFrame(expression) {
    const { frameTree } = await this.send('Page.getFrameTree');
    const own = this.#contexts.filter(one => one.isDefault && one.frameId !== frameTree.frame.id).at(-1);
    const params = { expression, contextId: own.contextId, returnByValue: true };
    return (await this.send('Runtime.evaluate', params, own.session)).result.value;
  }

  // Saves what is saved to a folder.
  async saveTo(folder) {
    await this.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder }, null);
  }

  // Waits until a script says yes.
  async until(expression, seconds = 120) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      if (await this.run(expression)) return;
      await new Promise(yes => setTimeout(yes, 50));
    }
    throw new Error('not within ' + seconds + ' s: ' + expression);
  }

  // Chooses files, as a person does with the button.
  async choose(field, paths) {
    const { root } = await this.send('DOM.getDocument');
    const { nodeId } = await this.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#' + field });
    await this.send('DOM.setFileInputFiles', { nodeId, files: paths });
  }

  async chooseFolder(field, path) {
    await this.choose(field, [path]);
  }

  // Drops something on the page, as a person does with a mouse.
  async drop(paths) {
    for (const type of ['dragEnter', 'dragOver', 'drop']) {
      const data = { items: [], files: paths, dragOperationsMask: 1 };
      await this.send('Input.dispatchDragEvent', { type, x: 200, y: 250, data });
    }
  }

  async press(key, code = key) {
    const codes = { Tab: 9, Enter: 13, ' ': 32 };
    const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined;
    const params = { key, code, windowsVirtualKeyCode: codes[key], text };
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...params });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...params });
  }

  async close() {
    const ended = new Promise(yes => this.process.once('exit', yes));
    await this.send('Browser.close', {}, null).catch(() => {});
    await ended;
    rmSync(this.home, { recursive: true, force: true });
  }
}
