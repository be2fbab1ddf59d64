/** TagResource, UntagResource, ListTags: for functions. */
import type { FunctionName } from '#metadata';
import type { Handlers, Input, RequestContext } from '#wire';
import { functionNotFound, invalidParameter, notServed } from './answers.ts';
import type { Context } from './context.ts';
import { replace } from './function-store.ts';
import { tagsMax } from './limits.ts';
import { list, referred, required, structure } from './request.ts';

type Tags = Readonly<Record<string, string>>;

export function tagHandlers({ store, region }: Context): Handlers {
  const change = (name: FunctionName, next: (tags: Tags) => Tags): Promise<void> =>
    store.change(name, async () => {
      const record = await store.findFunction(name);
      if (!record) throw functionNotFound(name);
      const after = { ...record.value, tags: next(record.value.tags) };
      return { writes: [replace(record, after)], result: undefined };
    });
  return {
    TagResource: async (input, request) => {
      const name = taggedFunction(input, request, region, 'TagResource');
      await change(name, (tags) => checkTags(tags, structure(input, 'Tags') ?? {}));
      return {};
    },
    UntagResource: async (input, request) => {
      const name = taggedFunction(input, request, region, 'UntagResource');
      const gone = new Set(list(input, 'TagKeys') ?? []);
      await change(name, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
      );
      return {};
    },
    ListTags: async (input, request) => {
      const name = taggedFunction(input, request, region, 'ListTags');
      return { Tags: (await store.getFunction(name)).value.tags };
    },
  };
}

/** The tags with others added. Throws for tags that AWS would not take. */
export function checkTags(before: Tags, added: Input): Tags {
  const reserved = Object.keys(added).filter((key) => key.toLowerCase().startsWith('aws:'));
  if (reserved.length > 0) {
    throw invalidParameter(`Tag keys that start with aws: are reserved: ${reserved.join(', ')}`);
  }
  const tags = Object.fromEntries([
    ...Object.entries(before),
    ...Object.entries(added).map(([key, value]) => [key, String(value)] as const),
  ]);
  if (Object.keys(tags).length > tagsMax)
    throw invalidParameter('Number of tags exceeds resource tag limit.');
  return tags;
}

function taggedFunction(
  input: Input,
  request: RequestContext,
  region: string,
  operation: string,
): FunctionName {
  const resource = required(input, 'Resource');
  if (!/^[^:]*:[^:]*:lambda:[^:]*:[^:]*:function:/.test(resource)) throw notServed(`tags of ${resource}`);
  const { name, qualifier } = referred(resource, undefined, request, region, operation);
  if (qualifier === undefined) return name;
  throw invalidParameter(
    'Tags on function aliases and versions are not supported. Please specify a function ARN.',
  );
}
