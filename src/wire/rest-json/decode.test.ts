/** What AWS says of bad input, word for word where it is known, and what hostile input does not do. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { WireError } from '../error.ts';
import type { ErrorName } from '../error.ts';
import { operations } from '../operations/table.ts';
import { constraintError } from '../operations/validate.ts';
import { decodeInput } from './decode.ts';
import { Router } from './route.ts';

const router = new Router(operations.values());

interface Extra {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function decode(method: string, path: string, { body = '', headers = {} }: Extra = {}) {
  const [rawPath = '', rawQuery = ''] = path.split('?');
  const match = router.match(method, rawPath, rawQuery);
  assert.ok(match !== undefined, path);
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return decodeInput(match, { method, rawPath, rawQuery, headers }, bytes);
}

function refusal(run: () => unknown): { name: ErrorName; message: string } {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return { name: error.errorName, message: error.message };
  }
  return assert.fail('taken');
}

const create = (members: Readonly<Record<string, unknown>>) =>
  decode('POST', '/2015-03-31/functions', {
    body: { FunctionName: 'hello', Role: 'arn:aws:iam::000000000000:role/any', Code: {}, ...members },
  });

const publish = (body: string) => decode('POST', '/2015-03-31/functions/f/versions', { body });

const startedAfter = (at: string) =>
  decode('GET', `/2025-12-01/functions/f/durable-executions?StartedAfter=${encodeURIComponent(at)}`);

const rolePattern = 'arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+';

/** [members of CreateFunction, AWS's message]. Forms seen in public reports of real answers. */
const validations: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
  [
    { Role: 'r1' },
    `1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: ${rolePattern}`,
  ],
  [
    { Role: undefined },
    "1 validation error detected: Value null at 'role' failed to satisfy constraint: Member must not be null",
  ],
  [
    { MemorySize: 64 },
    "1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
  ],
  [
    { Timeout: 5401 },
    "1 validation error detected: Value '5401' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 5400",
  ],
  [
    { KMSKeyArn: 'k' },
    "1 validation error detected: Value 'k' at 'kMSKeyArn' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()",
  ],
  [
    { Architectures: ['X86_64'] },
    "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
  ],
  [
    { Architectures: ['x86_64', 'arm64'] },
    "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1",
  ],
  [
    { Environment: { Variables: { a: 'secret' } } },
    "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
  ],
  [
    { TracingConfig: { Mode: 'On' } },
    "1 validation error detected: Value 'On' at 'tracingConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]",
  ],
  [
    { FileSystemConfigs: [{ Arn: 'x'.repeat(257), LocalMountPath: '/mnt/a' }] },
    `1 validation error detected: Value '${'x'.repeat(257)}' at 'fileSystemConfigs.1.member.arn' failed to satisfy constraint: Member must have length less than or equal to 256`,
  ],
  [
    { Timeout: 0, MemorySize: 1 },
    "2 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
  ],
];

suite('constraints', () => {
  for (const [members, message] of validations) {
    test(message.slice(0, 90), () => {
      assert.deepEqual(
        refusal(() => create(members)),
        { name: 'ValidationException', message },
      );
    });
  }

  test('weights of a map are reported with the map', () => {
    const body = {
      Name: 'live',
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { 2: 1.5 } },
    };
    assert.equal(
      refusal(() => decode('POST', '/2015-03-31/functions/f/aliases', { body })).message,
      "1 validation error detected: Value '{2=1.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0]",
    );
  });

  test('an unknown runtime is InvalidParameterValueException, after everything else', () => {
    const { name, message } = refusal(() => create({ Runtime: 'cobol' }));
    assert.equal(name, 'InvalidParameterValueException');
    assert.match(
      message,
      /^Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \[.*nodejs24\.x.*\] or be a valid ARN$/,
    );
    assert.equal(refusal(() => create({ Runtime: 'cobol', Timeout: 0 })).name, 'ValidationException');
  });

  test('at most ten failures are told, and long values are cut', () => {
    const Filters = Array.from({ length: 30 }, () => ({ Pattern: 'x'.repeat(5000) }));
    const body = { FunctionName: 'f', FilterCriteria: { Filters } };
    const { message } = refusal(() => decode('POST', '/2015-03-31/event-source-mappings', { body }));
    assert.match(message, /^10 validation errors detected: /);
    assert.ok(message.length < 30_000, String(message.length));
  });

  test('an operation can refuse with a constraint of its own in the same form', () => {
    const error = constraintError('timeout', 901, 'Member must have value less than or equal to 900');
    assert.equal(error.errorName, 'ValidationException');
    assert.equal(
      error.message,
      "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
    );
    assert.match(
      constraintError('role', undefined, 'Member must not be null').message,
      /Value null at 'role'/,
    );
  });

  test('secrets are not echoed', () => {
    const { message } = refusal(() =>
      create({
        Code: { ZipFile: 'c2VjcmV0', S3Bucket: 'x' },
        Environment: { Variables: { 'b-d': 'secret' } },
      }),
    );
    assert.doesNotMatch(message, /secret|c2Vjc/);
  });
});

/** [members of CreateFunction, the message of SerializationException]. */
const mismatches: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
  [{ Handler: 7 }, 'NUMBER_VALUE can not be converted to a String'],
  [{ Handler: true }, 'TRUE_VALUE can not be converted to a String'],
  [{ Handler: {} }, 'Start of structure or map found where not expected.'],
  [{ Handler: [] }, 'Start of list found where not expected'],
  [{ Timeout: '3' }, 'STRING_VALUE can not be converted to an Integer'],
  [{ Publish: 'yes' }, 'STRING_VALUE can not be converted to a Boolean'],
  [{ Layers: 'x' }, 'Expected list or null'],
  [{ Tags: 'x' }, 'Expected map or null'],
  [{ VpcConfig: 'x' }, 'Expected null'],
];

