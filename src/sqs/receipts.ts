/** Receipt handles: which reception of which message, of which queue, and when. Opaque to clients. */

export interface Receipt {
  readonly queueId: string;
  /** Epoch milliseconds. */
  readonly receivedAtMs: number;
  /** The port's. */
  readonly receipt: string;
}

const charactersMax = 1024;

export function receiptHandle({ queueId, receivedAtMs, receipt }: Receipt): string {
  return Buffer.from(`${queueId} ${receivedAtMs} ${receipt}`).toString('base64');
}

/** Undefined for what no queue has given out. */
export function parseReceiptHandle(handle: string): Receipt | undefined {
  if (handle.length > charactersMax) return undefined;
  const [queueId, receivedAt, receipt, ...more] = Buffer.from(handle, 'base64').toString('utf8').split(' ');
  const receivedAtMs = Number(receivedAt);
  if (queueId === undefined || receipt === undefined || more.length > 0 || !Number.isInteger(receivedAtMs)) {
    return undefined;
  }
  return { queueId, receivedAtMs, receipt };
}

/** 20 digits, rising. */
export const sequenceNumber = (sequence: number): string => `1886${String(sequence).padStart(16, '0')}`;
