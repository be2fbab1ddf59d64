/** TagRole, UntagRole, ListRoleTags, and the same of users and policies. */
import type { Tag } from '#identity';
import { replaceRecord } from '#platform';
import type { Handlers, Input } from '#wire';
import { change, type IamContext } from './context.ts';
import { changeEntity, type EntityKind, getEntity, nameMemberOf, wordOf } from './entities.ts';
import { getPolicy, readOwnPolicy } from './managed-policies.ts';
import { page } from './pages.ts';
import { required, tagsIn, texts } from './request.ts';
import { checkNewTags, tagList } from './traits.ts';

type Change = (before: readonly Tag[]) => readonly Tag[];

export function tagHandlers(context: IamContext): Handlers {
  return {
    ...handlersOf('Policy', {
      change: (input, next) => changePolicyTags(context, required(input, 'PolicyArn'), next),
      tags: (input) => getPolicy(context, required(input, 'PolicyArn')).tags,
    }),
    ...entityHandlers(context, 'role'),
    ...entityHandlers(context, 'user'),
  };
}

const entityHandlers = (context: IamContext, kind: EntityKind): Handlers =>
  handlersOf(wordOf[kind], {
    change: (input, next) =>
      changeEntity(context, kind, required(input, nameMemberOf[kind]), (entity) => ({
        ...entity,
        tags: next(entity.tags),
      })),
    tags: (input) => getEntity(context, kind, required(input, nameMemberOf[kind])).tags,
  });

interface Tagged {
  change(input: Input, next: Change): Promise<void>;
  tags(input: Input): readonly Tag[];
}

function handlersOf(word: string, tagged: Tagged): Handlers {
  return {
    [`Tag${word}`]: async (input) => {
      await tagged.change(input, (before) => checkNewTags(word, before, tagsIn(input)));
      return {};
    },
    [`Untag${word}`]: async (input) => {
      const gone = new Set(texts(input, 'TagKeys').map((key) => key.toLowerCase()));
      await tagged.change(input, (before) => before.filter(({ key }) => !gone.has(key.toLowerCase())));
      return {};
    },
    [`List${word}Tags`]: async (input) => {
      const { items, end } = page(input, tagged.tags(input), ({ key }) => key);
      return { Tags: tagList(items), ...end };
    },
  };
}

async function changePolicyTags(context: IamContext, arn: string, next: Change): Promise<void> {
  await change(context, async () => {
    const stored = await readOwnPolicy(context, arn);
    const after = { ...stored.value, tags: next(stored.value.tags) };
    return { writes: [replaceRecord(stored, after)], result: undefined };
  });
}
