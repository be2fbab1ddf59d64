// Started in the enclave's network by dialer.ts: connects what comes in at a Unix socket to an address there. Each connection begins with a
// line "address port". Ends with its standard input. Argument: path of the socket.
import { connect, createServer } from 'node:net';

const server = createServer({ allowHalfOpen: true }, (near) => {
  near.on('error', () => {});
  let head = '';
  const begin = (/** @type {Buffer} */ chunk) => {
    head += chunk.toString('latin1');
    const end = head.indexOf('\n');
    if (end < 0) {
      if (head.length > 100) near.destroy();
      return;
    }
    near.off('data', begin);
    near.pause();
    const [host, port] = head.slice(0, end).split(' ');
    const far = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
    far.on('error', () => near.destroy());
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    far.write(Buffer.from(head.slice(end + 1), 'latin1'));
    near.pipe(far);
    far.pipe(near);
  };
  near.on('data', begin);
});
server.listen(process.argv[2], () => process.stdout.write('up\n'));
process.stdin.on('end', () => process.exit()).resume();
