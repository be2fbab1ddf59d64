/** Opens a connection's lane: its plain requests become exchanges like all others. */
import type { Entropy } from '#platform';
import type { Connection } from '../connection.ts';
import { Exchange, type Floor } from '../exchange.ts';
import { Lane } from './lane.ts';
import { PlainReply } from './reply.ts';
import { type PlainRequest, readPlain } from './request.ts';

/** `paths`: of which requests are plain. `handOver`: node:http takes the connection. */
export function openLane(
  floor: Floor,
  connection: Connection,
  entropy: Entropy,
  paths: RegExp,
  handOver: () => void,
): Lane {
  const { socket } = connection;
  return new Lane(socket, {
    silences: floor.silences,
    handOver,
    read(bytes) {
      const request = readPlain(bytes, paths, floor.limits);
      // A host's routes may answer in streams.
      const isHosted = request !== undefined && floor.hostRoutes.some((route) => route.serves(request.host));
      return isHosted ? undefined : request;
    },
    serve(request: PlainRequest, answered: (goesOn: boolean) => void) {
      const requestId = entropy.uuid();
      new Exchange(
        floor,
        connection,
        request,
        (left) =>
          new PlainReply(floor, socket, requestId, (goesOn) => {
            left();
            answered(goesOn);
          }),
        { requestId, expectsContinue: false },
      ).start();
    },
  });
}
