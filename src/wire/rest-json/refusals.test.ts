/**
 * Every member of every operation's input, broken in each way its shape can be broken: wrong type, too long, too short,
 * out of range, ill-patterned, outside the enum, missing. Each is refused with AWS's name, at AWS's path.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { WireError } from '../error.ts';
import { encodeJson, encodeText } from '../operations/encode.ts';
import { validStructure } from '../operations/fixtures/arbitrary.ts';
import { breakages } from '../operations/fixtures/breakages.ts';
import { requestOf } from '../operations/fixtures/request.ts';
import { operations } from '../operations/table.ts';
import { decodeInput } from './decode.ts';
import { Router } from './route.ts';

const router = new Router(operations.values());
let refused = 0;

suite('each broken member of each operation is refused', () => {
  for (const operation of operations.values()) {
    test(operation.name, () => {
      const members = fc.sample(validStructure(operation.input), { numRuns: 1, seed: 3 })[0] ?? {};
      const whole = Object.fromEntries(
        Object.entries(members).map(([name, value]) => {
          const member = operation.input.members[name];
          assert.ok(member !== undefined);
          const texts = (item: unknown) =>
            encodeText(member.shape.type === 'list' ? member.shape.member : member.shape, item, name);
          const isText = member.place === 'label' || member.place === 'query' || member.place === 'header';
          if (isText && Array.isArray(value)) return [name, value.map(texts)];
          if (isText) return [name, value instanceof Date ? value.toISOString() : texts(value)];
          return [name, encodeJson(member.shape, value, name)];
        }),
      );
      const { request, body } = requestOf(operation, whole);
      const match = router.match(request.method, request.rawPath, request.rawQuery);
      assert.ok(match !== undefined);
      decodeInput(match, request, body); // what is not broken is taken

      for (const [name, member] of Object.entries(operation.input.members)) {
        const path = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
        const isRaw = member.place === 'payload' && member.shape.type === 'blob';
        const broken = isRaw ? [] : [...breakages(member.shape, path, member.place ?? 'body')];
        for (const { value, errorName, path } of broken) {
          expectRefusal(operation.name, { ...whole, [name]: value }, errorName, path);
        }
        if (member.required === true && member.place !== 'label' && !isRaw) {
          const { [name]: _, ...rest } = whole;
          expectRefusal(operation.name, rest, 'ValidationException', path);
        }
      }
    });
  }

  test('thousands of them', () => {
    assert.ok(refused > 3000, `only ${refused}`);
  });
});

function expectRefusal(
  name: string,
  members: Readonly<Record<string, unknown>>,
  errorName: string,
  path: string,
): void {
  const operation = operations.get(name);
  assert.ok(operation !== undefined);
  const { request, body } = requestOf(operation, members);
  const match = router.match(request.method, request.rawPath, request.rawQuery);
  assert.equal(match?.route.operation.name, name);
  const shown = () => `${name} ${JSON.stringify(members).slice(0, 300)}`;
  try {
    decodeInput(match, request, body);
  } catch (error) {
    assert.ok(error instanceof WireError, shown());
    assert.equal(error.errorName, errorName, `${shown()}: ${error.message}`);
    if (errorName !== 'SerializationException') {
      assert.ok(
        error.message.includes(` at '${path}' failed to satisfy constraint: `),
        `${path}: ${error.message}`,
      );
    }
    refused++;
    return;
  }
  assert.fail(`taken: ${shown()}`);
}
