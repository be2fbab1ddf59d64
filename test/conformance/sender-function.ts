/**
 * A function for tests that sends what it gets from a queue to the queue that its environment names, as AWS's SDKs do inside Lambda: signed with its
 * role's credentials, its trace header handed on.
 */
export const senderSource = `
const { createHash, createHmac } = require('node:crypto');
const { appendFileSync } = require('node:fs');
const hash = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

exports.handler = async (event) => {
  appendFileSync(process.env.SEEN, JSON.stringify({ startMs: 0, endMs: 0, event }) + '\\n');
  for (const { body } of event.Records) {
    const input = JSON.stringify({ QueueUrl: process.env.QUEUE_URL, MessageBody: body });
    const url = new URL(process.env.AWS_ENDPOINT_URL);
    const response = await fetch(url, { method: 'POST', body: input, headers: signed(url, input) });
    if (!response.ok) throw new Error(await response.text());
  }
};

function signed(url, body) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, _X_AMZN_TRACE_ID } = process.env;
  const date = new Date().toISOString().replace(/[:-]|\\.\\d{3}/g, '');
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    host: url.host,
    'x-amz-date': date,
    'x-amz-security-token': AWS_SESSION_TOKEN,
    'x-amz-target': 'AmazonSQS.SendMessage',
    'x-amzn-trace-id': _X_AMZN_TRACE_ID,
  };
  const names = Object.keys(headers).join(';');
  const request = ['POST', url.pathname, '', ...Object.entries(headers).map(([name, value]) => name + ':' + value), '', names, hash(body)];
  const scope = [date.slice(0, 8), AWS_REGION, 'sqs', 'aws4_request'];
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), hash(request.join('\\n'))].join('\\n');
  const key = scope.reduce((key, part) => hmac(key, part), 'AWS4' + AWS_SECRET_ACCESS_KEY);
  const signature = hmac(key, text).toString('hex');
  const { host, ...sent } = headers;
  return { ...sent, authorization: 'AWS4-HMAC-SHA256 Credential=' + AWS_ACCESS_KEY_ID + '/' + scope.join('/') + ', SignedHeaders=' + names + ', Signature=' + signature };
}
`;