suite('types', () => {
  for (const [members, message] of mismatches) {
    test(`${JSON.stringify(members)}: ${message}`, () => {
      assert.deepEqual(
        refusal(() => create(members)),
        { name: 'SerializationException', message },
      );
    });
  }

  test('a wrong type is told before any constraint', () => {
    assert.equal(refusal(() => create({ Timeout: 'x', Role: 'r1' })).name, 'SerializationException');
  });

  test('a body that is no object is refused; none, and null, are an empty one', () => {
    for (const body of ['[]', '7', '"x"', 'true', '{', 'nul'])
      assert.equal(refusal(() => publish(body)).name, 'SerializationException');
    for (const body of ['', '{}', 'null']) assert.deepEqual(publish(body), { FunctionName: 'f' });
  });

  test('null is absent, unknown members are dropped, and prototypes stay as they are', () => {
    const body =
      '{"Description":null,"Nonsense":{"deep":[1]},"__proto__":{"CodeSha256":"x"},"constructor":1,"toString":2}';
    const input = decode('POST', '/2015-03-31/functions/f/versions', { body });
    assert.deepEqual(input, { FunctionName: 'f' });
    assert.equal('CodeSha256' in input, false);
    assert.equal(Object.getPrototypeOf(input), Object.prototype);
  });

  test('a key `__proto__` of a map is a key like any other', () => {
    const body = '{"Tags":{"__proto__":"x","b":"y"}}';
    const { Tags: tags } = decode(
      'POST',
      `/2017-03-31/tags/${encodeURIComponent('arn:aws:lambda:us-east-1:000000000000:function:f')}`,
      { body },
    );
    assert.deepEqual(Object.entries(tags as object), [
      ['__proto__', 'x'],
      ['b', 'y'],
    ]);
    assert.equal(Object.getPrototypeOf(tags), Object.prototype);
  });
});

suite('places', () => {
  const invoke = '/2015-03-31/functions/hello/invocations';

  test('an invoke: label, query, headers, and a payload that is not looked at', () => {
    const headers = { 'x-amz-invocation-type': 'Event', 'x-amz-client-context': 'e30=' };
    const input = decode('POST', `${invoke}?Qualifier=live`, { body: '{not json', headers });
    assert.deepEqual(input, {
      FunctionName: 'hello',
      Qualifier: 'live',
      InvocationType: 'Event',
      ClientContext: 'e30=',
      Payload: Buffer.from('{not json'),
    });
  });

  test('an invoke without a body has an empty payload', () => {
    assert.deepEqual(decode('POST', invoke), { FunctionName: 'hello', Payload: Buffer.alloc(0) });
  });

  test('an unknown invocation type is refused', () => {
    assert.equal(
      refusal(() => decode('POST', invoke, { headers: { 'x-amz-invocation-type': 'Later' } })).message,
      "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
    );
  });

  test('percent-encoding is undone after the path is split, and refused when it is malformed', () => {
    assert.equal(decode('GET', '/2015-03-31/functions/%68ello')['FunctionName'], 'hello');
    assert.equal(refusal(() => decode('GET', '/2015-03-31/functions/a%2Fb')).name, 'ValidationException');
    for (const bad of ['%', '%zz', '%ff', '%c0%af', 'a%2']) {
      assert.equal(
        refusal(() => decode('GET', `/2015-03-31/functions/${bad}`)).name,
        'SerializationException',
      );
      assert.equal(
        refusal(() => decode('GET', `/2015-03-31/functions/f?Qualifier=${bad}`)).name,
        'SerializationException',
      );
    }
  });

  test('query parameters: lists take all, others the first; a plus is a space; unknown ones are dropped', () => {
    const arn = encodeURIComponent('arn:aws:lambda:us-east-1:000000000000:function:f');
    assert.deepEqual(
      decode('DELETE', `/2017-03-31/tags/${arn}?tagKeys=a&x=%41&tagKeys=b+c&tagKeys=d%2Be`)['TagKeys'],
      ['a', 'b c', 'd+e'],
    );
    assert.deepEqual(decode('GET', '/2015-03-31/functions?MaxItems=5&MaxItems=6&__proto__=1&&=&Marker'), {
      MaxItems: 5,
      Marker: '',
    });
  });

  test('timestamps of a query are dates', () => {
    for (const at of [
      '2026-01-02T03:04:05Z',
      '2026-01-02T05:04:05.000+02:00',
      '1767323045',
      'Fri, 02 Jan 2026 03:04:05 GMT',
    ]) {
      assert.deepEqual(startedAfter(at)['StartedAfter'], new Date('2026-01-02T03:04:05Z'));
    }
    for (const at of ['yesterday', '2026-13-01T00:00:00Z', '', '9'.repeat(40)]) {
      assert.equal(refusal(() => startedAfter(at)).name, 'SerializationException');
    }
  });
});

suite('hostile input', () => {
  const targets = [...operations.values()].filter(({ uri }) => !uri.includes('?'));

  test('whatever JSON comes, it is taken or refused as bad', () => {
    const member = fc.constantFrom(
      'Code',
      'Environment',
      'Tags',
      'Layers',
      'Variables',
      'Filters',
      'FunctionName',
      '__proto__',
    );
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue(),
        fc.dictionary(member, tie('value')),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.constantFrom(...targets), fc.string(), tree, (operation, label, body) => {
        const path = operation.uri.replaceAll(
          /\{\w+\}/g,
          () => `x${encodeURIComponent(label.toWellFormed())}`,
        );
        try {
          decode(operation.method, path, { body: JSON.stringify(body) });
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
      }),
      { numRuns: 400 },
    );
  });
});
