/** What a repository can be set to: whether its tags move, and tags of its own as a resource. */
import { type Handlers, type Input, WireError } from '#wire';
import { registryLimits } from '../limits.ts';
import type { RepositoryRecord } from '../store/records.ts';
import { type EcrFloor, invalid, repositoryNotFound, text } from './request.ts';

type Tags = RepositoryRecord['tags'];

export function checkedMutability(input: Input): RepositoryRecord['mutability'] {
  const { imageTagMutability: wanted = 'MUTABLE' } = input;
  if (wanted === 'MUTABLE' || wanted === 'IMMUTABLE') return wanted;
  throw invalid(`The imageTagMutability ${String(wanted)} is not served.`);
}

export function tagHandlers(floor: EcrFloor): Handlers {
  const changeTags = async (input: Input, to: (tags: Tags) => Tags): Promise<object> => {
    const name = nameIn(floor, input);
    const changed = await floor.repositories.change(name, (record) => ({ ...record, tags: to(record.tags) }));
    if (changed === undefined) throw repositoryNotFound(floor, name);
    return {};
  };
  return {
    ListTagsForResource: async (input) => {
      const name = nameIn(floor, input);
      const record = await floor.repositories.find(name);
      if (record === undefined) throw repositoryNotFound(floor, name);
      return { tags: Object.entries(record.tags).map(([Key, Value]) => ({ Key, Value })) };
    },
    TagResource: async (input) => ({ ...(await changeTags(input, (tags) => withTags(tags, tagsIn(input)))) }),
    UntagResource: async (input) => {
      const gone = new Set(input['tagKeys'] as readonly string[]);
      const kept = (tags: Tags): Tags =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key)));
      return { ...(await changeTags(input, kept)) };
    },
  };
}

export function tagsIn(input: Input): readonly (readonly [string, string])[] {
  const tags = (input['tags'] ?? []) as readonly { readonly Key: string; readonly Value: string }[];
  return tags.map(({ Key, Value }) => {
    if (Key.length < 1 || Key.length > 128 || Value.length > 256 || Key.startsWith('aws:')) {
      throw new WireError(
        'InvalidTagParameterException',
        'A tag has a key of 1 to 128 characters that does not start with aws:, and a value of at most 256.',
      );
    }
    return [Key, Value];
  });
}

export function withTags(tags: Tags, more: readonly (readonly [string, string])[]): Tags {
  const all = { ...tags, ...Object.fromEntries(more) };
  if (Object.keys(all).length > registryLimits.resourceTagsMax) {
    throw new WireError(
      'TooManyTagsException',
      `A repository has at most ${registryLimits.resourceTagsMax} tags.`,
    );
  }
  return all;
}

function nameIn({ accountId, region }: EcrFloor, input: Input): string {
  const prefix = `arn:aws:ecr:${region}:${accountId}:repository/`;
  const arn = text(input, 'resourceArn');
  if (!arn.startsWith(prefix)) throw invalid("Invalid parameter at 'resourceArn'");
  return arn.slice(prefix.length);
}
