// Started in the enclave's network by gateway.ts: opens the listeners there, hands them to Lambkin, and ends.
// Arguments: address, then ports.
import { createServer } from 'node:net';

const [address, ...ports] = process.argv.slice(2);
for (const port of ports) {
  const server = createServer();
  server.listen({ host: address, port: Number(port), backlog: 511 }, () => {
    process.send?.(Number(port), server, {}, () => server.close());
  });
}
process.on('message', () => process.disconnect());
