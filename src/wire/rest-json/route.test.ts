/** From method, path and query to the operation. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { operations } from '../operations/table.ts';
import { Router } from './route.ts';

const router = new Router(operations.values());
const find = (method: string, path: string) => {
  const [rawPath = '', rawQuery = ''] = path.split('?');
  return router.match(method, rawPath, rawQuery);
};
const nameOf = (method: string, path: string) => find(method, path)?.route.operation.name;

suite('routes', () => {
  test('every operation is found at its own method and path, also with one slash behind it', () => {
    assert.equal(operations.size, 88);
    for (const { name, method, uri } of operations.values()) {
      const filled = uri.replaceAll(/\{\w+\}/g, 'some%2Fthing%3A1');
      assert.equal(nameOf(method, filled), name);
      assert.equal(nameOf(method, filled.replace(/(\?|$)/, '/$1')), name, 'trailing slash');
      assert.deepEqual(
        find(method, filled)?.rawLabels,
        uri.match(/\{\w+\}/g)?.map(() => 'some%2Fthing%3A1') ?? [],
      );
    }
  });

  test('a literal query chooses between operations of one path', () => {
    assert.equal(nameOf('GET', '/2018-10-31/layers'), 'ListLayers');
    assert.equal(nameOf('GET', '/2018-10-31/layers?find=LayerVersion&Arn=x'), 'GetLayerVersionByArn');
    assert.equal(nameOf('GET', '/2018-10-31/layers?Arn=x&find=LayerVersion'), 'GetLayerVersionByArn');
    assert.equal(nameOf('GET', '/2018-10-31/layers?find=Other'), 'ListLayers');
    const provisioned = '/2019-09-30/functions/f/provisioned-concurrency';
    assert.equal(nameOf('GET', `${provisioned}?Qualifier=1`), 'GetProvisionedConcurrencyConfig');
    assert.equal(nameOf('GET', `${provisioned}?List=ALL`), 'ListProvisionedConcurrencyConfigs');
  });

  for (const [method, path] of [
    ['GET', '/'],
    ['GET', ''],
    ['GET', '*'],
    ['GET', '2015-03-31/functions'],
    ['GET', '//2015-03-31/functions'],
    ['GET', '/2015-03-31/functions//'],
    ['GET', '/2015-03-31/functions/a/b'],
    ['GET', '/2015-03-31/functions/a/configuration/more'],
    ['GET', '/2015-03-31/function%73'],
    ['GET', '/__proto__/constructor'],
    ['PATCH', '/2015-03-31/functions'],
    ['get', '/2015-03-31/functions'],
    ['GET', '/2015-03-31/functions/hello/invocations'],
    ['constructor', '/2015-03-31/functions'],
  ] as const) {
    test(`${method} ${path} is no operation`, () => {
      assert.notEqual(nameOf(method, path), 'Invoke');
      if (path !== '/2015-03-31/functions//') assert.equal(nameOf(method, path), undefined);
    });
  }

  test('an ARN is one label only while its slashes are encoded', () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/a/b';
    assert.equal(
      nameOf('GET', `/2025-12-01/durable-executions/${encodeURIComponent(arn)}`),
      'GetDurableExecution',
    );
    assert.equal(nameOf('GET', `/2025-12-01/durable-executions/${arn}`), undefined);
  });

  test('no method or path makes it throw', () => {
    const segment = fc.oneof(
      fc.string(),
      fc.constantFrom('2015-03-31', 'functions', 'layers', '..', '%2F', ''),
    );
    fc.assert(
      fc.property(fc.string(), fc.array(segment), fc.string(), (method, segments, query) => {
        router.match(method, `/${segments.join('/')}`, query);
      }),
    );
  });
});
