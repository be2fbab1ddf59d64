/** What a function's result becomes, for results good and bad. */
import assert from 'node:assert/strict';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { interpretResult } from './result.ts';

const of = (text: string): ReturnType<typeof interpretResult> => interpretResult(Buffer.from(text));

function seen(text: string): unknown {
  const result = of(text);
  if (result.kind === 'malformed') return 'malformed';
  const { statusCode, headers, body } = result;
  return { statusCode, headers, body: Buffer.from(body).toString('utf8') };
}

const json = { 'content-type': 'application/json' };

test('JSON without a status is the body of a 200: a text without its quotes, the rest without blanks', () => {
  for (const [text, body = text] of [
    ['"hello"', 'hello'],
    ['"\\u00e9\\n \\"x\\""', 'é\n "x"'],
    ['{"message": "h i"}', '{"message":"h i"}'],
    [' [1, 2.50,\n 12345678901234567890] ', '[1,2.50,12345678901234567890]'],
    ['{"b":1, "1":2, "b":3}', '{"b":1,"1":2,"b":3}'],
    ['null'],
    ['7'],
    ['{"body":"x"}'],
    ['{"statusCode":null}'],
  ] as const) {
    assert.deepEqual(seen(text), { statusCode: 200, headers: json, body });
  }
});

test('an object with a status says what the answer is', () => {
  assert.deepEqual(seen('{"statusCode":201}'), { statusCode: 201, headers: json, body: '' });
  assert.deepEqual(seen('{"statusCode":"404","body":"gone"}'), {
    statusCode: 404,
    headers: json,
    body: 'gone',
  });
  assert.deepEqual(
    seen(
      '{"statusCode":200,"headers":{"Content-Type":"text/html","X-N":7,"x-b":true,"x-null":null},"body":"é"}',
    ),
    { statusCode: 200, headers: { 'content-type': 'text/html', 'x-n': '7', 'x-b': 'true' }, body: 'é' },
  );
  assert.deepEqual(seen('{"statusCode":200,"body":"aGk=","isBase64Encoded":true}'), {
    statusCode: 200,
    headers: json,
    body: 'hi',
  });
  assert.deepEqual(
    seen('{"statusCode":200,"headers":{"set-cookie":"z=0"},"cookies":["a=1","b=2; Path=/"]}'),
    {
      statusCode: 200,
      headers: { ...json, 'set-cookie': ['z=0', 'a=1', 'b=2; Path=/'] },
      body: '',
    },
  );
});

test('headers that belong to the connection do not reach it', () => {
  assert.deepEqual(
    seen(
      '{"statusCode":200,"headers":{"Content-Length":"999","Connection":"close","Transfer-Encoding":"chunked","Date":"x","WWW-Authenticate":"Basic","X-Amzn-RequestId":"mine"}}',
    ),
    {
      statusCode: 200,
      headers: {
        ...json,
        'x-amzn-remapped-content-length': '999',
        'x-amzn-remapped-connection': 'close',
        'x-amzn-remapped-date': 'x',
        'x-amzn-remapped-www-authenticate': 'Basic',
      },
      body: '',
    },
  );
});

test('what is no answer is malformed', () => {
  for (const text of [
    '',
    'hello',
    '{"statusCode":200',
    '{"statusCode":"ok"}',
    '{"statusCode":99}',
    '{"statusCode":101}',
    '{"statusCode":600}',
    '{"statusCode":200.5}',
    '{"statusCode":true}',
    '{"statusCode":200,"body":{"a":1}}',
    '{"statusCode":200,"body":["a"]}',
    '{"statusCode":200,"body":"%%%","isBase64Encoded":true}',
    '{"statusCode":200,"body":"a","isBase64Encoded":true}',
    '{"statusCode":200,"headers":"x"}',
    '{"statusCode":200,"headers":["x"]}',
    '{"statusCode":200,"headers":{"x":["a","b"]}}',
    '{"statusCode":200,"headers":{"x":"a\\r\\nset-cookie: b"}}',
    '{"statusCode":200,"headers":{"a b":"c"}}',
    '{"statusCode":200,"headers":{"":"c"}}',
    '{"statusCode":200,"cookies":"a=1"}',
    '{"statusCode":200,"cookies":[1]}',
    '{"statusCode":200,"cookies":["a\\nb"]}',
    `{"statusCode":200,"headers":{"x":"${'y'.repeat(70_000)}"}}`,
  ]) {
    assert.equal(seen(text), 'malformed', text.slice(0, 80));
  }
  assert.deepEqual(interpretResult(Buffer.from([0x22, 0xff, 0x22])), { kind: 'malformed' });
});

test('a collected stream may begin with its head', () => {
  const head = '{"statusCode":418,"headers":{"x-a":"b"},"cookies":["c=d"]}';
  assert.deepEqual(seen(`${head}${'\0'.repeat(8)}tea`), {
    statusCode: 418,
    headers: { 'x-a': 'b', ...json, 'set-cookie': ['c=d'] },
    body: 'tea',
  });
  assert.equal(seen(`{"statusCode":1}${'\0'.repeat(8)}tea`), 'malformed');
  assert.equal(seen(`[]${'\0'.repeat(8)}tea`), 'malformed');
});

const anyResult = fc.oneof(
  fc.json(),
  fc.string(),
  fc.record({
    statusCode: fc.oneof(fc.integer({ min: 90, max: 610 }), fc.anything()),
    headers: fc.oneof(
      fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.anything())),
      fc.anything(),
    ),
    cookies: fc.oneof(fc.array(fc.string({ unit: 'binary' })), fc.anything()),
    body: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
    isBase64Encoded: fc.oneof(fc.boolean(), fc.anything()),
  }),
);

test('any result is an answer that HTTP can carry, or malformed', () => {
  fc.assert(
    fc.property(anyResult, (given) => {
      let text: string;
      try {
        text = typeof given === 'string' ? given : (JSON.stringify(given) ?? 'null');
      } catch {
        return;
      }
      const result = of(text);
      if (result.kind === 'malformed') return;
      assert.ok(result.statusCode >= 200 && result.statusCode <= 599);
      assert.ok(result.headers['content-type'] !== undefined);
      for (const [name, value] of Object.entries(result.headers)) {
        validateHeaderName(name);
        for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, one);
      }
    }),
    { numRuns: 1000 },
  );
});
