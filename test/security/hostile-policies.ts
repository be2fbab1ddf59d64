/** Policy documents that are made to hurt: too large, too deep, ambiguous, misspelled, or with patterns that a naive matcher never finishes. */

export interface HostilePolicy {
  readonly name: string;
  readonly document: string;
}

const mebibyte = 2 ** 20;

const statement = (more: Readonly<Record<string, unknown>> = {}) => ({
  Sid: 'one',
  Effect: 'Allow',
  Action: 'lambda:InvokeFunction',
  ...more,
});

const documentOf = (...statements: readonly unknown[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

const nested = (depth: number, open: string, close: string): string =>
  open.repeat(depth) + close.repeat(depth);

/**
 * `context`: what statements of this kind of policy need besides. None of these may be taken.
 */
export function invalidPolicies(context: Readonly<Record<string, unknown>>): readonly HostilePolicy[] {
  const good = documentOf(statement(context));
  const rows: Readonly<Record<string, string>> = {
    'not JSON': '{',
    'a word': 'undefined',
    'a number': '7',
    'a list': '[]',
    'a text': '"x"',
    null: 'null',
    'no statement': '{"Version":"2012-10-17"}',
    'text after the document': `${good}${good}`,
    'a byte order mark inside': `{"Version":\ufeff"2012-10-17","Statement":[]}`,
    'another version': good.replace('2012-10-17', '2099-01-01'),
    'an unknown member': good.replace('"Version"', '"Owner":"x","Version"'),
    'an unknown effect': good.replace('"Allow"', '"allow"'),
    'a prototype as member': good.replace('"Sid":"one"', '"__proto__":{"Effect":"Allow"}'),
    'the version twice': good.replace('"Version"', '"Version":"2008-10-17","Version"'),
    'the statement twice': good.replace('"Statement"', '"Statement":[],"Statement"'),
    'the effect twice': good.replace('"Effect":"Allow"', '"Effect":"Deny","Effect":"Allow"'),
    'the effect twice, once escaped': good.replace(
      '"Effect":"Allow"',
      '"Effect":"Deny","\\u0045ffect":"Allow"',
    ),
    'the same statement id twice': documentOf(statement(context), statement(context)),
    'an action of no service': documentOf(statement({ ...context, Action: 'launch' })),
    'an unknown operator': documentOf(statement({ ...context, Condition: { StringSounds: { a: 'b' } } })),
    'a regular expression as operator': documentOf(
      statement({ ...context, Condition: { StringMatches: { 'aws:UserAgent': '(a+)+$' } } }),
    ),
    'a condition that is a list': documentOf(statement({ ...context, Condition: [] })),
    'lists, 100,000 deep': nested(100_000, '[', ']'),
    'objects, 100,000 deep': `${'{"Statement":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    'a condition, 10,000 deep': good.replace('"Sid"', `"Condition":${nested(10_000, '[', ']')},"Sid"`),
    '1 MB of blanks': good.replace(':', `:${' '.repeat(mebibyte)}`),
    '1 MB of statement id': documentOf(statement({ ...context, Sid: 'a'.repeat(mebibyte) })),
    '1 MB of actions': documentOf(
      statement({ ...context, Action: Array.from({ length: 40_000 }, (_, index) => `lambda:Get${index}`) }),
    ),
    '20,000 statements': documentOf(
      ...Array.from({ length: 20_000 }, (_, index) => statement({ ...context, Sid: `s${index}` })),
    ),
    '1 MB of stars': documentOf(statement({ ...context, Action: `lambda:${'*'.repeat(mebibyte)}` })),
    '1 MB of quotes': '"'.repeat(mebibyte),
    '1 MB of backslashes': `"${'\\'.repeat(mebibyte)}`,
    'an endless number': good.replace('"one"', '1'.repeat(mebibyte)),
  };
  return Object.entries(rows).map(([name, document]) => ({ name, document }));
}

/** Statement ids that a policy of IAM may not have; a resource's own policy may. */
export const strangeStatementIds: readonly HostilePolicy[] = ['größe-日本-🙂', 'a\u0000b', '<script>'].map(
  (Sid) => ({
    name: `the statement id ${JSON.stringify(Sid)}`,
    document: documentOf(statement({ Resource: '*', Sid })),
  }),
);

/** Short enough to be taken, and to be matched against a long text that almost fits. */
export const catastrophicPattern = `${'a*'.repeat(200)}b`;
export const almostMatching = 'a'.repeat(4_000);
