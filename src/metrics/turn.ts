/** Lets everybody else have their turn: invokes come before metrics. */
export const otherTurns = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
