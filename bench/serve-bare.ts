/** What the bare servers share: node:http alone, which reads a whole request and answers with bytes of JSON. */
import { createServer } from 'node:http';

/** Prints the port, for whoever started the process. */
export function serveBare(answer: (path: string, body: Buffer, done: (body: Buffer) => void) => void): void {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      answer(request.url ?? '/', Buffer.concat(chunks), (body) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
        response.end(body);
      });
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
  });
}
