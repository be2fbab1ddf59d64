/**
 * A function for tests that calls another (or itself): it signs an Invoke with its role's credentials and hands on its trace header, as
 * AWS's SDKs do inside Lambda. Its event: `{ endpoint, names, hop }`; it invokes the next of `names` and answers how many
 * invokes ran, and the error that ended them.
 */
export const callerSource = `
import { createHash, createHmac } from 'node:crypto';

const hash = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

export async function handler({ endpoint, names, hop, hopsMax }) {
  if (hop >= hopsMax) return { hops: hop };
  const url = new URL('/2015-03-31/functions/' + names[hop % names.length] + '/invocations', endpoint);
  const body = JSON.stringify({ endpoint, names, hop: hop + 1, hopsMax });
  const response = await fetch(url, { method: 'POST', body, headers: signed(url, body) });
  const answer = await response.json();
  return response.ok ? answer : { hops: hop, error: response.headers.get('x-amzn-errortype').split(':')[0], message: answer.Message };
}

function signed(url, body) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, _X_AMZN_TRACE_ID } = process.env;
  const date = new Date().toISOString().replace(/[:-]|\\.\\d{3}/g, '');
  const headers = {
    host: url.host,
    'x-amz-date': date,
    'x-amz-security-token': AWS_SESSION_TOKEN,
    'x-amzn-trace-id': _X_AMZN_TRACE_ID,
  };
  const names = Object.keys(headers).join(';');
  const request = ['POST', url.pathname, '', ...Object.entries(headers).map(([name, value]) => name + ':' + value), '', names, hash(body)];
  const scope = [date.slice(0, 8), AWS_REGION, 'lambda', 'aws4_request'];
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), hash(request.join('\\n'))].join('\\n');
  const key = scope.reduce((key, part) => hmac(key, part), 'AWS4' + AWS_SECRET_ACCESS_KEY);
  const signature = hmac(key, text).toString('hex');
  const { host, ...sent } = headers;
  return { ...sent, authorization: 'AWS4-HMAC-SHA256 Credential=' + AWS_ACCESS_KEY_ID + '/' + scope.join('/') + ', SignedHeaders=' + names + ', Signature=' + signature };
}
`;
