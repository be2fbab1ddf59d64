/**
 * The trace header: `Root=1-<8 hex: epoch seconds>-<24 hex>;Parent=<16 hex>;Sampled=0;Lineage=<...>`. What a client sends is
 * passed on when it has the form of a trace header, with this invoke counted in its lineage; otherwise a new trace begins, not
 * sampled, whose lineage begins with the function.
 */
import type { Clock, Entropy } from '#platform';
import { type Chained, chained, firstLineage } from './lineage.ts';

/** Longer than any that X-Ray makes, short enough to copy about. */
const traceCharsMax = 1_024;
const rootPattern = /(?:^|;)\s*Root=1-[0-9a-f]{8}-[0-9a-f]{24}(?:;|$)/i;
/** It becomes a header and an environment variable of the function: nothing that could end either. */
const printable = /^[\x20-\x7e]*$/;

/** Bytes of entropy drawn at once, so that most traces cost no call of their own. */
const poolBytes = 20 * 128;
const hexPerTrace = 40;

export type TraceSource = (
  sent: string | undefined,
  functionHash: string,
  onLoop: 'Allow' | 'Terminate',
) => Chained;

export function traceSource(clock: Clock, entropy: Entropy): TraceSource {
  let pool = '';
  let used = 0;
  return (sent, functionHash, onLoop) => {
    if (
      sent !== undefined &&
      sent.length <= traceCharsMax &&
      rootPattern.test(sent) &&
      printable.test(sent)
    ) {
      const chain = chained(sent, functionHash, onLoop);
      // One that has grown too long to be taken back begins anew rather than losing its count.
      if (chain.kind === 'loops' || chain.trace.length <= traceCharsMax) return chain;
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
    const trace = `Root=1-${seconds}-${root};Parent=${parent};Sampled=0;${firstLineage(functionHash)}`;
    return { kind: 'goes-on', trace };
  };
}
