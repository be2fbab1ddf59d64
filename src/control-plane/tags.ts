/** TagResource, UntagResource, ListTags: for functions, event source mappings and code signing configurations. */
import type { FunctionName } from '#metadata';
import { replaceRecord } from '#platform';
import type { Handlers, Input, RequestContext } from '#wire';
import { functionNotFound, invalidParameter, notServed } from './answers.ts';
import { changeConfig, getConfig } from './code-signing.ts';
import type { Context } from './context.ts';
import { mappingNotFound } from './event-sources/mappings.ts';
import { mappingArn } from './event-sources/representation.ts';
import { list, referred, required, structure } from './request.ts';
import { checkTags, type Tags } from './tag-set.ts';

/** Something that has tags. */
interface Tagged {
  read(): Promise<Tags>;
  change(next: (tags: Tags) => Tags): Promise<unknown>;
}

export function tagHandlers(context: Context): Handlers {
  return {
    TagResource: async (input, request) => {
      const tagged = taggedOf(context, input, request, 'TagResource');
      await tagged.change((tags) => checkTags(tags, structure(input, 'Tags') ?? {}));
      return {};
    },
    UntagResource: async (input, request) => {
      const tagged = taggedOf(context, input, request, 'UntagResource');
      const gone = new Set(list(input, 'TagKeys') ?? []);
      await tagged.change((tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
      );
      return {};
    },
    ListTags: async (input, request) => ({
      Tags: await taggedOf(context, input, request, 'ListTags').read(),
    }),
  };
}

/** What the request's Resource, an ARN, names. Throws for what has no tags. */
function taggedOf(context: Context, input: Input, request: RequestContext, operation: string): Tagged {
  const resource = required(input, 'Resource');
  const [kind = '', id = ''] = resource.split(':').slice(5);
  const here = { accountId: request.principal.accountId, region: context.region };
  switch (kind) {
    case 'function':
      return functionTags(context, taggedFunction(context, resource, request, operation));
    case 'event-source-mapping': {
      const { mappings } = context;
      if (resource !== mappingArn(here, id)) throw mappingNotFound();
      return {
        read: async () => (await mappings.get(here, id)).value.tags,
        change: (next) => mappings.retag(here, id, next),
      };
    }
    case 'code-signing-config': {
      const named = { CodeSigningConfigArn: resource };
      return {
        read: async () => (await getConfig(context, here, named)).value.tags,
        change: (next) =>
          changeConfig(context, here, named, (before) => ({ ...before, tags: next(before.tags) })),
      };
    }
    default:
      throw notServed(`tags of ${resource}`);
  }
}

function functionTags({ store }: Context, name: FunctionName): Tagged {
  return {
    read: async () => (await store.getFunction(name)).value.tags,
    change: (next) =>
      store.change(name, async () => {
        const record = await store.findFunction(name);
        if (!record) throw functionNotFound(name);
        const after = { ...record.value, tags: next(record.value.tags) };
        return { writes: [replaceRecord(record, after)], result: undefined };
      }),
  };
}

function taggedFunction(
  { region }: Context,
  resource: string,
  request: RequestContext,
  operation: string,
): FunctionName {
  const { name, qualifier } = referred(resource, undefined, request, region, operation);
  if (qualifier === undefined) return name;
  throw invalidParameter(
    'Tags on function aliases and versions are not supported. Please specify a function ARN.',
  );
}
