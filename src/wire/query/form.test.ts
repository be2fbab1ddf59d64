/** Forms: what becomes of members in every spelling, and of forms that mean harm. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import type { Handler } from '../service.ts';
import { context } from '../fixtures/context.ts';
import { call, decoded, form, serve } from './fixtures/some-service.ts';
import { formParametersMax } from './limits.ts';

const notCalled: Handler = () => assert.fail('called');

const manyForms: Handler = async () => ({
  Names: ['a', 'b'],
  Attributes: { x: '1' },
  Body: Buffer.from('hi'),
});
const echo: Handler = async ({ RoleName }) => ({ Role: { RoleName } });

suite('forms', () => {
  test('lists and maps in both spellings, blobs, flags and times', async () => {
    assert.deepEqual(
      await decoded(
        'SendMessage',
        '&Body=aGk%3D&When=2026-01-01T00%3A00%3A00Z&Flag=true&Name.2=b&Name.1=a&Attribute.1.Name=x&Attribute.1.Value=y' +
          '&Plain.entry.1.key=__proto__&Plain.entry.1.value=z&Unknown=1',
      ),
      {
        Body: Buffer.from('hi'),
        When: new Date('2026-01-01T00:00:00Z'),
        Flag: true,
        Names: ['a', 'b'],
        Attributes: { x: 'y' },
        Plain: Object.fromEntries([['__proto__', 'z']]),
      },
    );
    const { xml } = await call({ SendMessage: manyForms }, form('SendMessage'));
    assert.match(xml, /<Name>a<\/Name><Name>b<\/Name>/);
    assert.match(xml, /<Attribute><Name>x<\/Name><Value>1<\/Value><\/Attribute>/);
    assert.match(xml, /<Body>aGk=<\/Body>/);
  });

  test('an empty list is empty, gaps close, and the later of two values counts', async () => {
    assert.deepEqual(await decoded('CreateRole', '&Tags='), { Tags: [] });
    assert.deepEqual(
      await decoded('CreateRole', '&Tags.member.900.Key=b&Tags.member.7.Key=a&RoleName=x&RoleName=y'),
      { RoleName: 'y', Tags: [{ Key: 'a' }, { Key: 'b' }] },
    );
  });

  test('percent-encoding rubbish and bytes that are no UTF-8 harm nobody', async () => {
    assert.deepEqual(await decoded('CreateRole', '&RoleName=%zz%&%=1&=&&'), { RoleName: '%zz%' });
    const { RoleName } = await decoded('CreateRole', '&RoleName=%ff%00');
    assert.equal(RoleName, '\ufffd\u0000');
  });

  test('the query of a GET is a form too', async () => {
    const service = serve({ GetRole: async () => ({ Role: { RoleName: 'r' } }) });
    const rawQuery = `${form('GetRole', '&RoleName=r')}&X-Amz-Signature=abc`;
    const routed = service.route({ method: 'GET', rawPath: '/', rawQuery, headers: {} });
    assert.ok(routed.kind === 'operation');
    assert.equal((await routed.call(new Uint8Array(0), context)).statusCode, 200);
  });

  for (const [what, text] of [
    ['too many parameters', form('GetRole', '&a=1'.repeat(formParametersMax))],
    [
      'too many members',
      form('CreateRole', Array.from({ length: 10_000 }, (_, i) => `&Tags.member.${i}.Key=a`).join('')),
    ],
    ['too deep a name', form('GetRole', `&${'a.'.repeat(40)}b=1`)],
    ['a huge index', form('CreateRole', '&Tags.member.99999999999999999999.Key=a')],
    ['an index that is no number', form('CreateRole', '&Tags.member.x.Key=a')],
    ['half an entry', form('SendMessage', '&Plain.entry.1.key=a')],
    ['a number that is none', form('CreateRole', '&MaxSessionDuration=1e9x')],
    ['a flag that is none', form('SendMessage', '&Flag=yes')],
    ['a blob that is none', form('SendMessage', '&Body=%%%')],
  ] as const) {
    test(`${what} is refused`, async () => {
      const { statusCode, xml } = await call(
        { GetRole: notCalled, CreateRole: notCalled, SendMessage: notCalled },
        text,
      );
      assert.equal(statusCode, 400);
      assert.match(xml, /<Type>Sender<\/Type><Code>MalformedInput<\/Code>/);
    });
  }

  for (const [text, code] of [
    ['', 'MissingAction'],
    ['Action=GetRole', 'InvalidAction'],
    ['Action=GetRole&Version=2011-06-15', 'InvalidAction'],
    ['Action=constructor&Version=2010-05-08', 'InvalidAction'],
    ['Action=%3Cscript%3E&Version=2010-05-08', 'InvalidAction'],
  ] as const) {
    test(`the form "${text}" is ${code}`, async () => {
      const { statusCode, xml } = await call({}, text);
      assert.equal(statusCode, 400);
      assert.match(xml, new RegExp(`<Code>${code}</Code>`));
      assert.doesNotMatch(xml, /<script>/);
    });
  }

  test('any form at all is answered with XML that has no character that XML cannot carry', async () => {
    const names = fc.constantFrom('RoleName', 'Tags.member.1.Key', 'Tags', 'Action', 'Version', 'a.b', '');
    const pairs = fc.array(fc.tuple(names, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pairs, async (parameters) => {
        const body = parameters
          .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
          .join('&');
        const { xml } = await call({ CreateRole: echo }, `${form('CreateRole')}&${body}`);
        assert.match(xml, /<\/(?:CreateRoleResponse|ErrorResponse)>\n$/);
        // oxlint-disable-next-line no-control-regex
        assert.doesNotMatch(xml, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
      }),
    );
  });
});
