/** The trace header of a request to a URL: the client's own where it is one, else a new one. Pure. */

const root = /(?:^|;)\s*Root=1-[0-9a-f]{8}-[0-9a-f]{24}(?:;|$)/i;
const printable = /^[\x20-\x7e]{1,1024}$/;

/** The new root is made of the request's id (a UUID), which is as unique as a trace has to be. */
export function urlTrace(sent: string | string[] | undefined, requestId: string, nowMs: number): string {
  if (typeof sent === 'string' && printable.test(sent) && root.test(sent)) return sent;
  const seconds = Math.floor(nowMs / 1_000)
    .toString(16)
    .padStart(8, '0');
  return `Root=1-${seconds}-${requestId.replaceAll('-', '').slice(0, 24)}`;
}
