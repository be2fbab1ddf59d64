/** The batches: each entry succeeds or fails by itself, unless something is wrong with the batch as such. */
import { type Handlers, type Input, WireError } from '#wire';
import { invalidParameter, missing } from '../faults.ts';
import { batchEntriesMax, batchIdCharactersMax, messageBytesMax } from '../limits.ts';
import { type Prepared, prepareMessage } from '../outgoing.ts';
import type { Queue } from '../queue.ts';
import { changeOne, deleteOne, senderOf, sentMembers } from './messages.ts';
import { queueIn, required, type SqsParts, textIn } from './request.ts';

interface Failure {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message: string;
}

export function batchHandlers(parts: SqsParts): Handlers {
  const { catalogue } = parts;
  const each =
    (operation: string, act: (queue: Queue, entry: Input) => Promise<void>): Handlers[string] =>
    async (input) => {
      const queue = queueIn(catalogue, input);
      const entries = entriesOf(input, operation);
      const outcomes = await Promise.all(
        entries.map(async (entry) => {
          try {
            await act(queue, entry);
            return undefined;
          } catch (error) {
            return failureOf(entry, error);
          }
        }),
      );
      return {
        Successful: entries.flatMap((entry, index) =>
          outcomes[index] === undefined ? [{ Id: textIn(entry, 'Id') }] : [],
        ),
        Failed: outcomes.filter((outcome) => outcome !== undefined),
      };
    };
  return {
    async SendMessageBatch(input, context) {
      const queue = queueIn(catalogue, input);
      const entries = entriesOf(input, 'SendMessage');
      return send(parts, queue, entries, senderOf(context));
    },
    DeleteMessageBatch: each('DeleteMessage', (queue, entry) => deleteOne(parts, queue, entry)),
    ChangeMessageVisibilityBatch: each('ChangeMessageVisibility', (queue, entry) =>
      changeOne(parts, queue, entry),
    ),
  };
}

async function send({ messaging }: SqsParts, queue: Queue, entries: readonly Input[], senderId: string) {
  checkOrder(queue, entries);
  const failures: Failure[] = [];
  const accepted: { readonly id: string; readonly prepared: Prepared }[] = [];
  let bytes = 0;
  for (const entry of entries) {
    try {
      const prepared = prepareMessage(queue, entry, senderId);
      bytes += prepared.bytes;
      accepted.push({ id: required(entry, 'Id'), prepared });
    } catch (error) {
      bytes += Buffer.byteLength(textIn(entry, 'MessageBody') ?? '');
      failures.push(failureOf(entry, error));
    }
  }
  if (bytes > messageBytesMax) {
    const message = `Batch requests cannot be longer than ${messageBytesMax} bytes. You have sent ${bytes} bytes.`;
    throw new WireError('BatchRequestTooLong', message);
  }
  const messages = accepted.map(({ prepared }) => prepared);
  const sent = messages.length === 0 ? [] : await messaging.send(queue, messages);
  const successes = accepted.map(({ id, prepared }, index) =>
    Object.assign(sentMembers(prepared, sent[index]), { Id: id }),
  );
  return { Successful: successes, Failed: failures };
}

/** What AWS says of a whole batch that a FIFO queue cannot put in order. */
function checkOrder({ settings }: Queue, entries: readonly Input[]): void {
  if (!settings.fifo) return;
  if (entries.some((entry) => textIn(entry, 'MessageGroupId') === undefined)) {
    throw invalidParameter('The request must contain the parameter MessageGroupId.');
  }
  const unnamed = entries.some((entry) => textIn(entry, 'MessageDeduplicationId') === undefined);
  if (!settings.contentBasedDeduplication && unnamed) {
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
}

function entriesOf(input: Input, operation: string): readonly Input[] {
  const given = (input['Entries'] as readonly (Input | null)[] | undefined) ?? [];
  const entries = given.map((entry) => entry ?? {});
  if (entries.length === 0) {
    const message = `There should be at least one ${operation}BatchRequestEntry in the request.`;
    throw new WireError('EmptyBatchRequest', message);
  }
  if (entries.length > batchEntriesMax) {
    const message = `Maximum number of entries per request are ${batchEntriesMax}. You have sent ${entries.length}.`;
    throw new WireError('TooManyEntriesInBatchRequest', message);
  }
  const ids = new Set<string>();
  for (const entry of entries) {
    const id = textIn(entry, 'Id');
    if (id === undefined) throw missing(`${operation}BatchRequestEntry.Id`);
    if (!/^[\w-]+$/.test(id) || id.length > batchIdCharactersMax) {
      const message = `A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most ${batchIdCharactersMax} letters long.`;
      throw new WireError('InvalidBatchEntryId', message);
    }
    if (ids.has(id)) throw new WireError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
    ids.add(id);
  }
  return entries;
}

/** The codes of entries are those of the Query protocol. */
const codes: Readonly<Record<string, string>> = {
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingRequiredParameterException: 'MissingParameter',
};

/** What is no error of a client concerns the whole request. */
function failureOf(entry: Input, error: unknown): Failure {
  if (!(error instanceof WireError)) throw error;
  const { errorName, message } = error;
  return {
    Id: textIn(entry, 'Id') ?? '',
    SenderFault: true,
    Code: codes[errorName] ?? errorName,
    Message: message,
  };
}
