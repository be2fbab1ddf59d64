/**
 * The floor for many functions: a bare node:http server that hands each request to one of many bare Node processes, which parse it and write it back.
 * No signature, no scheduling, no runtime: what is left is what it costs to have many processes take turns. `/few` uses those that came back
 * last, of eight a core; `/many` each of 100 in turn. Prints its port.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Socket } from 'node:net';
import { serveBare } from './serve-bare.ts';

const echo = `
  const { readSync, writeSync } = require('node:fs');
  const bytes = Buffer.alloc(65536);
  for (let count; (count = readSync(3, bytes)) > 0;)
    writeSync(4, JSON.stringify(JSON.parse(bytes.toString('utf8', 0, count))));`;
const many = 100;
/** As many as Lambkin has take turns for one function. */
const few = availableParallelism() * 8;

/** One process, or the line before it. */
class Echo {
  readonly #to: Socket;
  readonly #waiting: ((body: Buffer) => void)[] = [];

  constructor() {
    const child = spawn(process.execPath, ['-e', echo], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    });
    const [, , , to, from] = child.stdio as unknown as readonly Socket[];
    if (to === undefined || from === undefined) throw new Error('a process without pipes');
    this.#to = to;
    from.on('data', (body: Buffer) => this.#waiting.shift()?.(body));
  }

  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  send(body: Buffer, done: (body: Buffer) => void): void {
    this.#waiting.push(done);
    this.#to.write(body);
  }
}

const processes = Array.from({ length: many }, () => new Echo());
/** Those of `/few` that have nothing to do, the latest last; and who waits for one. */
const idle = processes.slice(0, few);
const line: ((echo: Echo) => void)[] = [];
let turn = 0;

function rotate(body: Buffer, done: (body: Buffer) => void): void {
  do turn = (turn + 1) % many;
  while (processes[turn]?.isBusy);
  processes[turn]?.send(body, done);
}

function reuse(body: Buffer, done: (body: Buffer) => void): void {
  const run = (latest: Echo): void =>
    latest.send(body, (answer) => {
      const next = line.shift();
      if (next === undefined) idle.push(latest);
      else next(latest);
      done(answer);
    });
  const latest = idle.pop();
  if (latest === undefined) line.push(run);
  else run(latest);
}

serveBare((path, body, done) => {
  const hand = path === '/many' ? rotate : reuse;
  hand(body, done);
});
