/** SQS: messages sent, received and deleted in a second, one by one and in tens, beside a bare server that answers as many requests. */
import { Agent } from 'node:http';
import { BareServer } from '../bare-server.ts';
import { run, send, type SignedRequest, type Target } from '../load.ts';
import { queueRequest, startService, type Service } from '../service.ts';
import type { Row } from '../table.ts';

const concurrency = 64;
const batch = 10;
const body = 'x'.repeat(256);

interface Measured {
  readonly perSecond: number;
  /** Requests of as many bytes, to a server that stores nothing, at the same concurrency. */
  readonly floorPerSecond: number;
}

export async function queueRows(quick: boolean): Promise<readonly Row[]> {
  const count = quick ? 1_000 : 5_000;
  using floorServer = await BareServer.start('floor.ts');
  const service = await startService();
  try {
    const QueueUrl = await createQueue(service);
    const sign = (operation: string, input: object): Promise<SignedRequest> =>
      queueRequest(service, operation, { QueueUrl, ...input });
    const entries = Array.from({ length: batch }, (_, index) => ({ Id: String(index), MessageBody: body }));
    const sendOne = [await sign('SendMessage', { MessageBody: body })];
    const sendTen = [await sign('SendMessageBatch', { Entries: entries })];
    const receive = await sign('ReceiveMessage', { MaxNumberOfMessages: batch, VisibilityTimeout: 3_600 });

    const measure = async (requests: readonly SignedRequest[], total: number): Promise<Measured> => {
      const floor = await run(floorOf(floorServer.port, requests), concurrency, total);
      const { perSecond } = await run(
        { host: service.host, port: service.port, requests },
        concurrency,
        total,
      );
      return { perSecond, floorPerSecond: floor.perSecond };
    };
    await measure(sendOne, 500);
    const sent = [await measure(sendOne, count), await measure(sendTen, count / batch)];
    const floor = await run(floorOf(floorServer.port, [receive]), concurrency, count);
    const { handles, perSecond } = await receiveAll(service, receive, 500 + 2 * count);
    const received = { perSecond, floorPerSecond: floor.perSecond };
    const single = await Promise.all(
      handles.slice(0, count).map((ReceiptHandle) => sign('DeleteMessage', { ReceiptHandle })),
    );
    const tens = await Promise.all(
      tensOf(handles.slice(count, 2 * count)).map((ten) =>
        sign('DeleteMessageBatch', {
          Entries: ten.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle })),
        }),
      ),
    );
    const deleted = [await measure(single, single.length), await measure(tens, tens.length)];
    return [
      row('SendMessage', 1, sent[0]),
      row('SendMessageBatch of ten', batch, sent[1]),
      row('ReceiveMessage of ten', batch, received),
      row('DeleteMessage', 1, deleted[0]),
      row('DeleteMessageBatch of ten', batch, deleted[1]),
    ];
  } finally {
    await service.stop();
  }
}

function row(what: string, messages: number, measured: Measured | undefined): Row {
  const { perSecond, floorPerSecond } = measured ?? { perSecond: Number.NaN, floorPerSecond: Number.NaN };
  return {
    what: `SQS: ${what}, ${body.length} bytes a message, concurrency ${concurrency}`,
    lambkin: `${(perSecond * messages).toFixed(0)} messages/s`,
    floor: `${floorPerSecond.toFixed(0)} requests/s`,
    figure: `${((perSecond / floorPerSecond) * 100).toFixed(0)}% of the floor's requests`,
  };
}

function floorOf(port: number, requests: readonly SignedRequest[]): Target {
  return { host: '127.0.0.1', port, requests };
}

async function createQueue(service: Service): Promise<string> {
  const agent = new Agent();
  const signed = await queueRequest(service, 'CreateQueue', { QueueName: 'bench' });
  const { body: answer } = await send(agent, service, signed);
  agent.destroy();
  return (JSON.parse(answer) as { QueueUrl: string }).QueueUrl;
}

/** Receives as many messages as that; `perSecond` counts requests. */
async function receiveAll(
  service: Service,
  signed: SignedRequest,
  messages: number,
): Promise<{ readonly handles: readonly string[]; readonly perSecond: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const handles: string[] = [];
  let requests = 0;
  const start = performance.now();
  const client = async (): Promise<void> => {
    while (handles.length < messages) {
      requests += 1;
      const { statusCode, body: answer } = await send(agent, service, signed);
      if (statusCode !== 200) throw new Error(`${statusCode}: ${answer}`);
      const { Messages = [] } = JSON.parse(answer) as { Messages?: readonly { ReceiptHandle: string }[] };
      handles.push(...Messages.map(({ ReceiptHandle }) => ReceiptHandle));
      // What is left is with the other clients.
      if (Messages.length === 0) return;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  const seconds = (performance.now() - start) / 1_000;
  agent.destroy();
  if (handles.length < messages) throw new Error(`${handles.length} messages of ${messages}`);
  return { handles, perSecond: requests / seconds };
}

function tensOf(handles: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: handles.length / batch }, (_, index) =>
    handles.slice(index * batch, (index + 1) * batch),
  );
}
