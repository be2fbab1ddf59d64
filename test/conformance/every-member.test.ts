/**
 * Every member of every operation that is served, broken in each way that its shape can be broken, sent through the real wire to a real control
 * plane that has one of everything: the right error in the right form, and nothing changes. Each request is one that would be taken but
 * for the one member, which a last test proves.
 *
 * What is rightly taken, and why:
 *  - an unknown member, wherever it stands: AWS drops it, so clients of tomorrow work with services of today;
 *  - null for a member that is not required: it means absent;
 *  - any text for a string in the path, the query or a header: there is no wrong type there;
 *  - an Invoke's payload: bytes, whatever they are, are the function's business.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Handlers, type Input, type Member, operations, type Shape } from '#wire';
import { breakages } from '../../src/wire/operations/fixtures/breakages.ts';
import { goodRequests } from './good-requests.ts';
import { type Answer, type Members, openPopulatedWorld } from './populated-world.ts';

/** The sentence of each error, with the place where the value stands. */
const forms: Readonly<Record<string, (path: string) => RegExp>> = {
  ValidationException: (path) =>
    new RegExp(
      `^(?:1 validation error|\\d+ validation errors) detected: (?:.*; )?Value (?:null |'[^]*' |)at '${escaped(path)}' failed to satisfy constraint: (?:Member|Map) [^]+`,
    ),
  InvalidParameterValueException: (path) =>
    new RegExp(
      `^Value .* at '${escaped(path)}' failed to satisfy constraint: Member must satisfy enum value set: `,
    ),
  SerializationException: () =>
    /can not be converted to (?:an? |milliseconds )|^Start of |^Expected (?:list|map) or null|^Expected null|Base64/,
};

interface Case {
  readonly members: Members;
  readonly errorName: string;
  readonly path: string;
}

function* casesOf(shapes: Readonly<Record<string, Member>>, good: Members): Generator<Case> {
  for (const [name, member] of Object.entries(shapes)) {
    if (member.place === 'payload' && member.shape.type === 'blob') continue; // rightly taken: see above
    const path = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    for (const broken of breakages(member.shape, path, member.place ?? 'body')) {
      yield { members: { ...good, [name]: broken.value }, errorName: broken.errorName, path: broken.path };
    }
    if (member.required !== true || member.place === 'label') continue; // a path without a label is another path
    const { [name]: _, ...rest } = good;
    yield { members: rest, errorName: 'ValidationException', path };
    if (member.place === undefined) {
      yield { members: { ...good, [name]: null }, errorName: 'ValidationException', path };
    }
  }
}

test('every member of every operation', async (t) => {
  const populated = await openPopulatedWorld(t);
  const requests = goodRequests(populated);
  const served = Object.keys(populated.handlers).sort();
  const before = await populated.snapshot();
  const revision = await populated.revision();
  const send = populated.serve();
  let refused = 0;

  for (const operation of served) {
    await t.test(`${operation}: broken members are refused, and change nothing`, async () => {
      const { input } = operations.get(operation) ?? assert.fail(operation);
      const { members: good } = requests.get(operation) ?? assert.fail(operation);
      for (const { members, errorName, path } of casesOf(input.members, good)) {
        const answer = await send(operation, members);
        const shown = () => `${JSON.stringify(members).slice(0, 400)}: ${answer.errorName} ${answer.message}`;
        assert.equal(answer.errorName, errorName, shown());
        assert.equal(answer.statusCode, 400, shown());
        assert.match(answer.message, forms[errorName]?.(path) ?? assert.fail(errorName), shown());
        assert.equal(await populated.revision(), revision, `${shown()}: something was written`);
        refused += 1;
      }
    });
  }

  await t.test('thousands of them, after which everything stands as before', async (t) => {
    t.diagnostic(`${refused} broken requests to ${served.length} operations`);
    assert.ok(refused > 2000, `only ${refused}`);
    assert.deepEqual(await populated.snapshot(), before);
  });

  await t.test('unknown members are dropped wherever they stand, and null means absent', async () => {
    let got: Input | undefined;
    const record: Handlers = Object.fromEntries(
      [...operations.keys()].map((operation) => [
        operation,
        async (input) => {
          got = input;
          return {};
        },
      ]),
    );
    const sendTo = populated.serve({ handlers: record });
    const inputOf = async (operation: string, members: Members): Promise<Input> => {
      got = undefined;
      const { errorName, message } = await sendTo(operation, members);
      assert.ok(got !== undefined, `${operation} ${JSON.stringify(members)}: ${errorName} ${message}`);
      return got;
    };
    for (const [operation, { members }] of requests) {
      const { input } = operations.get(operation) ?? assert.fail(operation);
      const whole = await inputOf(operation, members);
      const hasBody = Object.values(input.members).some(({ place }) => place === undefined);
      if (!hasBody) continue;
      assert.deepEqual(await inputOf(operation, { ...members, NoSuchMember: { a: [1] } }), whole, operation);
      assert.deepEqual(await inputOf(operation, withStrangers(input, members)), whole, operation);
      const nulls = Object.entries(input.members)
        .filter(([name, { place, required }]) => place === undefined && !required && !(name in members))
        .map(([name]) => [name, null]);
      assert.deepEqual(await inputOf(operation, { ...members, ...Object.fromEntries(nulls) }), whole);
    }
  });
});

test('each of these requests is taken where nothing is broken', async (t) => {
  const { handlers } = await openPopulatedWorld(t);
  const refusals: string[] = [];
  for (const operation of Object.keys(handlers).sort()) {
    const populated = await openPopulatedWorld(t);
    const { members } = goodRequests(populated).get(operation) ?? assert.fail(operation);
    const answer = await populated.serve()(operation, members);
    await populated.world.plane.settled();
    if (!isTaken(operation, answer)) refusals.push(`${operation}: ${answer.errorName} ${answer.message}`);
  }
  assert.deepEqual(refusals, []);
});

/** A configuration that functions use cannot be deleted: what is deleted here is refused for that alone. */
function isTaken(operation: string, { statusCode, errorName }: Answer): boolean {
  if (operation === 'DeleteCodeSigningConfig') return errorName === 'ResourceConflictException';
  return statusCode < 300;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Strangers in every structure of the request, however deep; a map would take them for entries of its own. */
function withStrangers(shape: Shape, value: unknown): Members {
  return strange(shape, value) as Members;
}

function strange(shape: Shape, value: unknown): unknown {
  if (shape.type === 'list') return (value as readonly unknown[]).map((item) => strange(shape.member, item));
  if (shape.type !== 'structure' && shape.type !== 'map') return value;
  const entries = Object.entries(value as Members).map(([name, item]) => {
    const below = shape.type === 'map' ? shape.value : shape.members[name]?.shape;
    return [name, below === undefined ? item : strange(below, item)];
  });
  const whole: Members = Object.fromEntries(entries);
  return shape.type === 'map' ? whole : { ...whole, Stranger: 'x', __Stranger__: [{}] };
}
