/**
 * What is to be done once the event loop has handled the events at hand: all of it by one immediate, since every invoke asks and an immediate each
 * costs more than what is done in it. What asks while it runs waits for the turn after.
 */
let waiting: (() => void)[] = [];

export function atNextTurn(work: () => void): void {
  if (waiting.push(work) === 1) setImmediate(turn);
}

function turn(): void {
  const works = waiting;
  waiting = [];
  for (const work of works) work();
}
