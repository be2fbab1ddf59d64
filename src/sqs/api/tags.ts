/** The operations on a queue's tags. */
import type { Handlers } from '#wire';
import { invalidParameter, missing, noQueue } from '../faults.ts';
import { tagsMax } from '../limits.ts';
import type { Queue } from '../queue.ts';
import { mapIn, queueIn, type SqsParts, textsIn } from './request.ts';

type Tags = Readonly<Record<string, string>>;

export function tagHandlers({ catalogue }: SqsParts): Handlers {
  const change = async (queue: Queue, changed: (tags: Tags) => Tags) => {
    const outcome = await catalogue.update(queue, ({ attributes, tags }) => ({
      attributes,
      tags: changed(tags),
    }));
    if (outcome === 'no-queue') throw noQueue();
    return {};
  };
  return {
    async TagQueue(input) {
      const queue = queueIn(catalogue, input);
      const given = mapIn(input, 'Tags');
      if (given === undefined || Object.keys(given).length === 0) throw missing('Tags');
      return change(queue, (tags) => {
        const all = { ...tags, ...given };
        checkTags(all, queue.record.name);
        return all;
      });
    },
    async UntagQueue(input) {
      const queue = queueIn(catalogue, input);
      const keys = new Set(textsIn(input, 'TagKeys'));
      if (keys.size === 0) throw invalidParameter('Tag keys must be between 1 and 128 characters in length.');
      return change(queue, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.has(key))),
      );
    },
    async ListQueueTags(input) {
      return { Tags: queueIn(catalogue, input).record.tags };
    },
  };
}

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function checkTags(tags: Tags, queueName = ''): void {
  const entries = Object.entries(tags);
  if (entries.length > tagsMax) throw invalidParameter(`Too many tags added for queue ${queueName}.`);
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > 128 || !allowed.test(key)) {
      throw invalidParameter('Tag keys must be between 1 and 128 characters in length.');
    }
    if (value.length > 256 || !allowed.test(value)) {
      throw invalidParameter('Tag values must be between 0 and 256 characters in length.');
    }
    if (/^aws:/i.test(key)) throw invalidParameter('Tag keys must not begin with the reserved prefix aws:.');
  }
}
