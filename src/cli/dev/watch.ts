/** Says when a folder may have changed: at once where the system tells, else at the next look. */
import { type FSWatcher, watch } from 'node:fs';
import { lookMs, lookShare, watchersMax } from './limits.ts';

export class Watch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #signal: AbortSignal;
  #changed = false;
  #wake = (): void => {};

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Watches these directories, and no others any more. What packages hold changes seldom: it is found by looking. */
  follow(directories: readonly string[]): void {
    const wanted = new Set(
      directories.filter((path) => !/[/\\]node_modules[/\\]/.test(path)).slice(0, watchersMax),
    );
    for (const [path, watcher] of this.#watchers) {
      if (wanted.has(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    for (const path of wanted) if (!this.#watchers.has(path)) this.#watch(path);
  }

  /** Resolves when something was said to change, or it is time to look. `readMs`: how long a look takes. */
  async next(readMs: number): Promise<void> {
    if (!this.#changed && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(lookMs, readMs * lookShare));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.follow([]);
  }

  #watch(path: string): void {
    try {
      const watcher = watch(path, () => {
        this.#changed = true;
        this.#wake();
      });
      // A directory that goes, or a system that watches no more: looking finds what it would have said.
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(path);
      });
      this.#watchers.set(path, watcher);
    } catch {
      // The same.
    }
  }
}
