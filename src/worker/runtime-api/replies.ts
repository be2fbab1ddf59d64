/** Writes the answers of the Runtime API and of those beside it. */
import type { ServerResponse } from 'node:http';
import type { SideAnswer } from './side-apis.ts';

export { failure } from './messages.ts';

export function send(response: ServerResponse, { status, body, headers }: SideAnswer): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

export function text(response: ServerResponse, status: number, body: string): void {
  response.req.resume();
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length });
  response.end(body);
}
