// Started in the enclave's network by gateway.ts: opens the listeners there, hands them to Lambkin, and ends.
// Arguments: `address:port`, each.
import { createServer } from 'node:net';

for (const address of process.argv.slice(2)) {
  const [host, port] = address.split(':');
  const server = createServer();
  server.listen({ host, port: Number(port), backlog: 511 }, () => {
    process.send?.(address, server, {}, () => server.close());
  });
}
process.on('message', () => process.disconnect());
