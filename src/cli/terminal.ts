/** Writing for people: colour only where the stream is a terminal that wants it (NO_COLOR and FORCE_COLOR are heeded). */
import { styleText } from 'node:util';
import type { Paint } from './banner.ts';

export function painter(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

/** A reader that goes away (`lambkin logs x | head`) ends the command quietly. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}

/** The service outlives its terminal, and whoever read what it printed. */
export function surviveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error');
    stream.on('error', () => {});
  }
}
