/**
 * SQS as its clients meet it, on the one endpoint: both protocols as they stand on the wire, the AWS CLI and boto3, permissions and
 * queue policies, and clients that leave.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { credentials, region, type Service, startService } from '../service.ts';
import { type Answer, type SqsClient, sqsClient } from './sqs-client.ts';

let service: Service;
let sqs: SqsClient;
before(async () => {
  service = await startService();
  sqs = sqsClient(service, credentials);
});
after(() => service.stop());

const url = (name: string): string => `${service.endpoint}/000000000000/${name}`;
const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

async function create(name: string, Attributes: Readonly<Record<string, string>> = {}): Promise<string> {
  const { json } = await sqs.json('CreateQueue', { QueueName: name, Attributes });
  return json['QueueUrl'] as string;
}

const messagesIn = ({ json }: Answer) =>
  (json['Messages'] ?? []) as readonly { readonly Body: string; readonly ReceiptHandle: string }[];

suite('on the wire', () => {
  test('AWS JSON 1.0, at the root or at the queue’s address', async () => {
    const queue = await create('json');
    assert.equal(queue, url('json'));
    const sent = await sqs.json(
      'SendMessage',
      { QueueUrl: queue, MessageBody: 'x' },
      { path: '/000000000000/json' },
    );
    assert.equal(sent.status, 200);
    assert.equal(sent.headers['content-type'], 'application/x-amz-json-1.0');
    assert.deepEqual(Object.keys(sent.json), ['MessageId', 'MD5OfMessageBody']);
    const received = await sqs.json('ReceiveMessage', { QueueUrl: queue });
    assert.deepEqual(
      messagesIn(received).map(({ Body }) => Body),
      ['x'],
    );
    assert.deepEqual((await sqs.json('ReceiveMessage', { QueueUrl: queue })).json, {});
  });

  test('errors in JSON have the model’s name, and the Query protocol’s in a header', async () => {
    const { status, headers, json } = await sqs.json('SendMessage', {
      QueueUrl: url('none'),
      MessageBody: 'x',
    });
    assert.equal(status, 400);
    assert.equal(headers['x-amzn-query-error'], 'AWS.SimpleQueueService.NonExistentQueue;Sender');
    assert.deepEqual(json, {
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    });
    const front = await sqs.json('ReceiveMessage', {
      QueueUrl: await create('json'),
      MaxNumberOfMessages: 11,
    });
    assert.equal(front.headers['x-amzn-query-error'], 'InvalidParameterValue;Sender');
    assert.equal(front.json['__type'], 'com.amazon.coral.service#InvalidParameterValueException');
  });

  test('the Query protocol, with and without a version, at the root or at the queue’s address', async () => {
    const made = await sqs.query({
      Action: 'CreateQueue',
      Version: '2012-11-05',
      QueueName: 'form',
      'Attribute.1.Name': 'VisibilityTimeout',
      'Attribute.1.Value': '7',
      'Tag.1.Key': 'k',
      'Tag.1.Value': 'v',
    });
    assert.equal(made.status, 200);
    assert.match(
      made.text,
      /<CreateQueueResult><QueueUrl>http:.*\/000000000000\/form<\/QueueUrl><\/CreateQueueResult>/,
    );
    const sent = await sqs.query(
      {
        Action: 'SendMessage',
        MessageBody: 'a <b> & ü\r\n',
        'MessageAttribute.1.Name': 'n',
        'MessageAttribute.1.Value.DataType': 'String',
        'MessageAttribute.1.Value.StringValue': 'v',
      },
      '/000000000000/form',
    );
    assert.match(sent.text, /<MD5OfMessageAttributes>[0-9a-f]{32}<\/MD5OfMessageAttributes>/);
    const received = await sqs.query(
      { Action: 'ReceiveMessage', 'AttributeName.1': 'All', 'MessageAttributeName.1': 'All' },
      '/000000000000/form',
    );
    assert.match(received.text, /<Body>a &lt;b&gt; &amp; ü&#xD;\n<\/Body>/);
    assert.match(
      received.text,
      /<Attribute><Name>ApproximateReceiveCount<\/Name><Value>1<\/Value><\/Attribute>/,
    );
    assert.match(
      received.text,
      /<MessageAttribute><Name>n<\/Name><Value><StringValue>v<\/StringValue><DataType>String<\/DataType><\/Value><\/MessageAttribute>/,
    );
    const tags = await sqs.query({ Action: 'ListQueueTags', QueueUrl: url('form') });
    assert.match(tags.text, /<Tag><Key>k<\/Key><Value>v<\/Value><\/Tag>/);
    const batch = await sqs.query({
      Action: 'SendMessageBatch',
      QueueUrl: url('form'),
      'SendMessageBatchRequestEntry.1.Id': 'one',
      'SendMessageBatchRequestEntry.1.MessageBody': '1',
      'SendMessageBatchRequestEntry.2.Id': 'two',
      'SendMessageBatchRequestEntry.2.MessageBody': '2',
      'SendMessageBatchRequestEntry.2.DelaySeconds': '901',
    });
    assert.match(
      batch.text,
      /<SendMessageBatchResultEntry>.*<Id>one<\/Id>.*<\/SendMessageBatchResultEntry><BatchResultErrorEntry><Id>two<\/Id><SenderFault>true<\/SenderFault><Code>InvalidParameterValue<\/Code>/,
    );
    const missing = await sqs.query({ Action: 'GetQueueUrl', QueueName: 'none' });
    assert.equal(missing.status, 400);
    assert.match(missing.text, /<Type>Sender<\/Type><Code>AWS\.SimpleQueueService\.NonExistentQueue<\/Code>/);
  });

  test('what is no request of SQS is refused in the protocol that it seems to speak', async () => {
    assert.equal((await sqs.json('Nothing', {})).status, 404);
    assert.equal(
      (await sqs.json('SendMessage', { QueueUrl: 1 })).json['__type'],
      'com.amazon.coral.service#SerializationException',
    );
    assert.match((await sqs.query({ Action: 'Nothing' })).text, /<Code>InvalidAction<\/Code>/);
    assert.match((await sqs.query({ Action: 'ListQueues', Version: '2008-01-01' })).text, /InvalidAction/);
    assert.match((await sqs.query({ Action: 'ListQueues' }, '/a/b/c')).text, /InvalidAction/);
    const stranger = sqsClient(service, {
      accessKeyId: 'AKIANOBODYNOBODYNOBO',
      secretAccessKey: 'x'.repeat(40),
    });
    const refused = await stranger.json('ListQueues', {});
    assert.equal(refused.status, 403);
    assert.equal(refused.headers['x-amzn-query-error'], 'InvalidClientTokenId;Sender');
    assert.match((await stranger.query({ Action: 'ListQueues' })).text, /<Code>InvalidClientTokenId<\/Code>/);
  });

  test('a message of 1 MiB passes in both, and not a byte more', async () => {
    const queue = await create('large');
    const body = '\u0007'.replace('\u0007', '"').repeat(1_048_576);
    assert.equal((await sqs.json('SendMessage', { QueueUrl: queue, MessageBody: body })).status, 200);
    assert.equal(
      (await sqs.query({ Action: 'SendMessage', QueueUrl: queue, MessageBody: body })).status,
      200,
    );
    const more = await sqs.json('SendMessage', { QueueUrl: queue, MessageBody: `${body}x` });
    assert.match(String(more.json['Message']), /must be shorter than 1048576 bytes/);
    const received = await sqs.json('ReceiveMessage', { QueueUrl: queue, MaxNumberOfMessages: 10 });
    assert.deepEqual(
      messagesIn(received).map(({ Body }) => Body === body),
      [true, true],
    );
  });
});

suite('clients that wait', () => {
  test('a client that leaves loses nothing for the others', async () => {
    const queue = await create('leaving');
    const leaving = new AbortController();
    const input = { QueueUrl: queue, WaitTimeSeconds: 20 };
    const gone = sqs.json('ReceiveMessage', input, { signal: leaving.signal });
    const stays = sqs.json('ReceiveMessage', input);
    // Both have arrived once a later request was answered.
    await sqs.json('ListQueues', {});
    leaving.abort();
    await assert.rejects(gone);
    await sqs.json('SendMessage', { QueueUrl: queue, MessageBody: 'x' });
    assert.deepEqual(
      messagesIn(await stays).map(({ Body }) => Body),
      ['x'],
    );
  });

  test('a service that stops does not wait for them', async () => {
    const own = await startService();
    const client = sqsClient(own, credentials);
    await client.json('CreateQueue', { QueueName: 'q' });
    const waiting = client.json('ReceiveMessage', { QueueUrl: '/000000000000/q', WaitTimeSeconds: 20 });
    await client.json('ListQueues', {});
    assert.equal(await own.stop(), 0);
    assert.deepEqual((await waiting).json, {});
  });
});

async function user(name: string, ...statements: readonly object[]): Promise<SqsClient> {
  const client = new iam.IAMClient({ endpoint: service.endpoint, region, credentials });
  await client.send(new iam.CreateUserCommand({ UserName: name }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  if (statements.length > 0) {
    await client.send(new iam.PutUserPolicyCommand({ UserName: name, PolicyName: 'p', PolicyDocument }));
  }
  const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName: name }));
  return sqsClient(service, {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  });
}
const allow = (Action: string | readonly string[], Resource: string) => ({
  Effect: 'Allow',
  Action,
  Resource,
});

suite('permissions', () => {
  test('users may do what their policies say, on the queues that they name', async () => {
    const queue = await create('mine');
    await create('yours');
    const sender = await user('sender', allow('sqs:SendMessage', arn('mine')));
    assert.equal((await sender.json('SendMessage', { QueueUrl: queue, MessageBody: 'x' })).status, 200);
    const Entries = [{ Id: '1', MessageBody: 'y' }];
    assert.equal((await sender.json('SendMessageBatch', { QueueUrl: queue, Entries })).status, 200);
    const denied = await sender.json('ReceiveMessage', { QueueUrl: queue });
    assert.equal(denied.status, 403);
    assert.equal(denied.headers['x-amzn-query-error'], 'AccessDenied;Sender');
    assert.equal(
      denied.json['Message'],
      `User: arn:aws:iam::000000000000:user/sender is not authorized to perform: sqs:receivemessage on resource: ${arn('mine')} because no identity-based policy allows the sqs:receivemessage action`,
    );
    assert.equal(
      (await sender.json('SendMessage', { QueueUrl: url('yours'), MessageBody: 'x' })).status,
      403,
    );
    assert.equal((await sender.json('ListQueues', {})).status, 403);
    assert.equal((await sender.json('CreateQueue', { QueueName: 'new' })).status, 403);
    assert.match((await sender.query({ Action: 'ListQueues' })).text, /<Code>AccessDenied<\/Code>/);
  });

  test('a queue’s policy gives and takes', async () => {
    const queue = await create('shared');
    const guest = await user('guest');
    const host = await user('host', allow('sqs:*', '*'));
    const setPolicy = (Statement: readonly object[]) =>
      sqs.json('SetQueueAttributes', {
        QueueUrl: queue,
        Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) },
      });
    const send = async (client: SqsClient) =>
      (await client.json('SendMessage', { QueueUrl: queue, MessageBody: 'x' })).status;
    assert.deepEqual([await send(guest), await send(host)], [403, 200]);
    const principal = { Principal: { AWS: 'arn:aws:iam::000000000000:user/guest' } };
    const set = await setPolicy([{ ...allow('SQS:SendMessage', arn('shared')), ...principal }]);
    assert.equal(set.status, 200, set.text);
    assert.deepEqual([await send(guest), await send(host)], [200, 200]);
    await setPolicy([{ Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: arn('shared') }]);
    assert.deepEqual([await send(guest), await send(host), await send(sqs)], [403, 403, 403]);
    // Root can mend it.
    await sqs.json('SetQueueAttributes', { QueueUrl: queue, Attributes: { Policy: '' } });
    assert.deepEqual([await send(guest), await send(host)], [403, 200]);
  });

  test('tags of a queue are conditions', async () => {
    const queue = await create('tagged');
    await sqs.json('TagQueue', { QueueUrl: queue, Tags: { team: 'a' } });
    const Condition = { StringEquals: { 'aws:ResourceTag/team': 'a' } };
    const member = await user('member', { ...allow('sqs:*', '*'), Condition });
    const send = async () => (await member.json('SendMessage', { QueueUrl: queue, MessageBody: 'x' })).status;
    assert.equal(await send(), 200);
    await sqs.json('TagQueue', { QueueUrl: queue, Tags: { team: 'b' } });
    assert.equal(await send(), 403);
  });
});

const cli = ['/usr/bin/aws', 'aws'].find((command) => spawnSync(command, ['--version']).status === 0);
const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import boto3']).status === 0,
);

function run(command: string, args: readonly string[]): string {
  const env = { ...process.env, ...service.clientEnvironment, AWS_PAGER: '' };
  return execFileSync(command, args, {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
}

function aws(...args: readonly string[]): Record<string, unknown> {
  const out = run(cli ?? 'aws', ['--endpoint-url', service.endpoint, '--output', 'json', 'sqs', ...args]);
  return out.trim() === '' ? {} : (JSON.parse(out) as Record<string, unknown>);
}

suite('clients of the shell', () => {
  test(
    'the AWS CLI, whichever protocol it speaks',
    { skip: cli === undefined ? 'no AWS CLI on this host: run scripts/setup' : false },
    () => {
      const { QueueUrl } = aws(
        'create-queue',
        '--queue-name',
        'cli',
        '--attributes',
        'VisibilityTimeout=5',
        '--tags',
        'a=b',
      );
      const at = ['--queue-url', String(QueueUrl)];
      const attribute = '{"n":{"DataType":"Binary","BinaryValue":"AAE="}}';
      aws('send-message', ...at, '--message-body', 'hällo <&>', '--message-attributes', attribute);
      const { Messages } = aws(
        'receive-message',
        ...at,
        '--message-attribute-names',
        'All',
        '--attribute-names',
        'All',
      );
      const [message] = Messages as { Body: string; ReceiptHandle: string; MessageAttributes: unknown }[];
      assert.equal(message?.Body, 'hällo <&>');
      assert.deepEqual(message.MessageAttributes, { n: { BinaryValue: 'AAE=', DataType: 'Binary' } });
      aws('delete-message', ...at, '--receipt-handle', message.ReceiptHandle);
      const { Attributes } = aws('get-queue-attributes', ...at, '--attribute-names', 'All');
      const { ApproximateNumberOfMessages, VisibilityTimeout } = Attributes as Record<string, string>;
      assert.deepEqual([ApproximateNumberOfMessages, VisibilityTimeout], ['0', '5']);
      assert.deepEqual(aws('list-queue-tags', ...at), { Tags: { a: 'b' } });
      aws('delete-queue', ...at);
      assert.throws(() => aws('get-queue-url', '--queue-name', 'cli'), /NonExistentQueue|QueueDoesNotExist/);
    },
  );

  test(
    'boto3: queues, FIFO order, dead letters, its resources and its exceptions',
    { skip: python === undefined ? 'no boto3 on this host: run scripts/setup' : false },
    () => {
      const program = `
import boto3, json
sqs = boto3.client('sqs', endpoint_url='${service.endpoint}', region_name='us-east-1')
dead = sqs.create_queue(QueueName='boto-dead.fifo', Attributes={'FifoQueue': 'true'})['QueueUrl']
dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
q = sqs.create_queue(QueueName='boto.fifo', Attributes={
    'FifoQueue': 'true', 'ContentBasedDeduplication': 'true', 'VisibilityTimeout': '0',
    'RedrivePolicy': json.dumps({'deadLetterTargetArn': dead_arn, 'maxReceiveCount': 2})})['QueueUrl']
for body in ['a1', 'b1', 'a2', 'a2']:
    sqs.send_message(QueueUrl=q, MessageBody=body, MessageGroupId=body[0])
for round in range(2):
    got = sqs.receive_message(QueueUrl=q, MaxNumberOfMessages=10)['Messages']
    assert [m['Body'] for m in got] in (['a1', 'a2', 'b1'], ['b1', 'a1', 'a2']), got
assert 'Messages' not in sqs.receive_message(QueueUrl=q, MaxNumberOfMessages=10)
got = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, AttributeNames=['All'], WaitTimeSeconds=1)['Messages']
assert sorted(m['Body'] for m in got) == ['a1', 'a2', 'b1'], got
assert got[0]['Attributes']['DeadLetterQueueSourceArn'].endswith(':boto.fifo')
for name, call in [
    ('QueueDoesNotExist', lambda: sqs.get_queue_url(QueueName='nobody')),
    ('QueueNameExists', lambda: sqs.create_queue(QueueName='boto.fifo', Attributes={'FifoQueue': 'true', 'VisibilityTimeout': '9'})),
    ('ReceiptHandleIsInvalid', lambda: sqs.delete_message(QueueUrl=q, ReceiptHandle='x')),
    ('EmptyBatchRequest', lambda: sqs.send_message_batch(QueueUrl=q, Entries=[])),
]:
    try:
        call()
        raise AssertionError(name)
    except getattr(sqs.exceptions, name):
        pass
resource = boto3.resource('sqs', endpoint_url='${service.endpoint}', region_name='us-east-1')
plain = resource.create_queue(QueueName='boto')
plain.send_messages(Entries=[{'Id': str(i), 'MessageBody': str(i)} for i in range(10)])
bodies = []
while True:
    messages = plain.receive_messages(MaxNumberOfMessages=10)
    if not messages:
        break
    bodies += [m.body for m in messages]
    plain.delete_messages(Entries=[{'Id': m.message_id, 'ReceiptHandle': m.receipt_handle} for m in messages])
assert sorted(bodies) == [str(i) for i in range(10)], bodies
urls = [u for page in sqs.get_paginator('list_queues').paginate(QueueNamePrefix='boto', PaginationConfig={'PageSize': 2}) for u in page['QueueUrls']]
assert len(urls) == 3, urls
`;
      run(python ?? 'python3', ['-c', program]);
    },
  );
});
