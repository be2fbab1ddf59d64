/** The operations on a queue's attributes, and on the permissions in its policy. */
import type { Handlers, Input } from '#wire';
import { changedAttributes, effectiveAttributes, isAttributeName, settingsOf } from '../attributes.ts';
import type { Catalogue } from '../catalogue.ts';
import { invalidAttribute, invalidValue, missing, noQueue, unknownAttribute } from '../faults.ts';
import { grantedPolicy, revokedPolicy } from '../permissions.ts';
import { fifoSuffix, type Queue, queueArn } from '../queue.ts';
import { allowsSource } from '../redrive.ts';
import { mapIn, queueIn, required, type SqsParts, textsIn } from './request.ts';

type Attributes = Readonly<Record<string, string>>;

export function attributeHandlers(parts: SqsParts): Handlers {
  const { catalogue } = parts;
  const change = async (queue: Queue, changed: (attributes: Attributes) => Attributes) => {
    const outcome = await catalogue.update(queue, ({ attributes, tags }) => ({
      attributes: changed(attributes),
      tags,
    }));
    if (outcome === 'no-queue') throw noQueue();
    return {};
  };
  /** Puts another policy in the place of that which is there. */
  const changePolicy = (queue: Queue, policy: (text: string | undefined) => string) =>
    change(queue, (attributes) => {
      const text = policy(attributes['Policy']);
      return changedAttributes(attributes, { Policy: text }, queue.settings.fifo);
    });
  return {
    GetQueueAttributes: async (input) => get(parts, input),
    async SetQueueAttributes(input) {
      const queue = queueIn(catalogue, input);
      const given = mapIn(input, 'Attributes');
      if (given === undefined) throw missing('Attributes');
      const { fifo } = queue.settings;
      if (fifo && given['FifoQueue'] !== undefined && given['FifoQueue'] !== 'true') {
        throw invalidAttribute('FifoQueue', 'Modifying queue type is not supported.');
      }
      return change(queue, (attributes) => {
        const changed = changedAttributes(attributes, given, fifo);
        if (given['RedrivePolicy']) checkRedrive(catalogue, queue.record.name, changed);
        return changed;
      });
    },
    async AddPermission(input) {
      const queue = queueIn(catalogue, input);
      const grant = {
        label: required(input, 'Label'),
        accountIds: textsIn(input, 'AWSAccountIds'),
        actions: textsIn(input, 'Actions'),
      };
      return changePolicy(queue, (text) => grantedPolicy(text, queue.arn, grant));
    },
    async RemovePermission(input) {
      const queue = queueIn(catalogue, input);
      const label = required(input, 'Label');
      return changePolicy(queue, (text) => revokedPolicy(text, queue.arn, label));
    },
  };
}

async function get({ catalogue, messaging }: SqsParts, input: Input) {
  const queue = queueIn(catalogue, input);
  const names = textsIn(input, 'AttributeNames');
  for (const name of names) if (name !== 'All' && !isAttributeName(name)) throw unknownAttribute(name);
  if (names.length === 0) return {};
  const { record, settings, arn } = queue;
  const wantsAll = names.includes('All');
  const wants = (name: string): boolean => wantsAll || names.includes(name);
  const all: Record<string, string> = {
    ...effectiveAttributes(record.attributes, settings.fifo),
    QueueArn: arn,
    CreatedTimestamp: String(Math.floor(record.createdMs / 1000)),
    LastModifiedTimestamp: String(Math.floor(record.modifiedMs / 1000)),
  };
  // Counting is the only part that costs something.
  if (wantsAll || names.some((name) => name.startsWith('Approximate'))) {
    const { visible, inFlight, delayed } = await messaging.depth(queue);
    all['ApproximateNumberOfMessages'] = String(visible);
    all['ApproximateNumberOfMessagesNotVisible'] = String(inFlight);
    all['ApproximateNumberOfMessagesDelayed'] = String(delayed);
  }
  return { Attributes: Object.fromEntries(Object.entries(all).filter(([name]) => wants(name))) };
}

/** A dead-letter queue must be there, be of the same kind, and take messages of this queue. */
export function checkRedrive(catalogue: Catalogue, name: string, attributes: Attributes): void {
  const text = attributes['RedrivePolicy'];
  const { redrive } = settingsOf(attributes);
  if (text === undefined || redrive === undefined) return;
  const { deadLetterTargetArn } = redrive;
  const target = catalogue.findByArn(deadLetterTargetArn);
  const refused = (reason: string) => invalidValue('RedrivePolicy', text, reason);
  if (target === undefined) throw refused('Dead letter target does not exist.');
  if (target.settings.fifo !== name.endsWith(fifoSuffix)) {
    throw refused('Dead-letter queue must be same type of queue as the source.');
  }
  if (!allowsSource(target.settings.redriveAllowance, queueArn(catalogue.place, name))) {
    throw refused('The redrive allow policy of the dead-letter queue does not allow this queue as a source.');
  }
}
