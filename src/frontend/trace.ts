/**
 * The trace header: `Root=1-<8 hex: epoch seconds>-<24 hex>;Parent=<16 hex>;Sampled=0;Lineage=<...>`. What a client sends is
 * passed on when it has the form of a trace header; otherwise a new trace begins, not sampled.
 */
import type { Clock, Entropy } from '#platform';

/** Longer than any that X-Ray makes, short enough to copy about. */
const traceCharsMax = 1_024;
const rootPattern = /(?:^|;)\s*Root=1-[0-9a-f]{8}-[0-9a-f]{24}(?:;|$)/i;
/** It becomes a header and an environment variable of the function: nothing that could end either. */
const printable = /^[\x20-\x7e]*$/;

/** Bytes of entropy drawn at once, so that most traces cost no call of their own. */
const poolBytes = 20 * 128;
const hexPerTrace = 40;

export type TraceSource = (sent: string | undefined) => string;

export function traceSource(clock: Clock, entropy: Entropy): TraceSource {
  let pool = '';
  let used = 0;
  return (sent) => {
    if (
      sent !== undefined &&
      sent.length <= traceCharsMax &&
      rootPattern.test(sent) &&
      printable.test(sent)
    ) {
      return sent;
    }
    if (used + hexPerTrace > pool.length) {
      pool = Buffer.from(entropy.bytes(poolBytes)).toString('hex');
      used = 0;
    }
    const seconds = Math.floor(clock.wallMs() / 1_000)
      .toString(16)
      .padStart(8, '0');
    const root = pool.slice(used, used + 24);
    const parent = pool.slice(used + 24, used + hexPerTrace);
    used += hexPerTrace;
    return `Root=1-${seconds}-${root};Parent=${parent};Sampled=0;Lineage=1:${root.slice(0, 8)}:0`;
  };
}
