/** What /proc says about processes. Where there is no /proc (other systems), nothing is known and nothing is found. */
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly group: number;
  readonly residentBytes: number;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** What the kernel says of a process in one record (`stat`, `statm`, `status`) is shorter than this. */
const record = Buffer.alloc(8_192);

/** Such a record: they are read often, and this takes a third of the time that reading any file takes. */
function readRecord(path: string): string | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      return record.toString('latin1', 0, readSync(fd, record, 0, record.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** `statm` counts pages, whose size differs between hosts: `status` says the same in kilobytes, and one division tells. */
const pageBytes = pageSize();

function pageSize(): number {
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(read('/proc/self/status') ?? '')?.[1]);
  const pages = Number(read('/proc/self/statm')?.split(' ', 2)[1]);
  return pages > 0 && kilobytes > 0 ? 2 ** Math.round(Math.log2((kilobytes * 1_024) / pages)) : 4_096;
}

/** Resident memory of one process. */
export function residentBytes(pid: number): number | undefined {
  const pages = readRecord(`/proc/${pid}/statm`)?.split(' ', 2)[1];
  return pages === undefined ? undefined : Number(pages) * pageBytes;
}

/** What one process has of memory: its own, that of files it has mapped (its program first of all), and the most of both at once so far. */
export interface Residence {
  readonly anonymousBytes: number;
  readonly fileBytes: number;
  readonly peakBytes: number;
}

export function residenceOf(pid: number): Residence | undefined {
  const status = readRecord(`/proc/${pid}/status`);
  if (status === undefined) return undefined;
  return {
    anonymousBytes: bytesIn(status, /^RssAnon:\s+(\d+) kB/m),
    fileBytes: bytesIn(status, /^RssFile:\s+(\d+) kB/m),
    peakBytes: bytesIn(status, /^VmHWM:\s+(\d+) kB/m),
  };
}

function bytesIn(status: string, line: RegExp): number {
  return Number(line.exec(status)?.[1] ?? 0) * 1_024;
}

/** Memory with shared pages divided among those that share them: dearer to ask for, right for a family of processes. */
export function proportionalBytes(pid: number): number | undefined {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}

/** The fields of /proc/<pid>/stat behind the name, which may contain anything: state is the first. */
function statFields(pid: number): readonly string[] | undefined {
  const stat = readRecord(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** User and system time of one process, in clock ticks. */
export function cpuTicks(pid: number): number | undefined {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === 'Z' ? undefined : Number(fields[11]) + Number(fields[12]);
}

/** One process's group and memory; undefined for one that has ended. */
export function processEntry(pid: number): ProcessEntry | undefined {
  const fields = statFields(pid);
  if (fields === undefined || fields[0] === 'Z') return undefined;
  return { pid, group: Number(fields[2]), residentBytes: Number(fields[21]) * pageBytes };
}

/** All process ids of the host. */
export function processIds(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

export function threadIds(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** The value of `variable` in the environment that the process was started with, or undefined (also when it may not be read). */
export function startedWith(pid: number, variable: string): string | undefined {
  const environment = read(`/proc/${pid}/environ`);
  if (environment === undefined) return undefined;
  const key = `${variable}=`;
  let at = environment.startsWith(key) ? 0 : environment.indexOf(`\0${key}`);
  if (at < 0) return undefined;
  if (at > 0) at += 1;
  const end = environment.indexOf('\0', at);
  return environment.slice(at + key.length, end < 0 ? undefined : end);
}

/** The oldest first. */
export function childrenOf(pid: number): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** A process with all that descend from it. */
export function familyOf(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap((child) => familyOf(child))];
}
