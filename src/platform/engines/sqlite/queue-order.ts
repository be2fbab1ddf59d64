/** Messages of two readings, each in the order in which it becomes visible, as one. */
interface Timed {
  readonly visibleAtMs: number;
  readonly sequence: number;
}

/** Reads of each no more than one beyond what is taken, and closes both. */
export function* inOrder<Row extends Timed>(one: Iterator<Row>, other: Iterator<Row>): Generator<Row> {
  try {
    let [a, b] = [one.next(), other.next()];
    for (;;) {
      if (a.done === true && b.done === true) return;
      if (b.done === true || (a.done !== true && isBefore(a.value, b.value))) {
        yield a.value as Row;
        a = one.next();
      } else {
        yield b.value;
        b = other.next();
      }
    }
  } finally {
    one.return?.();
    other.return?.();
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.visibleAtMs < b.visibleAtMs || (a.visibleAtMs === b.visibleAtMs && a.sequence < b.sequence);
}
