/** The Query protocol with the real IAM client, and its refusals, also of hostile forms. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CreateRoleCommand, GetAccountSummaryCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { WireError } from '../error.ts';
import type { Authorize, Handler, Handlers, Input } from '../service.ts';
import { context } from '../fixtures/context.ts';
import { call, faults, form, serve } from './fixtures/some-service.ts';
import { formBytesMax } from './limits.ts';
import { queryService } from './service.ts';

const notCalled: Handler = () => assert.fail('called');

function clientOf(handlers: Handlers): IAMClient {
  const service = serve(handlers);
  const handle = async (sent: { method: string; path: string; body: string | Uint8Array }) => {
    const routed = service.route({ method: sent.method, rawPath: sent.path, rawQuery: '', headers: {} });
    assert.ok(routed.kind === 'operation');
    const response = await routed.call(Buffer.from(sent.body), context);
    const headers = Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return { response: { statusCode: response.statusCode, headers, body: response.body } };
  };
  return new IAMClient({
    region: 'us-east-1',
    maxAttempts: 3,
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    requestHandler: { handle, metadata: { handlerProtocol: 'http/1.1' } } as never,
  });
}

suite('with the real client', () => {
  test('input and output arrive, with every character that XML can carry', async () => {
    let got: Input = {};
    const value = 'a <b> & "c" \'d\'\r\n\tü 😀 ]]>';
    const client = clientOf({
      CreateRole: async (input) => {
        got = input;
        return { Role: { RoleName: value } };
      },
      GetRole: async () => ({
        Role: {
          RoleName: 'r',
          Arn: undefined,
          CreateDate: new Date('2026-01-02T03:04:05Z'),
          MaxSessionDuration: 3600,
          Tags: [],
        },
      }),
      GetAccountSummary: async () => ({ SummaryMap: { Users: 3, Roles: 0 } }),
    });
    const sent = { RoleName: 'r', AssumeRolePolicyDocument: '{"a": 1}', Tags: [{ Key: 'k', Value: value }] };
    const { Role } = await client.send(new CreateRoleCommand({ ...sent, MaxSessionDuration: 7200 }));
    assert.deepEqual(got, { ...sent, MaxSessionDuration: 7200 });
    assert.equal(Role?.RoleName, value);
    const role = (await client.send(new GetRoleCommand({ RoleName: 'r' }))).Role;
    assert.deepEqual(role?.CreateDate, new Date('2026-01-02T03:04:05Z'));
    assert.equal(role.MaxSessionDuration, 3600);
    assert.deepEqual(role.Tags, []);
    const { SummaryMap } = await client.send(new GetAccountSummaryCommand({}));
    assert.deepEqual(SummaryMap, { Users: 3, Roles: 0 });
  });

  test('errors arrive by name, once', async () => {
    let calls = 0;
    const client = clientOf({
      GetRole: async () => {
        calls += 1;
        throw new WireError('NoSuchEntity', 'The role with name <r> cannot be found.');
      },
    });
    await assert.rejects(client.send(new GetRoleCommand({ RoleName: 'r' })), {
      name: 'NoSuchEntityException',
      message: 'The role with name <r> cannot be found.',
      $fault: 'client',
    });
    assert.equal(calls, 1);
    await assert.rejects(
      client.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: '{}' })),
      {
        name: 'NotImplementedException',
        message: /CreateRole/,
      },
    );
    await assert.rejects(client.send(new GetRoleCommand({ RoleName: '!' })), {
      name: 'ValidationError',
      message: /^1 validation error detected: Value '!' at 'roleName' failed to satisfy constraint/,
    });
  });
});

suite('the service', () => {
  test('authorisation is asked after validation and before the handler', async () => {
    const asked: string[] = [];
    const refuse: Authorize = (operation, { RoleName }) => {
      asked.push(`${operation} ${String(RoleName)}`);
      throw new WireError('AccessDeniedException', 'no');
    };
    const denied = await call({ GetRole: notCalled }, form('GetRole', '&RoleName=r'), { authorize: refuse });
    assert.equal(denied.statusCode, 403);
    assert.match(denied.xml, /<Code>AccessDenied<\/Code><Message>no<\/Message>/);
    await call({ GetRole: notCalled }, form('GetRole'), { authorize: refuse });
    assert.deepEqual(asked, ['GetRole r']);
  });

  test('what the front door refuses has the names of older services', () => {
    const service = serve({});
    for (const [name, statusCode, code] of [
      ['UnrecognizedClientException', 403, 'InvalidClientTokenId'],
      ['InvalidSignatureException', 403, 'SignatureDoesNotMatch'],
      ['ExpiredTokenException', 403, 'ExpiredToken'],
      ['MissingAuthenticationTokenException', 403, 'MissingAuthenticationToken'],
      ['IncompleteSignatureException', 400, 'IncompleteSignature'],
      ['ServiceUnavailableException', 503, 'ServiceUnavailable'],
      ['RequestEntityTooLargeException', 413, 'RequestEntityTooLargeException'],
    ] as const) {
      const response = service.encodeError(new WireError(name, 'x'), 'r-2');
      assert.equal(response.statusCode, statusCode);
      assert.match(
        Buffer.from(response.body ?? '').toString(),
        new RegExp(`<Code>${code}</Code>.*<RequestId>r-2</RequestId>`),
      );
    }
  });

  test('a fault of ours is 500 without its text, also an answer that is none', async () => {
    faults.length = 0;
    const broken = await call(
      { GetRole: () => Promise.reject(new Error('hunter2')) },
      form('GetRole', '&RoleName=r'),
    );
    assert.equal(broken.statusCode, 500);
    assert.match(broken.xml, /<Type>Receiver<\/Type><Code>InternalFailure<\/Code>/);
    assert.doesNotMatch(broken.xml, /hunter2/);
    const unknown = await call({ GetRole: async () => ({ Nothing: 1 }) }, form('GetRole', '&RoleName=r'));
    assert.equal(unknown.statusCode, 500);
    const tooMuch = await call({ DeleteRole: async () => ({ Role: 1 }) }, form('DeleteRole', '&RoleName=r'));
    assert.equal(tooMuch.statusCode, 500);
    assert.equal(faults.length, 3);
  });

  test('an operation without a result answers metadata alone; one that is not served is named', async () => {
    const { xml } = await call({ DeleteRole: async () => ({}) }, form('DeleteRole', '&RoleName=r'));
    assert.equal(
      xml,
      '<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></DeleteRoleResponse>\n',
    );
    const { statusCode, xml: refusal } = await call({}, form('ListGroups'));
    assert.equal(statusCode, 501);
    assert.match(refusal, /The operation ListGroups is not implemented/);
  });

  test('other paths and methods are refused, and bodies are bounded', () => {
    const service = serve({});
    for (const [method, rawPath] of [
      ['PUT', '/'],
      ['POST', '/x'],
    ] as const) {
      const routed = service.route({ method, rawPath, rawQuery: '', headers: {} });
      assert.ok(routed.kind === 'refused');
      assert.equal(service.encodeError(routed.error, 'r').statusCode, 400);
    }
    const routed = service.route({ method: 'POST', rawPath: '/', rawQuery: '', headers: {} });
    assert.ok(routed.kind === 'operation');
    assert.equal(routed.bodyBytesMax, formBytesMax);
    assert.equal(service.encodeError(routed.bodyTooLarge(), 'r').statusCode, 413);
  });

  test('a path can stand for parameters, and a version may be left out, where the service says so', async () => {
    const got: unknown[] = [];
    const service = queryService({
      version: '1',
      versionOptional: true,
      xmlNamespace: 'x',
      operations: {
        Look: { input: { type: 'structure', members: { Url: { shape: { type: 'string' } } } } },
      },
      notServed: [],
      handlers: {
        Look: async ({ Url }) => {
          got.push(Url);
          return {};
        },
      },
      authorize: () => {},
      reportFault: () => {},
      pathParameters: (path) => (path.startsWith('/q/') ? { Url: path } : undefined),
    });
    const look = async (rawPath: string, rawQuery: string, text: string): Promise<number | string> => {
      const routed = service.route({ method: 'POST', rawPath, rawQuery, headers: {} });
      if (routed.kind === 'refused') return routed.kind;
      return (await routed.call(Buffer.from(text), context)).statusCode;
    };
    assert.equal(await look('/q/&a=1', '', 'Action=Look'), 200);
    assert.equal(await look('/q/a', 'Url=query', 'Action=Look&Version=1'), 200);
    assert.equal(await look('/q/a', 'Url=query', 'Action=Look&Url=body'), 200);
    assert.equal(await look('/', '', 'Action=Look'), 200);
    assert.deepEqual(got, ['/q/&a=1', 'query', 'body', undefined]);
    assert.equal(await look('/q/a', '', 'Action=Look&Version=2'), 400);
    assert.equal(await look('/p/a', '', 'Action=Look'), 'refused');
  });

  test('a handler for what is no operation is refused at once', () => {
    assert.throws(() => serve({ DoEverything: async () => ({}) }), /DoEverything/);
  });
});
